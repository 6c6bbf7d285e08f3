//! The whole loop in Firefox: a real prompt, a real push over the local push service, a real notification.

use std::fs;

use serde_json::json;

use crate::browser::Tab;
use crate::browser::firefox::Answer;
use crate::fixtures::{OnHttp, OnHttps, Stage, Subscribed};
use crate::harness::tests;
use crate::page::Page;
use crate::support::program::LIMIT;

tests![
    from_the_click_to_the_notification_on_https,
    from_the_click_to_the_notification_on_http_localhost,
    a_subscription_that_the_server_does_not_know_ended_is_moved_to_gone,
    a_changed_vapid_key_is_noticed_on_reload_and_firefox_subscribes_again,
    a_permission_denied_at_the_prompt_shows_how_to_lift_it,
    a_push_is_shown_while_no_page_is_open_and_a_click_opens_it,
];

fn from_the_click_to_the_notification_on_https(OnHttps(stage): &mut OnHttps) {
    main_loop(stage);
}

fn from_the_click_to_the_notification_on_http_localhost(OnHttp(stage): &mut OnHttp) {
    main_loop(stage);
}

fn main_loop(stage: &mut Stage) {
    stage.subscribe();
    let Stage { firefox, server, .. } = stage;
    let notified = server.notify("message");
    assert_eq!((notified.code, notified.stderr.as_str()), (Some(0), ""));
    firefox.wait_for_alert("barepush", "message");

    firefox.cover_with_another_tab();
    firefox.wait_for("document.visibilityState === 'hidden'");
    firefox.click_alert("barepush", "message");
    firefox.wait_for("document.visibilityState === 'visible' && document.hasFocus()");

    firefox.press("unsubscribe");
    firefox.wait_to_read("subscription-status-message", "Ready to subscribe.");
    server.notify("message").is(
        3,
        "",
        "notify: error: nobody has subscribed yet: subscription.txt is empty\n\
         notify: hint: run cargo run --bin server, open the page and press Subscribe\n",
    );
    firefox.expect_a_quiet_console();
}

fn a_subscription_that_the_server_does_not_know_ended_is_moved_to_gone(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    let ended = firefox.value(
        "navigator.serviceWorker.ready.then(worker => worker.pushManager.getSubscription())
            .then(subscription => subscription.unsubscribe())",
    );
    assert_eq!(ended, json!(true));
    let line = fs::read_to_string(server.file("subscription.txt")).unwrap();
    let notified = server.notify("message");
    assert_eq!((notified.code, notified.stdout.as_str()), (Some(5), ""));
    assert!(
        notified.stderr.contains(
            "notify: note: 1 line went to subscription.txt.gone
"
        ),
        "{}",
        notified.stderr
    );
    assert!(
        notified.stderr.contains("notify: error: localhost says that this subscription no longer exists: 410 Gone: "),
        "{}",
        notified.stderr
    );
    assert_eq!(fs::read_to_string(server.file("subscription.txt")).unwrap(), "");
    assert_eq!(fs::read_to_string(server.file("subscription.txt.gone")).unwrap(), line);
}

fn a_changed_vapid_key_is_noticed_on_reload_and_firefox_subscribes_again(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    server.stop();
    fs::remove_file(server.file("keys/vapid_private.pem")).unwrap();
    server.start_again();
    let refused = server.notify("message");
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("was made with another VAPID key"), "{}", refused.stderr);
    firefox.reload();
    firefox.wait_to_read(
        "subscription-note",
        "The server’s VAPID key has changed. This browser has ended its old subscription and subscribed again.",
    );
    firefox.wait_to_read("key-match", "yes");
    assert_eq!(server.notify("with the new key").code, Some(0));
    firefox.wait_for_alert("barepush", "with the new key");
    firefox.expect_a_quiet_console();
}

fn a_permission_denied_at_the_prompt_shows_how_to_lift_it(OnHttp(stage): &mut OnHttp) {
    stage.push_service.expect_no_calls();
    let firefox = &mut stage.firefox;
    firefox.press("register");
    firefox.press("subscribe");
    firefox.wait_to_read("subscription-status-message", "Waiting for your answer to the permission prompt …");
    firefox.answer_prompt(Answer::Block);
    firefox.wait_to_read(
        "subscription-problem",
        "Notifications are blocked for this address. Allow them as described below, then subscribe again.",
    );
    assert_eq!(firefox.help(), "help-denied");
    firefox.expect_a_quiet_console();
}

fn a_push_is_shown_while_no_page_is_open_and_a_click_opens_it(
    Subscribed(Stage { firefox, server, push_service }): &mut Subscribed,
) {
    firefox.close_page();
    assert_eq!(server.notify("nobody looks").code, Some(0));
    push_service.wait_for(2, LIMIT);
    firefox.wait_for_alert("barepush", "nobody looks");
    firefox.click_alert("barepush", "nobody looks");
    firefox.take_page_in_front(&format!("{}/", server.http));
    firefox.wait_to_read_start("progress-clicked", "Click clicked ");
    assert_eq!(
        firefox.value("[...document.querySelectorAll('#log b')].slice(-3).map(what => what.textContent).join(' ')"),
        "received shown clicked"
    );
    firefox.expect_a_quiet_console();
}

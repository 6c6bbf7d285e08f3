//! The whole loop in Chromium: its own subscription, a real push to Google's host name by way of the local push service, its
//! own decryption, a real notification.

use std::fs;

use serde_json::json;

use crate::browser::Tab;
use crate::browser::chromium::Chromium;
use crate::fixtures::{BothSubscribed, ChromiumOnHttp, ChromiumOnHttps, ChromiumStage, ChromiumSubscribed};
use crate::harness::tests;
use crate::page::Page;
use crate::support::program::LIMIT;

tests![
    from_the_click_to_the_notification_on_https,
    from_the_click_to_the_notification_on_http_localhost,
    a_push_without_a_payload_arrives_without_data,
    a_push_to_a_closed_chromium_arrives_at_its_next_start,
    notify_all_reaches_chromium_and_firefox_beside_it,
    a_subscription_that_the_server_does_not_know_ended_is_moved_to_gone,
    a_changed_vapid_key_is_noticed_on_reload_and_chromium_subscribes_again,
    a_permission_withdrawn_ends_the_subscription,
];

fn from_the_click_to_the_notification_on_https(ChromiumOnHttps(stage): &mut ChromiumOnHttps) {
    main_loop(stage);
}

fn from_the_click_to_the_notification_on_http_localhost(ChromiumOnHttp(stage): &mut ChromiumOnHttp) {
    main_loop(stage);
}

fn expect_shown(chromium: &mut Chromium, notification: &str) {
    let shown = chromium.notifications();
    assert!(shown.as_array().unwrap().contains(&json!(notification)), "{shown}");
}

fn main_loop(stage: &mut ChromiumStage) {
    stage.subscribe();
    let ChromiumStage { chromium, server, push_service, .. } = stage;
    // Builds with Google's branding name the first host, others the second.
    let hosts = "['fcm.googleapis.com', 'jmt17.google.com']";
    let status = "document.getElementById('subscription-status-message').textContent";
    chromium.wait_for(&format!("{hosts}.some(host => {status}.startsWith(`Subscribed at ${{host}}, `))"));
    let notified = server.notify("message");
    assert_eq!((notified.code, notified.stderr.as_str()), (Some(0), ""));
    chromium.wait_for_push();
    expect_shown(chromium, "barepush: message");
    assert_eq!(push_service.received().len(), 2);

    chromium.press("unsubscribe");
    chromium.wait_to_read("subscription-status-message", "Ready to subscribe.");
    server.notify("message").is(
        3,
        "",
        "notify: error: nobody has subscribed yet: subscription.txt is empty\n\
         notify: hint: run cargo run --bin server, open the page and press Subscribe\n",
    );
    chromium.expect_a_quiet_console();
}

fn a_push_without_a_payload_arrives_without_data(
    ChromiumSubscribed(ChromiumStage { chromium, server, .. }): &mut ChromiumSubscribed,
) {
    let nothing = server.file("empty.txt");
    fs::write(&nothing, "").unwrap();
    let notified = server.notify_with(&["--payload", nothing.to_str().unwrap()]);
    assert_eq!(notified.code, Some(0), "{}", notified.stderr);
    chromium.wait_for_push();
    expect_shown(chromium, "Push message: A push message without text.");
}

fn a_push_to_a_closed_chromium_arrives_at_its_next_start(
    ChromiumSubscribed(ChromiumStage { chromium, server, .. }): &mut ChromiumSubscribed,
) {
    chromium.close();
    let notified = server.notify("while closed");
    assert_eq!(notified.code, Some(0), "{}", notified.stderr);
    chromium.start_again();
    // Chromium has recorded the first notification's push as well.
    chromium.wait_for_push();
    chromium.wait_for_push();
    chromium.open(&server.http);
    expect_shown(chromium, "barepush: while closed");
}

fn notify_all_reaches_chromium_and_firefox_beside_it(both: &mut BothSubscribed) {
    let BothSubscribed { chromium: ChromiumStage { chromium, server, .. }, firefox } = both;
    let notified = server.notify_with(&["--all", "to both"]);
    assert_eq!(notified.code, Some(0), "{}", notified.stderr);
    firefox.wait_for_alert("barepush", "to both");
    chromium.wait_for_push();
    expect_shown(chromium, "barepush: to both");

    chromium.press("notify-all");
    chromium.wait_for_push();
    chromium.wait_for("document.getElementById('outcome-says').textContent.endsWith(': accepted 2 of 2')");
    chromium.expect_a_quiet_console();
    firefox.expect_a_quiet_console();
}

fn a_subscription_that_the_server_does_not_know_ended_is_moved_to_gone(
    ChromiumSubscribed(ChromiumStage { chromium, server, push_service, .. }): &mut ChromiumSubscribed,
) {
    let ended = chromium.value(
        "navigator.serviceWorker.ready.then(worker => worker.pushManager.getSubscription())
            .then(subscription => subscription.unsubscribe())",
    );
    assert_eq!(ended, json!(true));
    push_service.wait_until_browsers_unsubscribed(LIMIT);
    let line = fs::read_to_string(server.file("subscription.txt")).unwrap();
    let notified = server.notify("message");
    assert_eq!((notified.code, notified.stdout.as_str()), (Some(5), ""), "{}", notified.stderr);
    assert!(notified.stderr.contains(".google"), "{}", notified.stderr);
    assert!(notified.stderr.contains("410 Gone"), "{}", notified.stderr);
    assert_eq!(fs::read_to_string(server.file("subscription.txt")).unwrap(), "");
    assert_eq!(fs::read_to_string(server.file("subscription.txt.gone")).unwrap(), line);
}

fn a_changed_vapid_key_is_noticed_on_reload_and_chromium_subscribes_again(
    ChromiumSubscribed(ChromiumStage { chromium, server, .. }): &mut ChromiumSubscribed,
) {
    // An open page would ask the server in vain.
    chromium.open("about:blank");
    server.stop();
    fs::remove_file(server.file("keys/vapid_private.pem")).unwrap();
    server.start_again();
    let refused = server.notify("message");
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    chromium.open(&server.http);
    chromium.wait_to_read("key-match", "yes");
    chromium.wait_for_push();
    let notified = server.notify("with the new key");
    assert_eq!(notified.code, Some(0), "{}", notified.stderr);
    chromium.wait_for_push();
    expect_shown(chromium, "barepush: with the new key");
    chromium.expect_a_quiet_console();
}

fn a_permission_withdrawn_ends_the_subscription(
    ChromiumSubscribed(ChromiumStage { chromium, server, push_service, .. }): &mut ChromiumSubscribed,
) {
    // An open page would notice, and have the server remove the subscription before the push service refuses it.
    chromium.open("about:blank");
    chromium.choose_in_settings(&server.http, "block");
    push_service.wait_until_browsers_unsubscribed(LIMIT);
    let notified = server.notify("message");
    assert_eq!(notified.code, Some(5), "{}", notified.stderr);
    chromium.open(&server.http);
    chromium.wait_to_read("permission", "denied");
    assert_eq!(chromium.help(), "help-denied");
    chromium.expect_a_quiet_console();
}

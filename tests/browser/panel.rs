//! The page in a subscribed Firefox: the message form, results, log, secrets, and what it says when things change.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::browser::Tab;
use crate::browser::firefox::{Answer, ENTER, TAB};
use crate::fixtures::{OnHttp, Stage, Subscribed, WELCOME};
use crate::harness::tests;
use crate::page::Page;
use crate::support::program::LIMIT;
use push_service_fixture::answer as reply;

tests![
    the_buttons_follow_the_codelabs_table_and_unregistering_ends_the_subscription,
    a_message_from_the_form_is_shown_as_written_and_its_click_leads_to_its_url,
    a_local_notification_needs_no_push_and_the_log_can_be_cleared,
    the_result_of_a_failed_push_is_shown_with_what_to_do,
    notify_all_reaches_every_subscription_and_counts_the_failures,
    secrets_are_masked_until_asked_for_and_the_page_says_what_it_copied,
    a_server_that_lost_the_subscription_is_given_it_again,
    a_permission_taken_back_ends_the_subscription_here_and_at_the_server,
    unsubscribing_while_the_server_is_away_says_what_follows,
    the_keyboard_goes_from_step_to_step,
];

fn the_buttons_follow_the_codelabs_table_and_unregistering_ends_the_subscription(OnHttp(stage): &mut OnHttp) {
    stage.firefox.wait_to_read("registration-status-message", "No service worker is registered yet.");
    assert_eq!(stage.firefox.buttons(), "register");
    assert_eq!(stage.firefox.read("subscription-status-message"), "Register the service worker first.");
    assert_eq!(stage.firefox.read("notification-status-message"), "Register the service worker and subscribe first.");
    let nothing = ["key-match", "newest", "subscription-json", "show-secrets", "progress-subscription"];
    assert_eq!(
        nothing.map(|id| stage.firefox.read(id)),
        ["no subscription yet", "none", "No subscription yet.", "Show secrets", "Subscription none yet"]
    );
    let progress = "document.getElementById('progress-section').checkVisibility()";
    assert_eq!(stage.firefox.value(progress), json!(false));
    stage.subscribe();
    let Stage { firefox, server, .. } = stage;
    assert_eq!(firefox.value(progress), json!(true));
    assert_eq!(firefox.read("progress-title"), "Last push from this server");
    assert_eq!(firefox.buttons(), "unregister unsubscribe notify-me notify-all");
    firefox.wait_to_read("server-line", "Server 0.1.0 · 1 subscription stored");
    firefox.wait_to_read_start("subscription-status-message", "Subscribed at localhost:");
    firefox.press("unregister");
    firefox.wait_to_read("registration-status-message", "No service worker is registered yet.");
    firefox.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    assert_eq!(firefox.buttons(), "register");
    assert_eq!(fs::read_to_string(server.file("subscription.txt")).unwrap(), "");
    firefox.expect_a_quiet_console();
}

fn a_message_from_the_form_is_shown_as_written_and_its_click_leads_to_its_url(
    Subscribed(Stage { firefox, server, push_service }): &mut Subscribed,
) {
    firefox.fill("message-title", "Oven");
    firefox.fill("message-body", "180 °C reached");
    firefox.fill("message-url", "/?recipe=bread");
    firefox.fill("message-ttl", "60");
    firefox.press("notify-me");
    firefox.wait_for_alert("Oven", "180 °C reached");
    assert_eq!(push_service.wait_for(2, LIMIT)[1].ttl, 60);
    firefox.wait_to_read_start("progress-accepted", "Push service accepted in ");
    firefox.wait_to_read(
        "outcome-hint",
        "Accepted means that the push service will try to deliver it. The event log shows when it arrives.",
    );
    firefox.wait_for("/^Push at [0-9:]+: accepted by localhost in \\d+ ms \\(201 Created\\)$/.test(document.getElementById('outcome-says').textContent)");
    firefox.wait_to_read_start("progress-shown", "Notification shown ");
    firefox.click_alert("Oven", "180 °C reached");
    firefox.take_page_in_front(&format!("{}/?recipe=bread", server.http));

    firefox.wait_to_read("notification-status-message", "Ready to push.");
    firefox.fill("message-body", "later");
    firefox.fill("message-delay", "3");
    firefox.press("notify-me");
    firefox.wait_to_read(
        "notification-status-message",
        "The server will push in 3 s. You may close this tab, but leave the browser running.",
    );
    firefox.wait_to_read("progress-accepted", "Push service scheduled");
    firefox.wait_for_alert("Hello, Notifications!", "later");
    firefox.wait_to_read("notification-status-message", "Ready to push.");

    assert_eq!(server.notify("from the command line").code, Some(0));
    firefox.wait_to_read("progress-accepted", "Push service sent by another program");
    assert_eq!(firefox.read("progress-title"), "Last push to this browser");
    firefox.expect_a_quiet_console();
}

fn a_local_notification_needs_no_push_and_the_log_can_be_cleared(Subscribed(Stage { firefox, .. }): &mut Subscribed) {
    firefox.click("#help-unseen summary");
    firefox.press("notify-local");
    firefox.wait_for_alert("A local notification", "Shown by the page, without any push.");
    firefox
        .wait_to_read("local-status", "The browser accepted it. If you do not see it, the operating system hides it.");
    assert_eq!(
        firefox.value("[...document.querySelectorAll('#log b')].map(what => what.textContent).join(', ')"),
        "received, shown, shown locally"
    );
    assert_eq!(
        firefox.value("document.querySelector('#log span').textContent"),
        "Hello from barepush: You are subscribed. This is the first …"
    );
    firefox.press("clear-log");
    firefox.wait_for("document.getElementById('log-empty').checkVisibility()");
    firefox.reload();
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    assert_eq!(firefox.value("document.querySelectorAll('#log li').length"), json!(0));
    firefox.expect_a_quiet_console();
}

fn the_result_of_a_failed_push_is_shown_with_what_to_do(
    Subscribed(Stage { firefox, push_service, .. }): &mut Subscribed,
) {
    let outcomes = [
        (reply::status(429), "not accepted for now by localhost: 429 Too Many Requests: ", "Push service busy"),
        (reply::status(413), "refused by localhost: 413 ", "Push service refused"),
        (reply::garbage(), "cannot reach localhost: ", "Push service unreachable"),
    ];
    for (answer, says, stop) in outcomes {
        push_service.answer_next(answer);
        firefox.press("notify-me");
        let read = "document.getElementById('outcome-says').textContent";
        firefox.wait_for(&format!("{read}.includes({})", json!(format!(": {says}"))));
        firefox.wait_to_read("progress-accepted", stop);
        let push = firefox.value("fetch('/status').then(answer => answer.json()).then(status => status.last_push)");
        assert!(firefox.read("outcome-says").ends_with(push["says"].as_str().unwrap()), "{push:#}");
        let hint = push["hint"].as_str().unwrap().to_lowercase();
        assert!(firefox.read("outcome-hint").to_lowercase().starts_with(&hint), "{push:#}");
    }
    firefox.expect_a_quiet_console();
}

fn notify_all_reaches_every_subscription_and_counts_the_failures(
    Subscribed(Stage { firefox, push_service, .. }): &mut Subscribed,
) {
    let key = firefox.value("fetch('/vapid-public-key').then(answer => answer.text())");
    let other = push_service.subscribe(key.as_str());
    let added = firefox.value(&format!(
        "fetch('/add-subscription', {{
            method: 'POST', headers: {{ 'Content-Type': 'application/json' }}, body: {},
        }}).then(answer => answer.status)",
        json!(other.json_with_key)
    ));
    assert_eq!(added, json!(201));
    push_service.answer_for(&other, reply::status(429));
    firefox.fill("message-body", "to all");
    firefox.press("notify-all");
    firefox.wait_for_alert("Hello, Notifications!", "to all");
    firefox.wait_for(
        "document.getElementById('outcome-says').textContent.includes(': accepted 1 of 2; not accepted for now by localhost: 429 ')",
    );

    // One ends a second after the other; the last one alone, in the answer of /status, must not replace both.
    push_service.answer_for(&other, reply::continues(Duration::from_millis(600), 2));
    let both =
        "document.getElementById('outcome-says').textContent.includes(': accepted 1 of 2; cannot reach localhost: ')";
    let asked = "performance.getEntriesByName(`${location.origin}/status`).length";
    let before = firefox.value(asked);
    firefox.press("notify-all");
    firefox.wait_for(both);
    firefox.wait_for(&format!("{asked} > {before}"));
    assert_eq!(firefox.value(both), true);
    firefox.expect_a_quiet_console();
}

fn secrets_are_masked_until_asked_for_and_the_page_says_what_it_copied(
    Subscribed(Stage { firefox, .. }): &mut Subscribed,
) {
    let shown = "JSON.parse(document.getElementById('subscription-json').textContent)";
    assert_eq!(firefox.value(&format!("{shown}.keys")), json!({ "auth": "•••", "p256dh": "•••" }));
    firefox.click("#details summary");
    firefox.press("show-secrets");
    firefox.wait_to_read("show-secrets", "Hide secrets");
    let whole = firefox.value(
        "navigator.serviceWorker.ready.then(worker => worker.pushManager.getSubscription()).then(subscription => subscription.toJSON().keys)",
    );
    assert_eq!(firefox.value(&format!("{shown}.keys")), whole);
    firefox.press("copy-subscription");
    firefox.wait_to_read("toast", "Copied with its secrets: treat it like a password.");
    firefox.click("[data-copy=notify-command]");
    firefox.wait_to_read("toast", "Copied.");
    assert_eq!(firefox.read("notify-command"), "cargo run --bin notify \"message\"");
    assert_eq!(firefox.read("explain-command"), "cargo run --bin notify -- --explain \"message\"");
    firefox.expect_a_quiet_console();
}

fn a_server_that_lost_the_subscription_is_given_it_again(Subscribed(Stage { firefox, server, .. }): &mut Subscribed) {
    fs::remove_file(server.file("subscription.txt")).unwrap();
    firefox.reload();
    firefox.wait_to_read("subscription-note", "The server no longer had this subscription: it is stored again.");
    assert_eq!(fs::read_to_string(server.file("subscription.txt")).unwrap().lines().count(), 1);
    firefox.expect_a_quiet_console();
}

fn a_permission_taken_back_ends_the_subscription_here_and_at_the_server(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    firefox.block_notifications(&server.http);
    firefox.wait_to_read(
        "subscription-note",
        "The browser ended the subscription because notifications are no longer allowed.",
    );
    firefox.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    assert_eq!(firefox.help(), "help-denied");
    firefox.expect_a_quiet_console();
}

fn unsubscribing_while_the_server_is_away_says_what_follows(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    server.stop();
    firefox.press("unsubscribe");
    firefox.wait_to_read(
        "subscription-note",
        "Unsubscribed in this browser, but the server still has the subscription. \
         The push service will answer its next push with 410 Gone.",
    );
    server.start_again();
    firefox.press("retry");
    firefox.wait_to_read("server-line", "Server 0.1.0 · 1 subscription stored");
    assert_eq!(server.notify("message").code, Some(5));
}

fn the_keyboard_goes_from_step_to_step(OnHttp(Stage { firefox, .. }): &mut OnHttp) {
    firefox.wait_for("!document.getElementById('register').disabled");
    firefox.focus_page();
    firefox.press_key(TAB);
    firefox.wait_for("document.activeElement.id === 'register'");
    firefox.press_key(ENTER);
    firefox.wait_for("document.activeElement.id === 'subscribe'");
    firefox.press_key(ENTER);
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_for("document.activeElement.id === 'notify-me'");
    // While the first notification opens its window, that window may get the key.
    firefox.close_alert(WELCOME.0, WELCOME.1);
    firefox.focus_page();
    firefox.press_key(ENTER);
    firefox.wait_for_alert("Hello, Notifications!", "Pushed by barepush.");
    firefox.expect_a_quiet_console();
}

//! How the page repairs itself when the push service or the server has lost or refused something.

use std::fs;

use serde_json::json;

use crate::browser::Tab;
use crate::fixtures::{InChromium, OnHttp, Registered, Stage, Subscribed};
use crate::harness::tests;
use crate::page::Page;
use crate::server::Server;
use push_service_fixture::answer as reply;

tests![
    a_subscription_that_the_push_service_lost_is_replaced_on_reload,
    a_message_that_finds_its_subscription_gone_is_sent_to_a_new_one,
    a_message_that_finds_its_subscription_made_with_another_key_is_sent_to_a_new_one,
    a_message_to_a_subscription_that_the_server_lost_is_sent_after_storing_it_again,
    in_chromium_a_subscription_that_the_push_service_lost_is_replaced,
    a_new_subscription_that_the_server_does_not_keep_is_ended,
    a_problem_goes_when_its_step_succeeds,
    an_answer_without_pushes_leaves_the_page_alive,
    a_scheduled_push_that_a_stopped_server_dropped_is_no_longer_promised,
    in_chromium_the_promise_of_a_scheduled_push_ends,
];

const GONE: &str = "The push service no longer has this subscription. \
                    This browser has ended its old subscription and subscribed again.";
const KEY_CHANGED: &str = "The server’s VAPID key has changed. \
                           This browser has ended its old subscription and subscribed again.";

/// Replaces the answer of `path` in the page by `answer`, a JS expression, until the page is loaded again.
fn answer(tab: &mut impl Tab, path: &str, answer: &str) {
    tab.value(&format!(
        "(() => {{
            const send = fetch;
            globalThis.fetch = async (path, options) => path === '{path}' ? {answer} : send(path, options);
        }})()"
    ));
}

/// The one endpoint that is stored.
fn stored_endpoint(server: &Server) -> String {
    let stored = fs::read_to_string(server.file("subscription.txt")).unwrap();
    assert_eq!(stored.lines().count(), 1, "{stored}");
    let subscription: serde_json::Value = serde_json::from_str(&stored).unwrap();
    subscription["endpoint"].as_str().unwrap().to_owned()
}

fn a_subscription_that_the_push_service_lost_is_replaced_on_reload(
    Subscribed(Stage { firefox, server, push_service }): &mut Subscribed,
) {
    let before = stored_endpoint(server);
    fs::remove_file(server.file("subscription.txt")).unwrap();
    push_service.answer_next(reply::status(410));
    firefox.reload();
    firefox.wait_to_read("subscription-note", GONE);
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    assert_ne!(stored_endpoint(server), before);
    firefox.reload();
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    assert_eq!(firefox.read("subscription-note"), "");
    firefox.expect_a_quiet_console();
}

fn a_message_that_finds_its_subscription_gone_is_sent_to_a_new_one(
    Subscribed(Stage { firefox, server, push_service }): &mut Subscribed,
) {
    let before = stored_endpoint(server);
    push_service.answer_next(reply::status(410));
    firefox.fill("message-body", "after all");
    firefox.press("notify-me");
    firefox.wait_for_alert("Hello, Notifications!", "after all");
    firefox.wait_to_read("subscription-note", GONE);
    firefox.wait_to_read_start("progress-shown", "Notification shown ");
    assert_ne!(stored_endpoint(server), before);
    assert_eq!(firefox.buttons(), "unregister unsubscribe notify-me notify-all");
    firefox.expect_a_quiet_console();
}

fn a_message_that_finds_its_subscription_made_with_another_key_is_sent_to_a_new_one(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    server.stop();
    fs::remove_file(server.file("keys/vapid_private.pem")).unwrap();
    server.start_again();
    firefox.fill("message-body", "with the new key");
    firefox.press("notify-me");
    firefox.wait_for_alert("Hello, Notifications!", "with the new key");
    firefox.wait_to_read("subscription-note", KEY_CHANGED);
    firefox.wait_to_read("key-match", "yes");
    firefox.expect_a_quiet_console();
}

fn a_message_to_a_subscription_that_the_server_lost_is_sent_after_storing_it_again(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    let before = stored_endpoint(server);
    fs::remove_file(server.file("subscription.txt")).unwrap();
    firefox.fill("message-body", "stored again");
    firefox.press("notify-me");
    firefox.wait_for_alert("Hello, Notifications!", "stored again");
    firefox.wait_to_read("subscription-note", "The server no longer had this subscription: it is stored again.");
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    assert_eq!(firefox.read("notification-problem"), "");
    assert_eq!(stored_endpoint(server), before);
}

/// A subscription that the browser seems to have, its endpoint ending in `number`; `subscribe()` makes the next.
const FAKE_SUBSCRIPTION: &str = "
    let number = 1, live = true;
    const subscription = () => live ? {
        endpoint: `https://push.invalid/0123456${number}`,
        options: {},
        toJSON() { return { endpoint: this.endpoint, keys: { auth: 'a', p256dh: 'p' } }; },
        unsubscribe: async () => { live = false; return true; },
    } : null;
    PushManager.prototype.getSubscription = async () => subscription();
    PushManager.prototype.subscribe = async () => { number += 1; live = true; return subscription(); };";

fn in_chromium_a_subscription_that_the_push_service_lost_is_replaced(
    Registered { chromium, server, .. }: &mut Registered,
) {
    let answers = format!(
        "{FAKE_SUBSCRIPTION}
        globalThis.posted = [];
        const send = fetch;
        globalThis.fetch = async (path, options) => {{
            if (!options?.method) return send(path, options);
            const {{ endpoint }} = JSON.parse(options.body);
            posted.push(`${{path}} ${{endpoint.at(-1)}}`);
            if (path !== '/add-subscription') return Response.json({{ stored: 0 }});
            const gone = endpoint.endsWith('1');
            const push = {{ accepted: !gone, class: gone ? 'gone' : 'accepted', tail: endpoint.slice(-8), at: 1, says: 'so', milliseconds: 1 }};
            return Response.json({{ stored: 1, push }}, {{ status: 201 }});
        }};"
    );
    chromium.open_after(&answers, &server.http);
    chromium.wait_to_read("subscription-note", GONE);
    assert_eq!(
        chromium.value("posted"),
        json!(["/add-subscription 1", "/remove-subscription 1", "/add-subscription 2"])
    );
    chromium.wait_to_read("subscription-status-message", "Subscribed at push.invalid, endpoint …01234562");
    chromium.expect_a_quiet_console();
}

fn a_new_subscription_that_the_server_does_not_keep_is_ended(OnHttp(Stage { firefox, push_service, .. }): &mut OnHttp) {
    push_service.expect_no_calls();
    firefox.press("register");
    firefox.wait_for("!document.getElementById('subscribe').disabled");
    let refusal =
        "Response.json({ error: 'the push service refused this key', hint: 'set the clock' }, { status: 409 })";
    answer(firefox, "/add-subscription", refusal);
    firefox.press("subscribe");
    firefox.answer_prompt(crate::browser::firefox::Answer::Allow);
    firefox.wait_to_read("subscription-problem", "The push service refused this key. Set the clock.");
    firefox.wait_to_read("subscription-status-message", "Ready to subscribe.");
    assert_eq!(firefox.buttons(), "unregister subscribe");
    assert_eq!(
        firefox.value("navigator.serviceWorker.ready.then(registration => registration.pushManager.getSubscription())"),
        json!(null)
    );
}

fn a_problem_goes_when_its_step_succeeds(Subscribed(Stage { firefox, .. }): &mut Subscribed) {
    answer(firefox, "/notify-me", "Response.json({ error: 'cannot push', hint: 'try later' }, { status: 500 })");
    firefox.press("notify-me");
    firefox.wait_to_read("notification-problem", "Cannot push. Try later.");
    firefox.press("unsubscribe");
    firefox.press("subscribe");
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    firefox.wait_to_read("notification-problem", "");
}

fn an_answer_without_pushes_leaves_the_page_alive(
    (Subscribed(Stage { firefox, server, .. }), InChromium { chromium, .. }): &mut (Subscribed, InChromium),
) {
    chromium.open(&server.http);
    expect_to_survive_no_pushes(firefox);
    expect_to_survive_no_pushes(chromium);
}

fn expect_to_survive_no_pushes(tab: &mut impl Page) {
    answer(tab, "/notify-all", "Response.json({ pushes: [] })");
    tab.press("notify-all");
    tab.wait_to_read(
        "notification-status-message",
        "Nobody has subscribed yet: subscribe a browser first, then notify all.",
    );
    answer(tab, "/notify-all", "Response.json({ error: 'still alive', hint: 'go on' }, { status: 500 })");
    tab.press("notify-all");
    tab.wait_to_read("notification-problem", "Still alive. Go on.");
    tab.expect_a_quiet_console();
}

fn a_scheduled_push_that_a_stopped_server_dropped_is_no_longer_promised(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    firefox.fill("message-delay", "2");
    firefox.press("notify-me");
    firefox.wait_to_read(
        "notification-status-message",
        "The server will push in 2 s. You may close this tab, but leave the browser running.",
    );
    server.stop();
    server.start_again();
    firefox.wait_to_read(
        "notification-problem",
        "The server has not reported the scheduled push. A server that was stopped meanwhile has dropped it: send it again.",
    );
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    assert_eq!(firefox.read("progress-accepted"), "Push service not yet");
}

fn in_chromium_the_promise_of_a_scheduled_push_ends(Registered { chromium, server, .. }: &mut Registered) {
    let change = format!(
        "{FAKE_SUBSCRIPTION}
        const send = fetch;
        globalThis.fetch = async (path, options) => {{
            if (path === '/notify-me') return Response.json({{ scheduled: 1 }}, {{ status: 202 }});
            return options?.method ? Response.json({{ stored: 1 }}) : send(path, options);
        }};"
    );
    chromium.open_after(&change, &server.http);
    chromium.press("notify-me");
    chromium.wait_to_read("progress-accepted", "Push service scheduled");
    chromium.wait_to_read(
        "notification-problem",
        "The server has not reported the scheduled push. A server that was stopped meanwhile has dropped it: send it again.",
    );
    chromium.wait_to_read("notification-status-message", "Ready to push.");
    chromium.press("notify-me");
    chromium.wait_to_read("notification-problem", "");
    chromium.expect_a_quiet_console();
}

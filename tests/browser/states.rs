//! What the page says while it waits, and of what a browser cannot do.

use std::fs;

use serde_json::json;

use crate::browser::Tab;
use crate::browser::chromium::Chromium;
use crate::fixtures::{ChromiumInstalled, InChromium, Registered};
use crate::harness::tests;
use crate::page::Page;
use crate::server::Server;
use push_service_fixture::PushService;

tests![
    the_page_says_what_it_waits_for,
    the_worker_s_reports_are_followed_step_by_step,
    the_page_says_at_each_step_how_it_replaces_a_subscription_of_another_vapid_key,
    the_newest_subscription_is_named_with_the_key_it_was_made_with,
    the_page_says_that_a_local_notification_or_a_copy_failed,
    what_a_browser_can_do_is_listed,
    of_many_pushes_all_are_counted,
    commands_with_a_space_in_a_path_are_quoted_for_a_shell,
    the_page_shows_failures_of_any_other_kind_too,
    a_subscription_can_be_ended_only_when_the_server_has_it,
];

/// A browser that has a subscription with these `options`, and a server that has stored it and never answers `waiting`.
fn subscribed(options: &str, waiting: &str) -> String {
    format!(
        "PushManager.prototype.getSubscription = async () => ({{
            endpoint: 'https://push.invalid/0123456789abcdef',
            options: {options},
            toJSON() {{ return {{ endpoint: this.endpoint, keys: {{ auth: 'a', p256dh: 'p' }} }}; }},
            unsubscribe: async () => true,
        }});
        const send = fetch;
        globalThis.fetch = (path, options) => {{
            if (path === '{waiting}') return new Promise(() => {{}});
            if (path === '/add-subscription') return Promise.resolve(Response.json({{ stored: 1 }}));
            return send(path, options);
        }};"
    )
}

fn the_page_says_what_it_waits_for(InChromium { chromium, server }: &mut InChromium) {
    let never = "() => new Promise(() => {})";
    let change = format!("ServiceWorkerContainer.prototype.getRegistration = {never};");
    chromium.open_after(&change, &server.http);
    chromium.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    assert_eq!(chromium.read("registration-status-message"), "Looking for a service worker …");
    assert_eq!(chromium.buttons(), "");

    let change = format!("ServiceWorkerContainer.prototype.register = {never};");
    chromium.open_after(&change, &server.http);
    chromium.press("register");
    chromium.wait_to_read("registration-status-message", "Registering …");
    chromium.expect_a_quiet_console();
}

fn the_worker_s_reports_are_followed_step_by_step(Registered { chromium, server, .. }: &mut Registered) {
    chromium.open_after(&subscribed("{}", "/notify-me"), &server.http);
    chromium.wait_to_read("key-match", "this browser does not report its key");
    chromium.wait_to_read("subscription-status-message", "Subscribed at push.invalid, endpoint …89abcdef");
    chromium.wait_to_read("progress-received", "Service worker not yet");
    chromium.press("notify-me");
    chromium.wait_to_read("notification-status-message", "Pushing …");
    chromium.wait_to_read("progress-accepted", "Push service sending …");
    let report =
        |event: &str| format!("new BroadcastChannel('barepush').postMessage({{ at: Date.now(), {event} }}), null");
    chromium.value(&report("type: 'received', title: 'News'"));
    chromium.wait_to_read("progress-accepted", "Push service accepted");
    chromium.wait_to_read_start("progress-received", "Service worker received ");
    chromium.value(&report("type: 'failed', title: 'News', why: 'no permission'"));
    chromium.wait_to_read("progress-shown", "Notification failed");
    chromium.value(&report("type: 'resubscribed'"));
    chromium.wait_for("document.querySelectorAll('#log li').length === 3");
    let log = "[...document.querySelectorAll('#log li')].map(line => [...line.children].slice(1).map(part => part.textContent))";
    assert_eq!(
        chromium.value(log),
        json!([["received", "News"], ["failed", "News: no permission"], ["subscribed again", ""]])
    );
    chromium.expect_a_quiet_console();
}

fn the_page_says_at_each_step_how_it_replaces_a_subscription_of_another_vapid_key(
    Registered { chromium, server, .. }: &mut Registered,
) {
    let other_key = "{ applicationServerKey: new Uint8Array(65).buffer }";
    chromium.open_after(&subscribed(other_key, "/remove-subscription"), &server.http);
    chromium.wait_to_read("subscription-note", "The server’s VAPID key has changed. Subscribing again …");
    assert_eq!(chromium.read("key-match"), "no");

    let not_asked = "Object.defineProperty(Notification, 'permission', { value: 'default' });";
    chromium.open_after(&format!("{not_asked} {}", subscribed(other_key, "nothing")), &server.http);
    chromium.wait_to_read(
        "subscription-note",
        "The server’s VAPID key has changed. The old subscription was ended. Press Subscribe to go on.",
    );
    chromium.wait_to_read("permission", "not asked yet");
}

fn the_newest_subscription_is_named_with_the_key_it_was_made_with(_: &mut ChromiumInstalled) {
    let push_service = PushService::start();
    push_service.expect_no_calls();
    let other_key = push_service.subscribe(None).p256dh;
    let stored = push_service.subscribe(Some(&other_key));
    let server = Server::start_with(&["--allow-push-service", push_service.origin()]);
    fs::write(server.file("subscription.txt"), &stored.json_with_key).unwrap();
    let mut chromium = Chromium::start();
    chromium.open(&server.http);
    chromium.wait_to_read("newest", &format!("localhost, …{}, made with another key", stored.tail));
    chromium.expect_a_quiet_console();
}

fn the_page_says_that_a_local_notification_or_a_copy_failed(Registered { chromium, server, .. }: &mut Registered) {
    chromium.open_after(
        "ServiceWorkerRegistration.prototype.showNotification = () => Promise.reject(new TypeError('no'));
         Clipboard.prototype.writeText = () => Promise.reject(new TypeError('no'));",
        &server.http,
    );
    chromium.click("#help-unseen summary");
    chromium.press("notify-local");
    chromium.wait_to_read(
        "local-status",
        "The browser could not show it: no. Look at the notification settings of the operating system.",
    );
    chromium.click("[data-copy=notify-command]");
    chromium.wait_to_read("toast", "The browser did not allow copying: select the text and copy it yourself.");
    chromium.set_permission(&server.http, "denied");
    chromium.press("notify-local");
    chromium.wait_to_read(
        "local-status",
        "Notifications are not allowed for this address: subscribe first, and choose Allow.",
    );
    chromium.expect_a_quiet_console();
}

fn what_a_browser_can_do_is_listed(Registered { chromium, server, .. }: &mut Registered) {
    let listed = "['can-secure', 'can-worker', 'can-push', 'can-notifications', 'permission', 'can-declarative',
        'encodings', 'worker'].map(id => document.getElementById(id).textContent)";
    chromium.wait_to_read("worker", "activated, version 0.1.0");
    assert_eq!(
        chromium.value(listed),
        json!([
            "yes",
            "yes",
            "yes",
            "yes",
            "granted",
            "no: the service worker shows such messages",
            "aes128gcm, aesgcm",
            "activated, version 0.1.0"
        ])
    );
    chromium
        .open_after("delete window.Notification; delete window.PushManager; window.pushManager = {};", &server.http);
    chromium.wait_to_read("worker", "activated, version 0.1.0");
    assert_eq!(
        chromium.value(listed),
        json!(["yes", "yes", "no", "no", "unknown", "yes", "not reported", "activated, version 0.1.0"])
    );
}

fn of_many_pushes_all_are_counted(InChromium { chromium, server }: &mut InChromium) {
    server.store_somebody();
    chromium.open(&server.http);
    chromium.wait_to_read("server-line", "Server 0.1.0 · 1 subscription stored");
    chromium.value(
        // The page asks for more, for example for /status when its window gets the focus: that is answered as ever.
        "globalThis.served = fetch, globalThis.fetch = async (path, ...rest) => path !== '/notify-all' ? served(path, ...rest) : Response.json({
            counts: { accepted: 150, busy: 50 }, pushes: [{ accepted: true, class: 'accepted', tail: 'a', at: 1, says: 'so' }],
        }), null",
    );
    chromium.press("notify-all");
    chromium.wait_for("document.getElementById('outcome-says').textContent.endsWith(': accepted 150 of 200')");
    assert_eq!(chromium.value("document.getElementById('outcome').dataset.state"), "failed");
    chromium.wait_for("!document.getElementById('progress-section').checkVisibility()");
}

fn commands_with_a_space_in_a_path_are_quoted_for_a_shell(_: &mut ChromiumInstalled) {
    let server = Server::start_with(&["--data-dir", "a b"]);
    let mut chromium = Chromium::start();
    chromium.open(&server.http);
    chromium.wait_to_read("notify-command", "cargo run --bin notify -- --data-dir 'a b' \"message\"");
    chromium.wait_to_read("explain-command", "cargo run --bin notify -- --explain --data-dir 'a b' \"message\"");
    chromium.wait_to_read(
        "certutil-command",
        "certutil -d sql:$HOME/.pki/nssdb -A -t CP,, -n barepush -i 'a b/keys/tls_cert.pem'",
    );
}

fn the_page_shows_failures_of_any_other_kind_too(Registered { chromium, server, .. }: &mut Registered) {
    server.store_somebody();
    chromium.open_after(
        "ServiceWorkerRegistration.prototype.unregister = () => Promise.reject(new TypeError('no'));
         const send = fetch;
         globalThis.fetch = (path, options) =>
            path === '/notify-all' ? Promise.resolve(new Response('<h1>502</h1>', { status: 502 })) : send(path, options);",
        &server.http,
    );
    chromium.press("unregister");
    chromium.wait_to_read("registration-problem", "That failed: no. Reload the page and try again.");
    chromium.press("notify-all");
    chromium.wait_to_read("notification-problem", "The server answered 502. Reload the page and try again.");

    let no_key = "globalThis.fetch = path => path === '/add-subscription'
        ? Promise.resolve(Response.json({ stored: 1 })) : Promise.reject(new TypeError('no'));";
    let key = "{ applicationServerKey: new Uint8Array(65).buffer }";
    chromium.open_after(&format!("{} {no_key}", subscribed(key, "nothing")), &server.http);
    chromium.wait_to_read("key-match", "the server does not answer");
    assert_eq!(chromium.help(), "help-server");
    chromium.expect_a_quiet_console();
}

/// Otherwise the server may store it again after it has removed it.
fn a_subscription_can_be_ended_only_when_the_server_has_it(Registered { chromium, server, .. }: &mut Registered) {
    chromium.open_after(&subscribed("{}", "/add-subscription"), &server.http);
    chromium.wait_to_read_start("subscription-status-message", "Subscribed at push.invalid, ");
    assert_eq!(chromium.buttons(), "unregister notify-me");
    chromium.open_after(&subscribed("{}", "nothing"), &server.http);
    chromium.press("unsubscribe");
    chromium.wait_to_read("subscription-status-message", "Ready to subscribe.");
}

//! What Chromium users see: workers and certificates, every shape of payload, and each way `subscribe()` can fail.

use serde_json::json;

use crate::barepush::Server;
use crate::browser::chromium::Chromium;
use crate::browser::{CERTUTIL, CHROMIUM, Tab, installed};
use crate::page::Page;

/// A push service nobody listens at: in these tests nothing is subscribed.
const NO_PUSH_SERVICE: &str = "http://localhost:9";

/// Opens the page, with notifications allowed, and registers the worker with a click.
fn register(chromium: &mut Chromium, origin: &str) -> String {
    chromium.set_permission(origin, "granted");
    chromium.open(origin);
    chromium.press("register");
    chromium.wait_to_read(
        "registration-status-message",
        &format!("Registered for the scope {origin}/"),
    );
    chromium.wait_for_worker()
}

#[test]
fn on_http_localhost_the_worker_registers_and_unregisters() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    register(&mut chromium, &server.http);
    assert_eq!(chromium.buttons(), "unregister subscribe notify-all");
    chromium.press("unregister");
    chromium.wait_to_read(
        "registration-status-message",
        "No service worker is registered yet.",
    );
    assert_eq!(chromium.buttons(), "register notify-all");
    assert_eq!(chromium.complaints(), [""; 0]);
}

#[test]
fn on_https_the_worker_registers_once_the_certificate_is_trusted() {
    if !installed(&[&CHROMIUM, &CERTUTIL]) {
        return;
    }
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start_trusting(&server.certificate());
    register(&mut chromium, &server.https);
    assert_eq!(chromium.complaints(), [""; 0]);
}

#[test]
fn behind_an_untrusted_certificate_the_page_tells_the_ways_on_and_its_command_works() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    assert_eq!(
        chromium.try_open(&server.https),
        Err("net::ERR_CERT_AUTHORITY_INVALID".to_owned())
    );
    chromium.click_through_warning();
    chromium.press("register");
    chromium.wait_to_read(
        "registration-problem",
        "The browser refused the service worker: it does not trust this certificate. Use one of the ways below.",
    );
    assert_eq!(chromium.help(), "help-certificate");
    let link = chromium.value("document.getElementById('http-link').href");
    assert_eq!(link, json!(format!("{}/", server.http)));
    let command = chromium.value("document.getElementById('chrome-command').textContent");
    let switch = command
        .as_str()
        .unwrap()
        .split(' ')
        .find(|part| part.starts_with("--ignore-cert"))
        .unwrap();
    let mut chromium = Chromium::start_with(switch);
    register(&mut chromium, &server.https);
}

#[test]
fn every_shape_of_payload_is_shown() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let shapes = [
        (r#"{"title":"Ours","body":"flat"}"#, "Ours: flat"),
        (
            r#"{"title":"Codelab","options":{"body":"ID: 42"}}"#,
            "Codelab: ID: 42",
        ),
        (
            r#"{"web_push":8030,"notification":{"title":"Declarative","body":"read here","navigate":"/"}}"#,
            "Declarative: read here",
        ),
        ("plain text", "Push message: plain text"),
        ("", "Push message: A push message without a text."),
        ("[1, 2]", "Push message: [1, 2]"),
        (r#"{"body":"no title"}"#, "Push message: no title"),
        (
            r#"{"title":"odd","body":7,"actions":"none","silent":true,"vibrate":[1]}"#,
            "odd: 7",
        ),
    ];
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    let registration = register(&mut chromium, &server.http);
    for (payload, shown) in shapes {
        chromium.deliver_push(&server.http, &registration, payload);
        assert_eq!(chromium.notifications(), json!([shown]), "{payload}");
        chromium.value(
            "navigator.serviceWorker.ready.then(worker => worker.getNotifications())
                .then(all => all.forEach(notification => notification.close()))",
        );
    }
    assert_eq!(chromium.complaints(), [""; 0]);
}

#[test]
fn a_subscribe_that_hangs_is_told_of_after_ten_seconds() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    register(&mut chromium, &server.http);
    chromium.press("subscribe");
    chromium.wait_to_read(
        "subscription-status-message",
        "Asking the push service for a subscription …",
    );
    chromium.wait_to_read(
        "subscription-waiting",
        "Still waiting for the push service. Some browsers never give up and never say why; reload the page to stop.",
    );
    assert_eq!(chromium.help(), "help-push-service");
    assert_eq!(chromium.complaints(), [""; 0]);
}

/// A browser whose `method` fails with a DOMException of this name and message.
fn failing(method: &str, name: &str, message: &str) -> String {
    format!(
        "{method} = () => Promise.reject(new DOMException({}, {}));",
        json!(message),
        json!(name)
    )
}

#[test]
fn each_refusal_of_a_subscription_is_told_with_what_to_do() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let subscribe = |name, message| failing("PushManager.prototype.subscribe", name, message);
    let no_service = "Registration failed - push service error";
    let refusals = [
        (
            subscribe("AbortError", no_service),
            "The browser got no subscription from its push service: Registration failed - push service error. \
             Check the connection as told below, then subscribe again.",
            "help-push-service",
        ),
        (
            format!(
                "navigator.brave = {{}}; {}",
                subscribe("AbortError", no_service)
            ),
            "The browser got no subscription from its push service: Registration failed - push service error. \
             Check the connection as told below, then subscribe again.",
            "help-push-service help-brave",
        ),
        (
            subscribe("NotAllowedError", "Registration failed - permission denied"),
            "The browser refused to subscribe although notifications are allowed. \
             Use an ordinary window: private ones refuse.",
            "help-private",
        ),
        (
            subscribe("NotAllowedError", "no"),
            "The browser did not allow the subscription. Press Subscribe and choose Allow.",
            "help-dismissed",
        ),
        (
            subscribe("InvalidStateError", "no"),
            "A subscription with another VAPID key is still there. \
             Reload the page: it compares the keys and subscribes anew.",
            "",
        ),
        (
            subscribe("InvalidAccessError", "no"),
            "The browser does not take the server’s VAPID key. \
             Open /vapid-public-key: it must be 87 base64url characters, a point on P-256.",
            "",
        ),
        (
            subscribe("NotSupportedError", "no"),
            "The browser could not subscribe: no. Reload the page and subscribe again.",
            "",
        ),
        (
            "Notification.requestPermission = async () => 'default';".to_owned(),
            "The permission prompt was closed without an answer. Press Subscribe again and choose Allow.",
            "help-dismissed",
        ),
    ];
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    register(&mut chromium, &server.http);
    for (change, says, help) in refusals {
        chromium.open_after(&change, &server.http);
        chromium.press("subscribe");
        chromium.wait_to_read("subscription-problem", says);
        assert_eq!(chromium.help(), help, "{says}");
        assert_eq!(chromium.buttons(), "unregister subscribe notify-all");
    }
    assert_eq!(chromium.complaints(), [""; 0]);
}

#[test]
fn a_blocked_permission_is_told_with_how_to_lift_it() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    register(&mut chromium, &server.http);
    chromium.set_permission(&server.http, "denied");
    chromium.press("subscribe");
    chromium.wait_to_read(
        "subscription-problem",
        "Notifications are blocked for this address. Lift the block as told below, then subscribe again.",
    );
    assert_eq!(chromium.help(), "help-denied");
    assert_eq!(chromium.complaints(), [""; 0]);
}

#[test]
fn each_refusal_of_a_worker_is_told_with_what_to_do() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let refusals = [
        (
            "SecurityError",
            "The browser refused the service worker. \
             Allow this address to keep data on the device (cookies), outside a private window.",
            "help-unsupported",
        ),
        (
            "TypeError",
            "The service worker could not be registered: no. \
             See that the server runs and that /sw.js opens, then press Register again.",
            "",
        ),
    ];
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    for (name, says, help) in refusals {
        chromium.open_after(
            &failing("ServiceWorkerContainer.prototype.register", name, "no"),
            &server.http,
        );
        chromium.press("register");
        chromium.wait_to_read("registration-problem", says);
        assert_eq!(chromium.help(), help, "{says}");
        assert_eq!(chromium.buttons(), "register notify-all");
    }
    assert_eq!(chromium.complaints(), [""; 0]);
}

#[test]
fn a_browser_that_lacks_something_is_told_what() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let no_worker = [
        "Service workers are not supported here.",
        "No subscription is possible without service workers.",
    ];
    let no_push = [
        "No service worker is registered yet.",
        "No subscription is possible: this browser has no Push API or no notifications here.",
    ];
    let lacking = [
        ("delete Navigator.prototype.serviceWorker;", no_worker, "help-unsupported", "notify-all"),
        ("delete window.PushManager;", no_push, "help-unsupported", "register notify-all"),
        ("delete window.Notification;", no_push, "help-unsupported", "register notify-all"),
        (
            "delete window.PushManager;
             Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)' });",
            no_push,
            "help-ios",
            "register notify-all",
        ),
    ];
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    for (change, [registration, subscription], help, buttons) in lacking {
        chromium.open_after(change, &server.http);
        chromium.wait_to_read("registration-status-message", registration);
        chromium.wait_to_read("subscription-status-message", subscription);
        assert_eq!(chromium.help(), help, "{change}");
        assert_eq!(chromium.buttons(), buttons, "{change}");
    }
    assert_eq!(chromium.complaints(), [""; 0]);
}

#[test]
fn notify_all_with_nobody_subscribed_says_so_and_a_server_that_is_gone_is_told_of() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let mut server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    chromium.open(&server.http);
    chromium.press("notify-all");
    chromium.wait_to_read(
        "notification-status-message",
        "No subscribed endpoint yet: subscribe a browser first, then notify all.",
    );
    server.stop();
    chromium.press("notify-all");
    chromium.wait_to_read(
        "notification-problem",
        "The server does not answer. Start it with cargo run --bin server, then try again.",
    );
    chromium.wait_to_read("server-line", "The server does not answer.");
    assert_eq!(chromium.help(), "help-server");
    server.restart();
    chromium.press("retry");
    chromium.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    assert_eq!(chromium.help(), "");
}

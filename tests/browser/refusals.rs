//! Each way a browser can refuse, and the page's words for it. Where no test browser refuses that way by itself, one of its
//! functions is replaced before the page loads.

use serde_json::json;

use crate::browser::Tab;
use crate::browser::chromium::Chromium;
use crate::fixtures::{ChromiumInstalled, InChromium, Registered};
use crate::harness::tests;
use crate::page::Page;
use crate::server::Server;

tests![
    each_refusal_of_a_subscription_is_shown_with_what_to_do,
    a_blocked_permission_is_shown_with_how_to_allow_it,
    each_refusal_of_a_worker_is_shown_with_what_to_do,
    the_page_says_what_a_browser_lacks,
    the_page_says_after_ten_seconds_that_subscribe_hangs,
    the_page_says_that_an_address_of_the_local_network_is_not_a_secure_context,
    the_chrome_command_is_the_systems_own,
];

/// A browser whose `method` fails with a DOMException of this name and message.
fn failing(method: &str, name: &str, message: &str) -> String {
    format!("{method} = () => Promise.reject(new DOMException({}, {}));", json!(message), json!(name))
}

fn each_refusal_of_a_subscription_is_shown_with_what_to_do(Registered { chromium, server, .. }: &mut Registered) {
    let subscribe = |name, message| failing("PushManager.prototype.subscribe", name, message);
    let no_service = "Registration failed - push service error";
    let refusals = [
        (
            subscribe("AbortError", no_service),
            "The browser got no subscription from its push service: Registration failed - push service error. \
             Check the connection as described below, then subscribe again.",
            "help-push-service",
        ),
        (
            format!("navigator.brave = {{}}; {}", subscribe("AbortError", no_service)),
            "The browser got no subscription from its push service: Registration failed - push service error. \
             Check the connection as described below, then subscribe again.",
            "help-push-service help-brave",
        ),
        (
            subscribe("NotAllowedError", "Registration failed - permission denied"),
            "The browser refused to subscribe although notifications are allowed. \
             Use an ordinary window: private windows refuse.",
            "help-private",
        ),
        (
            subscribe("NotAllowedError", "no"),
            "The browser did not allow the subscription. Press Subscribe and choose Allow.",
            "help-dismissed",
        ),
        (
            subscribe("InvalidStateError", "no"),
            "This browser still has a subscription with another VAPID key. \
             Reload the page: it compares the keys and subscribes again.",
            "",
        ),
        (
            subscribe("InvalidAccessError", "no"),
            "The browser does not accept the server’s VAPID key. \
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
    for (change, says, help) in refusals {
        chromium.open_after(&change, &server.http);
        chromium.press("subscribe");
        chromium.wait_to_read("subscription-problem", says);
        assert_eq!(chromium.help(), help, "{says}");
        assert_eq!(chromium.buttons(), "unregister subscribe");
    }
    chromium.expect_a_quiet_console();
}

fn a_blocked_permission_is_shown_with_how_to_allow_it(Registered { chromium, server, .. }: &mut Registered) {
    chromium.set_permission(&server.http, "denied");
    chromium.press("subscribe");
    chromium.wait_to_read(
        "subscription-problem",
        "Notifications are blocked for this address. Allow them as described below, then subscribe again.",
    );
    assert_eq!(chromium.help(), "help-denied");
    chromium.expect_a_quiet_console();
}

fn each_refusal_of_a_worker_is_shown_with_what_to_do(InChromium { chromium, server }: &mut InChromium) {
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
             Check that the server runs and that /sw.js opens, then press Register again.",
            "",
        ),
    ];
    for (name, says, help) in refusals {
        chromium.open_after(&failing("ServiceWorkerContainer.prototype.register", name, "no"), &server.http);
        chromium.press("register");
        chromium.wait_to_read("registration-problem", says);
        assert_eq!(chromium.help(), help, "{says}");
        assert_eq!(chromium.buttons(), "register");
    }
    chromium.expect_a_quiet_console();
}

fn the_page_says_what_a_browser_lacks(InChromium { chromium, server }: &mut InChromium) {
    let no_worker = ["Service workers are not supported here.", "No subscription is possible without service workers."];
    let no_push = [
        "No service worker is registered yet.",
        "No subscription is possible: this browser has no Push API or no notifications here.",
    ];
    let lacking = [
        ("delete Navigator.prototype.serviceWorker;", no_worker, "help-unsupported", ""),
        ("delete window.PushManager;", no_push, "help-unsupported", "register"),
        ("delete window.Notification;", no_push, "help-unsupported", "register"),
        (
            "delete window.PushManager;
             Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)' });",
            no_push,
            "help-ios",
            "register",
        ),
    ];
    for (change, [registration, subscription], help, buttons) in lacking {
        chromium.open_after(change, &server.http);
        chromium.wait_to_read("registration-status-message", registration);
        chromium.wait_to_read("subscription-status-message", subscription);
        assert_eq!(chromium.help(), help, "{change}");
        assert_eq!(chromium.buttons(), buttons, "{change}");
    }
    chromium.expect_a_quiet_console();
}

fn the_page_says_after_ten_seconds_that_subscribe_hangs(Registered { chromium, .. }: &mut Registered) {
    chromium.press("subscribe");
    chromium.wait_to_read("subscription-status-message", "Asking the push service for a subscription …");
    chromium.wait_to_read(
        "subscription-waiting",
        "Still waiting for the push service. Some browsers wait for ever and report no error; reload the page to stop.",
    );
    assert_eq!(chromium.help(), "help-push-service");
    chromium.press("unregister");
    chromium.wait_to_read("registration-status-message", "No service worker is registered yet.");
    assert_eq!(
        (chromium.read("subscription-problem"), chromium.read("subscription-waiting")),
        (String::new(), String::new())
    );
    chromium.expect_a_quiet_console();
}

fn the_page_says_that_an_address_of_the_local_network_is_not_a_secure_context(_: &mut ChromiumInstalled) {
    let server = Server::start_with(&["--name", "barepush.test"]);
    let mut chromium = Chromium::start();
    chromium.open(&server.http.replace("localhost", "barepush.test"));
    chromium.wait_to_read("registration-status-message", "Service workers are not supported here.");
    chromium.wait_to_read("notification-status-message", "Push is not possible without service workers.");
    chromium.wait_to_read("can-secure", "no");
    assert_eq!(chromium.help(), "help-insecure");
    let port = server.http.rsplit(':').next().unwrap();
    chromium.wait_to_read("adb-command", &format!("adb reverse tcp:{port} tcp:{port}"));
    chromium
        .wait_for(&format!("document.querySelector('.https-link').href === {}", json!(format!("{}/", server.https))));
    chromium.expect_a_quiet_console();
}

fn the_chrome_command_is_the_systems_own(InChromium { chromium, server }: &mut InChromium) {
    let commands = [
        ("Win32", "start chrome --user-data-dir=\"%TEMP%\\barepush-chrome\" --ignore-certificate-errors-spki-list="),
        (
            "MacIntel",
            "open -na \"Google Chrome\" --args --user-data-dir=/tmp/barepush-chrome --ignore-certificate-errors-spki-list=",
        ),
        ("Linux x86_64", "chromium --user-data-dir=/tmp/barepush-chrome --ignore-certificate-errors-spki-list="),
    ];
    for (platform, command) in commands {
        let change = format!("Object.defineProperty(navigator, 'platform', {{ value: '{platform}' }});");
        chromium.open_after(&change, &server.http);
        chromium.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
        let shown = chromium.read("chrome-command");
        assert!(shown.starts_with(command) && shown.ends_with(&format!("= {}", server.https)), "{shown}");
    }
}

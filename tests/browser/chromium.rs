//! Chromium's own part: workers behind trusted and untrusted certificates, and every shape of payload.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::Tab;
use crate::browser::chromium::Chromium;
use crate::fixtures::{CertutilInstalled, ChromiumInstalled, InChromium, Registered, register};
use crate::harness::tests;
use crate::page::Page;
use crate::server::Server;

tests![
    on_http_localhost_the_worker_registers_and_unregisters,
    on_https_the_worker_registers_once_the_certificate_is_trusted,
    behind_an_untrusted_certificate_the_page_says_what_to_do_and_its_command_works,
    every_shape_of_payload_is_shown,
    the_worker_leaves_urls_and_actions_to_a_browser_that_can_open_them,
];

fn on_http_localhost_the_worker_registers_and_unregisters(Registered { chromium, .. }: &mut Registered) {
    assert_eq!(chromium.buttons(), "unregister subscribe");
    assert_eq!(chromium.read("subscription-status-message"), "Ready to subscribe.");
    assert_eq!(chromium.read("notification-status-message"), "Subscribe first.");
    chromium.press("unregister");
    chromium.wait_to_read("registration-status-message", "No service worker is registered yet.");
    assert_eq!(chromium.buttons(), "register");
    chromium.expect_a_quiet_console();
}

fn on_https_the_worker_registers_once_the_certificate_is_trusted(_: &mut (ChromiumInstalled, CertutilInstalled)) {
    let server = Server::start();
    let mut chromium = Chromium::start_trusting(&server.certificate());
    register(&mut chromium, &server.https);
    chromium.expect_a_quiet_console();
}

fn behind_an_untrusted_certificate_the_page_says_what_to_do_and_its_command_works(
    InChromium { chromium, server }: &mut InChromium,
) {
    assert_eq!(chromium.try_open(&server.https), Err("net::ERR_CERT_AUTHORITY_INVALID".to_owned()));
    chromium.click_through_warning();
    chromium.press("register");
    chromium.wait_to_read(
        "registration-problem",
        "The browser refused the service worker: it does not trust this certificate. Use one of the ways below.",
    );
    assert_eq!(chromium.help(), "help-certificate");
    let link = chromium.value("document.getElementById('http-link').href");
    assert_eq!(link, json!(format!("{}/", server.http)));
    assert_eq!(
        chromium.read("certutil-command"),
        "certutil -d sql:$HOME/.pki/nssdb -A -t CP,, -n barepush -i keys/tls_cert.pem"
    );
    let command = chromium.read("chrome-command");
    let switch = command.split(' ').find(|part| part.starts_with("--ignore-cert")).unwrap();
    *chromium = Chromium::start_with(switch);
    register(chromium, &server.https);
}

fn every_shape_of_payload_is_shown(Registered { chromium, server, registration }: &mut Registered) {
    let shapes = [
        (r#"{"title":"Ours","body":"flat"}"#, "Ours: flat"),
        (r#"{"title":"Codelab","options":{"body":"ID: 42"}}"#, "Codelab: ID: 42"),
        (
            r#"{"web_push":8030,"notification":{"title":"Declarative","body":"read here","navigate":"/"}}"#,
            "Declarative: read here",
        ),
        ("plain text", "Push message: plain text"),
        ("", "Push message: A push message without text."),
        ("[1, 2]", "Push message: [1, 2]"),
        (r#"{"body":"no title"}"#, "Push message: no title"),
        (r#"{"title":"odd","body":7,"actions":"none","silent":true,"vibrate":[1]}"#, "odd: 7"),
    ];
    for (payload, shown) in shapes {
        chromium.deliver_push(&server.http, registration, payload);
        assert_eq!(chromium.notifications(), json!([shown]), "{payload}");
        chromium.value(
            "navigator.serviceWorker.ready.then(worker => worker.getNotifications())
                .then(all => all.forEach(notification => notification.close()))",
        );
    }
    chromium.expect_a_quiet_console();
}

/// Our page in its own folder. Its worker runs in a browser that the script `change` has changed, and shows what it passes to
/// `showNotification()` as `navigate` and `actions` in the body.
fn page_with_worker_after(change: &str) -> TempDir {
    let page = tempfile::tempdir().unwrap();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/www")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), page.path().join(file.file_name())).unwrap();
    }
    let worker = fs::read_to_string(page.path().join("sw.js")).unwrap();
    let record = "const original = ServiceWorkerRegistration.prototype.showNotification;
        ServiceWorkerRegistration.prototype.showNotification = function (title, { navigate, actions }) {
            return original.call(this, title, { body: JSON.stringify({ navigate, actions }) });
        };";
    fs::write(page.path().join("sw.js"), format!("{change}\n{record}\n{worker}")).unwrap();
    page
}

fn the_worker_leaves_urls_and_actions_to_a_browser_that_can_open_them(_: &mut ChromiumInstalled) {
    let message = r#"{"title":"News","url":"/news","actions":[{"action":"a","title":"A","navigate":"/a"},{"action":"b","title":"B"}]}"#;
    let cases = [
        (
            "Object.defineProperty(Notification.prototype, 'navigate', { value: null });",
            json!({ "navigate": "/news", "actions": [
                { "action": "a", "title": "A", "navigate": "/a" }, { "action": "b", "title": "B" },
            ] }),
            "Click the browser opens the URL itself",
        ),
        (
            "delete Notification.prototype.navigate;",
            json!({ "actions": [{ "action": "a", "title": "A", "navigate": "/a" }, { "action": "b", "title": "B" }] }),
            "Click not yet",
        ),
        ("delete Notification.prototype.navigate; delete Notification.prototype.actions;", json!({}), "Click not yet"),
    ];
    for (change, expected, click) in cases {
        let page = page_with_worker_after(change);
        let server = Server::start_with(&["--www", page.path().to_str().unwrap()]);
        let mut chromium = Chromium::start();
        let registration = register(&mut chromium, &server.http);
        chromium.deliver_push(&server.http, &registration, message);
        let shown = chromium.value(
            "navigator.serviceWorker.ready.then(worker => worker.getNotifications()).then(([{ body }]) => JSON.parse(body))",
        );
        let shown: Value = serde_json::from_str(&shown.to_string().replace(&server.http, "")).unwrap();
        assert_eq!(shown, expected, "{change}");
        chromium.wait_to_read("progress-clicked", click);
    }
}

//! What Chromium users see: workers and certificates, every shape of payload, and each way `subscribe()` can fail.

use serde_json::{Value, json};

use crate::barepush::Server;
use crate::browser::chromium::Chromium;
use crate::browser::{CERTUTIL, CHROMIUM, installed};

/// A push service nobody listens at: in these tests nothing is subscribed.
const NO_PUSH_SERVICE: &str = "http://localhost:9";

/// Each button's id and whether it can be pressed: `register unregister subscribe ...`, those that can.
fn buttons(chromium: &mut Chromium) -> Value {
    chromium.value(
        "['register', 'unregister', 'subscribe', 'unsubscribe', 'notify-me', 'notify-all']
            .filter(id => !document.getElementById(id).disabled).join(' ')",
    )
}

/// Waits until the element `id` says exactly `text`.
fn wait_to_read(chromium: &mut Chromium, id: &str, text: &str) {
    chromium.wait_for(&format!("document.getElementById({}).textContent === {}", json!(id), json!(text)));
}

/// The ids of the help sections that can be seen.
fn help(chromium: &mut Chromium) -> Value {
    chromium
        .value("[...document.querySelectorAll('.help')].filter(help => help.checkVisibility()).map(help => help.id)")
}

/// Opens the page, with notifications allowed, and registers the worker with a click.
fn register(chromium: &mut Chromium, origin: &str) -> String {
    chromium.set_permission(origin, "granted");
    chromium.open(origin);
    chromium.wait_for("!document.getElementById('register').disabled");
    chromium.click("#register");
    wait_to_read(chromium, "registration-status-message", &format!("Registered for the scope {origin}/"));
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
    assert_eq!(buttons(&mut chromium), "unregister subscribe notify-all");
    chromium.click("#unregister");
    wait_to_read(&mut chromium, "registration-status-message", "No service worker is registered yet.");
    assert_eq!(buttons(&mut chromium), "register notify-all");
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
    assert_eq!(chromium.try_open(&server.https), Err("net::ERR_CERT_AUTHORITY_INVALID".to_owned()));
    chromium.click_through_warning();
    chromium.wait_for("!document.getElementById('register').disabled");
    chromium.click("#register");
    wait_to_read(
        &mut chromium,
        "registration-problem",
        "The browser refused the service worker: it does not trust this certificate. Use one of the ways below.",
    );
    assert_eq!(help(&mut chromium), json!(["help-certificate"]));
    let link = chromium.value("document.getElementById('http-link').href");
    assert_eq!(link, json!(format!("{}/", server.http)));
    let command = chromium.value("document.getElementById('chrome-command').textContent");
    let switch = command.as_str().unwrap().split(' ').find(|part| part.starts_with("--ignore-cert")).unwrap();
    let mut chromium = Chromium::start_with(switch);
    register(&mut chromium, &server.https);
}

/// The notifications that are there, as `title: body`.
fn notifications(chromium: &mut Chromium) -> Value {
    chromium.value(
        "navigator.serviceWorker.ready.then(worker => worker.getNotifications())
            .then(all => all.map(({ title, body }) => `${title}: ${body}`))",
    )
}

#[test]
fn every_shape_of_payload_is_shown() {
    if !installed(&[&CHROMIUM]) {
        return;
    }
    let shapes = [
        (r#"{"title":"Ours","body":"flat"}"#, "Ours: flat"),
        (r#"{"title":"Codelab","options":{"body":"ID: 42"}}"#, "Codelab: ID: 42"),
        (
            r#"{"web_push":8030,"notification":{"title":"Declarative","body":"read here","navigate":"/"}}"#,
            "Declarative: read here",
        ),
        ("plain text", "Push message: plain text"),
        ("", "Push message: A push message without a text."),
        ("[1, 2]", "Push message: [1, 2]"),
        (r#"{"body":"no title"}"#, "Push message: no title"),
        (r#"{"title":"odd","body":7,"actions":"none","silent":true,"vibrate":[1]}"#, "odd: 7"),
    ];
    let server = Server::start(NO_PUSH_SERVICE);
    let mut chromium = Chromium::start();
    let registration = register(&mut chromium, &server.http);
    for (payload, shown) in shapes {
        chromium.deliver_push(&server.http, &registration, payload);
        assert_eq!(notifications(&mut chromium), json!([shown]), "{payload}");
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
    chromium.click("#subscribe");
    wait_to_read(&mut chromium, "subscription-status-message", "Asking the push service for a subscription …");
    wait_to_read(
        &mut chromium,
        "subscription-waiting",
        "Still waiting for the push service. Some browsers never give up and never say why; reload the page to stop.",
    );
    assert_eq!(help(&mut chromium), json!(["help-push-service"]));
    assert_eq!(chromium.complaints(), [""; 0]);
}

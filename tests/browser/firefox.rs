//! The whole loop in Firefox: a real prompt, a real push over the local push service, a real notification.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::barepush::{Notified, Server};
use crate::browser::firefox::{Answer, Firefox};
use crate::browser::{CERTUTIL, FIREFOX, Tab, installed};
use crate::page::Page;
use crate::support::push_service::PushService;

/// What the server pushes when a browser has subscribed: title and body.
const WELCOME: (&str, &str) = (
    "Hello from barepush",
    "You are subscribed. This is the first notification.",
);

/// Firefox, the server and the push service, which know of each other.
struct Stage {
    firefox: Firefox,
    server: Server,
    push_service: PushService,
}

/// Which of the server's two addresses Firefox opens.
#[derive(Clone, Copy)]
enum Address {
    Https,
    Http,
}

impl Stage {
    /// Sets it up, the certificate trusted, and opens the page.
    fn open(address: Address) -> Self {
        let push_service = PushService::start();
        let server = Server::start(push_service.origin());
        let certificate = matches!(address, Address::Https).then(|| server.certificate());
        let for_browsers = push_service.origin().replace("http://", "ws://");
        let mut firefox = Firefox::start(&for_browsers, certificate.as_deref());
        firefox.open(match address {
            Address::Https => &server.https,
            Address::Http => &server.http,
        });
        Self {
            firefox,
            server,
            push_service,
        }
    }

    /// Registers and subscribes by clicks, the prompt's Allow included, and sees the first notification.
    fn subscribe(&mut self) {
        self.firefox.press("register");
        self.firefox.press("subscribe");
        self.firefox.answer_prompt(Answer::Allow);
        self.firefox.wait_for_alert(WELCOME.0, WELCOME.1);
        self.wait_until_subscribed();
    }

    fn wait_until_subscribed(&mut self) {
        self.firefox
            .wait_for("!document.getElementById('unsubscribe').disabled");
        assert_eq!(
            self.firefox.buttons(),
            "unregister unsubscribe notify-me notify-all"
        );
    }
}

#[test]
fn from_the_click_to_the_notification_on_https() {
    if !installed(&[&FIREFOX, &CERTUTIL]) {
        return;
    }
    main_loop(Address::Https);
}

#[test]
fn from_the_click_to_the_notification_on_http_localhost() {
    if !installed(&[&FIREFOX]) {
        return;
    }
    main_loop(Address::Http);
}

fn main_loop(address: Address) {
    let mut stage = Stage::open(address);
    stage.subscribe();
    let Stage {
        firefox, server, ..
    } = &mut stage;
    assert_eq!(
        server.notify(&["message"]),
        Notified {
            code: Some(0),
            complaint: String::new()
        }
    );
    firefox.wait_for_alert("barepush", "message");

    firefox.cover_with_another_tab();
    firefox.wait_for("document.visibilityState === 'hidden'");
    firefox.click_alert("barepush", "message");
    firefox.wait_for("document.visibilityState === 'visible' && document.hasFocus()");

    firefox.press("unsubscribe");
    firefox.wait_to_read("subscription-status-message", "Ready to subscribe.");
    assert_eq!(firefox.buttons(), "unregister subscribe notify-all");
    let notified = server.notify(&["message"]);
    assert_eq!(notified.code, Some(3), "{}", notified.complaint);
    assert_eq!(firefox.complaints(), [""; 0]);
}

#[test]
fn a_subscription_ended_behind_the_servers_back_is_set_aside() {
    if !installed(&[&FIREFOX]) {
        return;
    }
    let mut stage = Stage::open(Address::Http);
    stage.subscribe();
    let Stage {
        firefox, server, ..
    } = &mut stage;
    let ended = firefox.value(
        "navigator.serviceWorker.ready.then(worker => worker.pushManager.getSubscription())
            .then(subscription => subscription.unsubscribe())",
    );
    assert_eq!(ended, json!(true));
    let notified = server.notify(&["message"]);
    assert_eq!(notified.code, Some(5), "{}", notified.complaint);
    assert_eq!(
        (
            server.lines("subscription.txt"),
            server.lines("subscription.txt.gone")
        ),
        (0, 1)
    );
}

#[test]
fn a_changed_vapid_key_is_noticed_on_reload_and_mended() {
    if !installed(&[&FIREFOX]) {
        return;
    }
    let mut stage = Stage::open(Address::Http);
    stage.subscribe();
    let Stage {
        firefox, server, ..
    } = &mut stage;
    fs::remove_file(server.file("keys/vapid_private.pem")).expect("the server's VAPID key");
    server.restart();
    let notified = server.notify(&["message"]);
    assert_eq!(notified.code, Some(3), "{}", notified.complaint);
    firefox.reload();
    firefox.wait_to_read(
        "subscription-note",
        "The server’s VAPID key had changed: this browser gave up its old subscription and subscribed anew.",
    );
    assert_eq!(server.notify(&["with the new key"]).code, Some(0));
    firefox.wait_for_alert("barepush", "with the new key");
    assert_eq!(firefox.complaints(), [""; 0]);
}

#[test]
fn a_permission_denied_at_the_prompt_shows_how_to_lift_it() {
    if !installed(&[&FIREFOX]) {
        return;
    }
    let mut stage = Stage::open(Address::Http);
    stage.push_service.expect_no_calls();
    let firefox = &mut stage.firefox;
    firefox.press("register");
    firefox.press("subscribe");
    firefox.wait_to_read(
        "subscription-status-message",
        "Waiting for your answer to the permission prompt …",
    );
    firefox.answer_prompt(Answer::Block);
    firefox.wait_to_read(
        "subscription-problem",
        "Notifications are blocked for this address. Lift the block as told below, then subscribe again.",
    );
    assert_eq!(firefox.help(), "help-denied");
    assert_eq!(firefox.complaints(), [""; 0]);
}

#[test]
fn a_push_is_shown_while_no_page_is_open_and_its_click_opens_one() {
    if !installed(&[&FIREFOX]) {
        return;
    }
    let mut stage = Stage::open(Address::Http);
    stage.subscribe();
    let Stage {
        firefox,
        server,
        push_service,
    } = &mut stage;
    firefox.close_page();
    assert_eq!(server.notify(&["nobody looks"]).code, Some(0));
    push_service.wait_for(2, Duration::from_secs(10));
    firefox.wait_for_alert("barepush", "nobody looks");
    firefox.click_alert("barepush", "nobody looks");
    firefox.take_opened_page(&server.http);
    firefox.wait_for("[...document.querySelectorAll('#log li')].some(line => line.textContent.includes('clicked'))");
}

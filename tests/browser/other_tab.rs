//! What the page notices of another tab and of another browser.

use std::fs;

use crate::browser::Tab;
use crate::fixtures::{InChromium, Registered, Stage, Subscribed, WELCOME};
use crate::harness::tests;
use crate::page::Page;

tests![
    a_subscription_ended_in_another_tab_is_noticed_when_a_button_is_pressed,
    a_worker_unregistered_in_another_tab_is_noticed_when_the_page_is_looked_at,
    in_chromium_a_worker_unregistered_in_another_tab_is_noticed,
    a_browser_does_not_show_another_browsers_push_as_its_own,
];

const ENDED: &str = "This browser’s subscription was ended or replaced: in another tab, or by the browser.";

/// Ends the subscription, as a script in another tab can.
const UNSUBSCRIBE: &str =
    "navigator.serviceWorker.ready.then(registration => registration.pushManager.getSubscription())
    .then(subscription => subscription.unsubscribe())";

/// Ends the registration likewise.
const UNREGISTER: &str = "navigator.serviceWorker.ready.then(registration => registration.unregister())";

fn a_subscription_ended_in_another_tab_is_noticed_when_a_button_is_pressed(
    Subscribed(Stage { firefox, server, .. }): &mut Subscribed,
) {
    firefox.value(UNSUBSCRIBE);
    firefox.press("notify-me");
    firefox.wait_to_read("subscription-note", ENDED);
    firefox.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    firefox.wait_to_read("subscription-status-message", "Ready to subscribe.");
    assert_eq!(firefox.read("notification-problem"), "");
    assert_eq!(fs::read_to_string(server.file("subscription.txt")).unwrap(), "");
    firefox.press("subscribe");
    firefox.wait_for_alert(WELCOME.0, WELCOME.1);
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    firefox.expect_a_quiet_console();
}

fn a_worker_unregistered_in_another_tab_is_noticed_when_the_page_is_looked_at(
    Subscribed(Stage { firefox, .. }): &mut Subscribed,
) {
    firefox.value(UNREGISTER);
    expect_to_notice_when_looked_at(firefox);
    firefox.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    firefox.press("register");
    firefox.press("subscribe");
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    firefox.expect_a_quiet_console();
}

/// Looks at the page, again if it is busy just then.
fn expect_to_notice_when_looked_at(tab: &mut impl Page) {
    tab.wait_for(
        "dispatchEvent(new Event('focus')),
         document.getElementById('registration-status-message').textContent === 'No service worker is registered yet.'",
    );
}

fn in_chromium_a_worker_unregistered_in_another_tab_is_noticed(Registered { chromium, .. }: &mut Registered) {
    chromium.value(UNREGISTER);
    expect_to_notice_when_looked_at(chromium);
    assert_eq!(chromium.buttons(), "register");
    chromium.expect_a_quiet_console();
}

fn a_browser_does_not_show_another_browsers_push_as_its_own(
    (Subscribed(Stage { firefox, server, .. }), InChromium { chromium, .. }): &mut (Subscribed, InChromium),
) {
    firefox.press("notify-me");
    firefox.wait_to_read_start("progress-accepted", "Push service accepted in ");
    chromium.open(&server.http);
    chromium.wait_to_read("server-line", "Server 0.1.0 · 1 subscription stored");
    chromium.wait_to_read("registration-status-message", "No service worker is registered yet.");
    assert_eq!(
        ["progress-accepted", "outcome-says", "outcome-hint"].map(|id| chromium.read(id)),
        ["Push service not yet", "", ""]
    );
    chromium.press("notify-all");
    chromium.wait_to_read_start("outcome-says", "Push at ");
    assert_eq!(chromium.read("progress-accepted"), "Push service not yet");
    chromium.expect_a_quiet_console();
}

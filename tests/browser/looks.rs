//! Whether everybody can read and use the page: axe-core in both colour schemes, narrow and wide; and the README's picture.

use serde_json::json;

use crate::browser::{Tab, target};
use crate::fixtures::{Axe, InChromium, OnHttp, Stage, Subscribed};
use crate::harness::tests;
use crate::page::Page;

tests![
    everything_the_page_can_show_is_accessible_in_light_and_dark,
    the_first_button_is_in_view_on_a_phone_and_a_laptop,
    what_a_newcomer_does_not_need_is_folded_away,
    the_page_fits_phones_tablets_and_wide_screens,
    a_subscribed_page_is_accessible_and_makes_the_readmes_picture,
];

/// Everything the page can unfold, unfolded.
const UNFOLD: &str =
    "document.querySelectorAll('section.help, #log-region, #progress-section').forEach(part => part.hidden = false),
    document.querySelectorAll('details').forEach(part => part.open = true), null";

/// Fails when axe-core finds a serious or critical violation in the page as it is.
fn expect_no_violation(tab: &mut impl Tab, axe: &str, case: &str) {
    tab.value(&format!("(() => {{ {axe} }}).call(window)"));
    let violations = tab.value(
        "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations
            .filter(({ impact }) => ['serious', 'critical'].includes(impact))
            .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`)))",
    );
    assert_eq!(violations, json!([]), "{case}: {violations:#}");
}

fn everything_the_page_can_show_is_accessible_in_light_and_dark(
    (InChromium { chromium, server }, Axe(axe)): &mut (InChromium, Axe),
) {
    chromium.open(&server.http);
    chromium.wait_to_read("registration-status-message", "No service worker is registered yet.");
    chromium.value(UNFOLD);
    for dark in [false, true] {
        chromium.set_dark(dark);
        for width in [390, 1280] {
            chromium.set_viewport(width, 900);
            expect_no_violation(chromium, axe, &format!("dark: {dark}, {width} px"));
        }
    }
    chromium.expect_a_quiet_console();
}

fn the_first_button_is_in_view_on_a_phone_and_a_laptop(
    (OnHttp(Stage { firefox, push_service, .. }), InChromium { chromium, server }): &mut (OnHttp, InChromium),
) {
    push_service.expect_no_calls();
    chromium.open(&server.http);
    for (width, height) in [(390, 844), (1280, 720)] {
        firefox.set_viewport(width, height);
        expect_first_button_in_view(firefox, width);
        chromium.set_viewport(width, height);
        expect_first_button_in_view(chromium, width);
        chromium.screenshot(&target().join(format!("fresh-{width}.png")));
    }
}

fn expect_first_button_in_view(tab: &mut impl Page, width: u32) {
    tab.wait_for(&format!("innerWidth === {width} && !document.getElementById('register').disabled"));
    let below = tab.value("document.getElementById('register').getBoundingClientRect().bottom - innerHeight");
    assert!(below.as_f64().unwrap() < 0.0, "{below} px below the viewport, {width} px wide");
    assert_eq!(tab.value("scrollY"), json!(0));
}

fn what_a_newcomer_does_not_need_is_folded_away(Subscribed(Stage { firefox, .. }): &mut Subscribed) {
    let seen = "['message-title', 'message-body', 'message-url', 'message-ttl', 'message-delay', 'subscription-json']
        .filter(id => document.getElementById(id).checkVisibility({ contentVisibilityAuto: true })).join(' ')";
    assert_eq!(firefox.value(seen), "message-title message-body");
    firefox.fill("message-ttl", "-1");
    firefox.press("notify-me");
    firefox.wait_for("document.activeElement.id === 'message-ttl'");
    assert_eq!(firefox.value(seen), "message-title message-body message-url message-ttl message-delay");
}

fn the_page_fits_phones_tablets_and_wide_screens(InChromium { chromium, server }: &mut InChromium) {
    chromium.open(&server.http);
    chromium.wait_to_read("registration-status-message", "No service worker is registered yet.");
    chromium.value(UNFOLD);
    for width in [320, 390, 768, 1280, 1920] {
        chromium.set_viewport(width, 900);
        let root = "document.documentElement";
        let sideways = chromium.value(&format!("{root}.scrollWidth - {root}.clientWidth"));
        assert_eq!(sideways, json!(0), "scrolls sideways at {width} px");
        for dark in [false, true] {
            chromium.set_dark(dark);
            let scheme = if dark { "dark" } else { "light" };
            chromium.screenshot(&target().join(format!("page-{width}-{scheme}.png")));
        }
    }
}

fn a_subscribed_page_is_accessible_and_makes_the_readmes_picture(
    (Subscribed(Stage { firefox, server, .. }), Axe(axe)): &mut (Subscribed, Axe),
) {
    assert_eq!(server.notify("Dinner is ready").code, Some(0));
    firefox.wait_for_alert("barepush", "Dinner is ready");
    firefox.wait_to_read_start("progress-shown", "Notification shown ");
    for dark in [true, false] {
        firefox.set_dark(dark);
        expect_no_violation(firefox, axe, &format!("dark: {dark}"));
        let scheme = if dark { "dark" } else { "light" };
        for (width, height) in [(390, 1800), (768, 1500), (1280, 1040)] {
            firefox.set_viewport(width, height);
            firefox.screenshot(&target().join(format!("subscribed-{width}-{scheme}.png")));
        }
    }
    firefox.set_viewport(1280, 1040);
    firefox.value("scrollTo(0, 0)");
    firefox.screenshot(&target().join("screenshot.png"));
    firefox.expect_a_quiet_console();
}

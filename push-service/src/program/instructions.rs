//! The steps that the program prints at its start: from here to the first notification. Edit it when a command changes.

use crate::browsers::Kind;
use crate::{PAGE, Wanted, environment};
use std::path::Path;

/// The lines for the browsers that are started; without any, what leads a browser of one's own here.
pub(crate) fn steps(origin: &str, ca_file: &Path, wanted: &[Wanted], switches: &[String]) -> Vec<String> {
    let starts = |kind| wanted.iter().any(|wanted| wanted.kind == kind);
    // Firefox gets endpoints at this program's own address. Chromium's are at Google's, to which the proxy leads.
    let allow = format!(" -- --allow-push-service {origin}");
    let server = if starts(Kind::Firefox) || wanted.is_empty() { allow.as_str() } else { "" };
    let mut lines =
        vec![format!("push service at {origin}, on loopback only, until Ctrl-C; it remembers in memory only")];
    if starts(Kind::Chromium) {
        lines.push("0. in each terminal of the steps 1 and 3, first:".to_owned());
        lines.push(format!("   {}", environment::for_barepush(origin, ca_file)));
    }
    lines.push(format!("1. in a second terminal: cargo run --bin server{server}"));
    for (number, Wanted { kind, page, .. }) in ["2.", "  "].into_iter().zip(wanted) {
        lines.push(format!("{number} in {}, which then opens {page}: register, subscribe", kind.name()));
    }
    if wanted.is_empty() {
        lines.extend(own_browser(origin, switches));
    }
    lines.push("3. in a third terminal:  cargo run --bin notify \"message\"".to_owned());
    lines
}

fn own_browser(origin: &str, switches: &[String]) -> Vec<String> {
    let mut lines = vec![
        "2. start this program with --firefox or --chromium; or lead a browser of your own here:".to_owned(),
        "   Firefox, by these lines in about:config of a new profile, and a new start:".to_owned(),
    ];
    lines.extend(preferences(origin).iter().map(|(name, value)| format!("   {name} = {value}")));
    lines.push(
        "   Chromium or Chrome, with a new --user-data-dir, by these switches; its endpoints are at Google's host,"
            .to_owned(),
    );
    lines.push("   so paste what --env prints into the terminals of 1 and 3 first:".to_owned());
    lines.extend(switches.iter().map(|switch| format!("   {switch}")));
    lines.push(format!("   then register and subscribe on {PAGE}"));
    lines
}

/// What makes Firefox use this push service.
fn preferences(origin: &str) -> [(&'static str, String); 4] {
    let (_, port) = origin.rsplit_once(':').unwrap_or_default();
    [
        ("dom.push.serverURL", format!("\"ws://127.0.0.1:{port}/\"")),
        // ws: instead of wss:
        ("dom.push.testing.allowInsecureServerURL", "true".to_owned()),
        // The default, unless a test driver's own preferences say otherwise.
        ("dom.push.connection.enabled", "true".to_owned()),
        // Firefox draws notifications itself: a desktop without a notification daemon shows them too.
        ("alerts.useSystemBackend", "false".to_owned()),
    ]
}

/// The lines of a profile's `user.js`.
pub(crate) fn user_js(origin: &str) -> Vec<String> {
    let quiet = [
        ("browser.aboutwelcome.enabled", "false"),
        ("browser.shell.checkDefaultBrowser", "false"),
        ("datareporting.policy.dataSubmissionEnabled", "false"),
    ];
    let quiet = quiet.map(|(name, value)| (name, value.to_owned()));
    let line = |(name, value)| format!("user_pref(\"{name}\", {value});");
    preferences(origin).into_iter().chain(quiet).map(line).collect()
}

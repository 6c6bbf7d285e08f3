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
        lines.push(format!("{number} in {}, which then opens {page}: register, subscribe", kind.row().name));
    }
    if wanted.is_empty() {
        lines.extend(own_browser(origin, switches));
    }
    lines.push("3. in a third terminal:  cargo run --bin notify \"message\"".to_owned());
    lines
}

/// Step 2 for a browser that the learner starts; `PREFERENCES` and `SWITCHES` stand for lines.
const OWN_BROWSER: &str = "\
2. start this program with --firefox or --chromium; or lead a browser of your own here:
   Firefox, by these lines in about:config of a new profile, and a new start:
PREFERENCES
   Chromium or Chrome, with a new --user-data-dir, by these switches; its endpoints are at Google's host,
   so paste what --env prints into the terminals of 1 and 3 first:
SWITCHES";

fn own_browser(origin: &str, switches: &[String]) -> Vec<String> {
    let indented = |lines: &[String]| lines.iter().map(|line| format!("   {line}")).collect::<Vec<_>>().join("\n");
    let text = OWN_BROWSER.replace("PREFERENCES", &indented(&preferences(origin)));
    let text = text.replace("SWITCHES", &indented(switches));
    text.lines().map(str::to_owned).chain([format!("   then register and subscribe on {PAGE}")]).collect()
}

/// What makes Firefox use this push service, as about:config shows it: `NAME = VALUE`.
fn preferences(origin: &str) -> Vec<String> {
    let script = user_js(origin);
    let needed = script.lines().take_while(|line| !line.is_empty());
    let calls = needed.filter_map(|line| line.strip_prefix("user_pref(\"")?.strip_suffix(");"));
    calls.map(|call| call.replacen("\", ", " = ", 1)).collect()
}

/// A profile's `user.js`.
pub(crate) fn user_js(origin: &str) -> String {
    let (_, port) = origin.rsplit_once(':').unwrap_or_default();
    include_str!("user.js").replace("PORT", port)
}

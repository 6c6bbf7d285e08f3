//! docs/notify.md: its options, exit codes, samples and script are those of the real `notify`. A test fails here after a change of
//! words: change the manual.

use std::collections::BTreeSet;

use crate::support::program::notify;
use crate::support::sender::Sender;

const MANUAL: &str = include_str!("../../docs/notify.md");

/// The value in the first row of an explanation that is called `name`.
fn value<'a>(explained: &'a str, name: &str) -> &'a str {
    let mut lines = explained.lines().filter_map(|line| line.trim_start().strip_prefix(name));
    lines.find(|rest| rest.starts_with(' ')).unwrap().trim()
}

/// The output below `command` in the manual's samples.
fn sample(command: &str) -> &'static str {
    let (_, rest) = MANUAL.split_once(&format!("$ {command}\n")).unwrap_or_else(|| panic!("no sample of {command}"));
    rest.split("```").next().unwrap_or_default()
}

/// `text` with what differs from run to run replaced: milliseconds, seconds, and the ends of endpoints.
fn without_numbers(text: &str) -> String {
    let word = |word: &str| match word {
        _ if word.starts_with('…') => "…TAIL".to_owned(),
        _ if word.parse::<f32>().is_ok_and(|_| word.contains('.')) => "N".to_owned(),
        word => word.to_owned(),
    };
    let line = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let next = |at: usize| words.get(at + 1).copied();
        let shown = words.iter().enumerate().map(|(at, it)| match next(at) {
            Some("ms") => "N".to_owned(),
            _ => word(it),
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(|it| line(it) + "\n").collect()
}

/// Every `--option` in a text.
fn options(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    let words = text.split(|c: char| !is_part(c));
    words.filter(|word| word.starts_with("--") && word.len() > 3).map(str::to_owned).collect()
}

#[test]
fn the_manual_shows_every_option_and_invents_none() {
    let help = notify(std::env::temp_dir().as_path()).arg("--help").run().stdout;
    let (documented, real) = (options(MANUAL), options(&help));
    let missing: Vec<_> = real.difference(&documented).filter(|option| **option != "--version").collect();
    assert!(missing.is_empty(), "not in docs/notify.md: {missing:?}");
    // Options of cargo, curl and parallel that the samples hold.
    let others =
        ["--bin", "--release", "--include", "--globoff", "--path-as-is", "--request", "--header", "--data-binary"];
    let others: BTreeSet<_> = others.into_iter().chain(["--sshloginfile"]).map(str::to_owned).collect();
    let invented: Vec<_> = documented.difference(&real).filter(|option| !others.contains(*option)).collect();
    assert!(invented.is_empty(), "not in notify --help: {invented:?}");
}

#[test]
fn the_manual_s_exit_codes_are_those_of_the_help_text() {
    let help = notify(std::env::temp_dir().as_path()).arg("--help").run().stdout;
    let (_, codes) = help.split_once("Exit codes").unwrap();
    let of_help: Vec<_> = codes.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    let rows = MANUAL.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let of_manual: Vec<_> = rows.filter(|cell| cell.parse::<u8>().is_ok()).collect();
    assert_eq!(of_help, of_manual);
    assert_eq!(of_help.len(), 8);
}

#[test]
fn the_manual_shows_a_real_dry_run() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    let ended = sender.notify().args(["--dry-run", "Dinner is ready"]).run();
    assert_eq!(sample("notify --dry-run \"Dinner is ready\""), ended.stdout);
}

#[test]
fn the_manual_shows_a_real_explanation() {
    let (sender, [_]) = Sender::with();
    let explained = sender.notify().args(["--explain", "Dinner is ready"]).run().stdout;
    // The value of key_info differs each time, and is cut in the manual.
    let lines = sample("notify --explain \"Dinner is ready\"").lines().filter(|line| !line.contains("..."));
    let missing: Vec<_> = lines.filter(|line| !explained.contains(&format!("\n{line}\n"))).collect();
    assert!(missing.is_empty(), "{missing:#?}\n{explained}");
}

#[test]
fn the_manual_shows_the_members_of_a_real_result() {
    let (sender, [_]) = Sender::with();
    let members = |text: &str| {
        let result: serde_json::Map<_, _> = serde_json::from_str(text).unwrap();
        result.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let ended = sender.notify().args(["--json", "Dinner is ready"]).run();
    assert_eq!(members(sample("notify --json \"Dinner is ready\"")), members(&ended.stdout));
}

#[test]
fn the_manual_shows_a_real_run_to_many() {
    let (sender, [_, gone, _]) = Sender::with();
    sender.service.unsubscribe(&gone);
    let ended = sender.notify().args(["--all", "Sale"]).run();
    assert_eq!(without_numbers(sample("notify --all \"Sale\"")), without_numbers(&(ended.stdout + &ended.stderr)));
}

#[test]
fn the_manual_s_python_derives_the_keys_that_are_shown() {
    let python = |args: &[&str]| std::process::Command::new("python3").args(args).output();
    if python(&["--version"]).is_err() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must have python3");
        println!("skipped: python3 is not installed");
        return;
    }
    let (script, _) = MANUAL.split_once("```python\n").unwrap().1.split_once("```").unwrap();
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    let explained = sender.notify().args(["--explain", "--show-secrets", "--dry-run"]).run().stdout;
    let [auth, ecdh, key_info, salt] =
        ["auth_secret", "ecdh_secret", "key_info", "salt"].map(|name| value(&explained, name));
    let derived = python(&["-c", script, auth, ecdh, key_info, salt]).unwrap();
    let shown = ["IKM", "CEK", "NONCE"].map(|name| format!("{name} {}\n", value(&explained, name)));
    assert_eq!(String::from_utf8(derived.stdout).unwrap(), shown.concat());
}

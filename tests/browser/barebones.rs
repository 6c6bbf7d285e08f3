//! The article's program, examples/barebones, as a student runs it: built by Cargo, opened in a browser, pushed to by `notify`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::browser::chromium::Chromium;
use crate::browser::firefox::{Answer, Firefox};
use crate::fixtures::{ChromiumInstalled, FirefoxInstalled};
use crate::harness::tests;
use crate::page::Page;
use crate::support::program::{self, Program, Running};
use push_service::PushService;

tests![in_firefox_the_example_subscribes_and_both_it_and_notify_push, in_chromium_the_examples_worker_shows_a_push,];

/// The example, built now if it is not up to date: `cargo test --test browser` builds no examples.
fn example() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--workspace", "--example", "barebones"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo started").success(), "the example does not build");
    // This test is target/PROFILE/deps/browser-*.
    let profile = env::current_exe().expect("this test's path");
    profile.ancestors().nth(2).expect("target/PROFILE").join("examples/barebones")
}

/// Starts the example in `folder` on a port that the system chooses; returns it with its URL.
fn start(folder: &std::path::Path) -> (Running, String) {
    let running = Program::new(example(), folder).arg("0").spawn();
    let url = running.url("http");
    running.line(|line| line == "This example is not hardened: for learning on this machine only.");
    (running, url)
}

fn in_firefox_the_example_subscribes_and_both_it_and_notify_push(_: &mut FirefoxInstalled) {
    let push_service = PushService::start();
    let folder = tempfile::tempdir().unwrap();
    let (example, url) = start(folder.path());
    let mut firefox = Firefox::start(&push_service.origin().replace("http://", "ws://"), None);
    firefox.open(&url);
    firefox.press("subscribe");
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_for_alert("Hello from barebones", "This is the first notification.");
    firefox.wait_to_read_start("status", "accepted by localhost in ");
    let printed = example.line(|line| line.starts_with("accepted by localhost in "));
    assert_eq!(printed, firefox.read("status"));
    let stored = fs::read_to_string(folder.path().join("subscription.txt")).unwrap();
    assert_eq!(stored.lines().count(), 1, "{stored}");

    let notified = program::notify(folder.path()).arg("message").run();
    assert_eq!((notified.code, notified.stderr.as_str()), (Some(0), ""));
    firefox.wait_for_alert("barepush", "message");
    firefox.expect_a_quiet_console();
}

fn in_chromium_the_examples_worker_shows_a_push(_: &mut ChromiumInstalled) {
    let folder = tempfile::tempdir().unwrap();
    let (_example, url) = start(folder.path());
    let mut chromium = Chromium::start();
    chromium.set_permission(&url, "granted");
    chromium.open(&url);
    chromium.press("subscribe");
    let registration = chromium.wait_for_worker();
    chromium.deliver_push(&url, &registration, r#"{"title":"barepush","body":"message"}"#);
    assert_eq!(chromium.notifications(), json!(["barepush: message"]));
}

//! The article's program, examples/barebones, as a student runs it: built by Cargo, opened in a browser, pushed to by `notify`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::browser::chromium::Chromium;
use crate::browser::firefox::{Answer, Firefox};
use crate::fixtures::{ChromiumInstalled, FirefoxInstalled, WELCOME};
use crate::harness::tests;
use crate::page::Page;
use crate::server::Server;
use crate::support::program::{self, Program, Running};
use push_service_fixture::PushService;

tests![
    in_firefox_the_example_subscribes_and_both_it_and_notify_push,
    in_chromium_the_example_subscribes_and_both_it_and_notify_push,
    the_examples_page_runs_on_the_server_too,
];

/// The example, built now if it is not up to date: `cargo test --test browser` builds no examples.
fn example() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--example",
        "barebones",
    ]);
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

fn in_chromium_the_example_subscribes_and_both_it_and_notify_push(_: &mut ChromiumInstalled) {
    let push_service = PushService::start();
    let message_channel = push_service.open_message_channel();
    let folder = tempfile::tempdir().unwrap();
    // Google's push service is reached by the proxy that the local one is.
    let by_proxy = |program: Program| {
        program.env("HTTPS_PROXY", push_service.origin()).env("SSL_CERT_FILE", push_service.ca_pem_path())
    };
    let running = by_proxy(Program::new(example(), folder.path())).arg("0").spawn();
    let url = running.url("http");
    let mut chromium = Chromium::start_subscribing(&message_channel.switches(), None);
    chromium.choose_in_settings(&url, "allow");
    chromium.open(&url);
    chromium.press("subscribe");
    chromium.wait_to_read_start("status", "accepted by ");
    chromium.wait_for_push();
    let notified = by_proxy(program::notify(folder.path())).arg("message").run();
    assert_eq!((notified.code, notified.stderr.as_str()), (Some(0), ""));
    chromium.wait_for_push();
    let mut shown: Vec<String> = serde_json::from_value(chromium.notifications()).unwrap();
    shown.sort();
    assert_eq!(shown, ["Hello from barebones: This is the first notification.", "barepush: message"]);
}

/// docs/article.md proposes it.
fn the_examples_page_runs_on_the_server_too(_: &mut FirefoxInstalled) {
    let push_service = PushService::start();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/barebones");
    let server = Server::start_with(&["--www", page, "--allow-push-service", push_service.origin()]);
    let mut firefox = Firefox::start(&push_service.origin().replace("http://", "ws://"), None);
    firefox.open(&server.http);
    firefox.press("subscribe");
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_for_alert(WELCOME.0, WELCOME.1);
    firefox.wait_to_read_start("status", "{\"push\":{\"accepted\":true,");
    firefox.expect_a_quiet_console();
}

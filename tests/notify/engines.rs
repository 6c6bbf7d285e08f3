//! `notify` as a filter under engines that others wrote: GNU parallel and Spark (`examples/`). Left out with a note where
//! those are not installed; with `BAREPUSH_REQUIRE_EXAMPLES=1` that is a failure.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::program::{Finished, Program};
use crate::support::sender::Sender;
use base64ct::{Base64UrlUnpadded, Encoding};
use push_service_fixture::{PushService, TestSubscription, answer};
use serde_json::{Value, json};

/// Spark starts a virtual machine and a Python of its own.
const LIMIT: Duration = Duration::from_secs(180);
/// Enough for several pieces.
const SUBSCRIPTIONS: usize = 24;
const MESSAGE: &str = "for \"all\" of {} & $HOME";

/// The example of this name.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Where the Python with pyspark is that CI makes; else the system's.
fn python() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/examples-venv/bin/python3");
    match made.exists() {
        true => made,
        false => "python3".into(),
    }
}

/// Whether this command works here. If not, its test is left out, and says so past the test harness, which hides what passing
/// tests print; with `BAREPUSH_REQUIRE_EXAMPLES` set, as in CI, it fails instead.
fn installed(what: &str, program: &Path, arguments: &[&str]) -> bool {
    let found = Command::new(program).args(arguments).output().is_ok_and(|ended| ended.status.success());
    if !found {
        let note = format!("an example is left out: install {what} to run it");
        let required = env::var_os("BAREPUSH_REQUIRE_EXAMPLES").is_some();
        assert!(!required, "{note}");
        _ = writeln!(std::io::stderr(), "note: {note}");
    }
    found
}

/// A sender whose key is given by environment alone, and what its browsers are.
fn sender() -> (Sender, Vec<TestSubscription>) {
    let sender = Sender::to(PushService::start_tls());
    let subscriptions = (0..SUBSCRIPTIONS).map(|_| sender.subscribe()).collect();
    fs::remove_dir_all(sender.path("keys")).unwrap();
    (sender, subscriptions)
}

/// `program` with `notify` in its PATH, the VAPID key and the authority to trust in its environment.
fn run(sender: &Sender, program: impl AsRef<Path>, arguments: &[&str]) -> Finished {
    let folder = Path::new(env!("CARGO_BIN_EXE_notify")).parent().unwrap();
    let mut path = OsString::from(folder);
    path.push(":");
    path.push(env::var_os("PATH").unwrap());
    Program::new(program.as_ref(), sender.folder())
        .args(arguments)
        .env("PATH", path)
        .env("HOME", sender.folder())
        .env("VAPID_PRIVATE_KEY", Base64UrlUnpadded::encode_string(&sender.key.to_bytes()))
        .env("SSL_CERT_FILE", sender.service.ca_pem_path())
        .spawn()
        .wait_within(LIMIT)
}

/// Every browser got the message exactly once, and `results` tell of each, with `gone` as the one that was not accepted.
fn everybody_once(sender: &Sender, subscriptions: &[TestSubscription], gone: &TestSubscription, results: &str) {
    let received = sender.service.received();
    assert_eq!(received.len(), SUBSCRIPTIONS);
    for message in &received {
        assert_eq!(message.json(), json!({"title": "barepush", "body": MESSAGE}));
    }
    let told: Vec<Value> = results.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pairs = |class: &str| -> Vec<&str> {
        let mut tails: Vec<_> = told
            .iter()
            .filter(|result| result["class"] == class)
            .map(|result| result["tail"].as_str().unwrap())
            .collect();
        tails.sort_unstable();
        tails
    };
    let mut accepted: Vec<&str> =
        subscriptions.iter().map(|subscription| subscription.tail.as_str()).filter(|tail| *tail != gone.tail).collect();
    accepted.sort_unstable();
    assert_eq!(pairs("accepted"), accepted);
    assert_eq!(pairs("gone"), [gone.tail.as_str()]);
    let endpoints: BTreeSet<_> = received.iter().map(|message| &message.endpoint).collect();
    assert_eq!(endpoints.len(), SUBSCRIPTIONS, "somebody got it twice");
}

#[test]
fn gnu_parallel_cuts_the_list_and_joins_the_results() {
    if !installed("GNU parallel", Path::new("parallel"), &["--version"]) {
        return;
    }
    let (sender, subscriptions) = sender();
    let gone = &subscriptions[SUBSCRIPTIONS / 2];
    sender.service.answer_for(gone, answer::status(410));
    let arguments = ["subscription.txt", MESSAGE, "--block", "2k"];
    let sent = run(&sender, example("parallel.sh"), &arguments);
    // One piece of several has a push that was not accepted.
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(1), ""));
    everybody_once(&sender, &subscriptions, gone, &sent.stdout);
    let lines: BTreeSet<_> =
        sent.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["line"].to_string()).collect();
    assert!(lines.len() < SUBSCRIPTIONS, "all went through one notify");
}

#[test]
fn gnu_parallel_without_a_key_gets_a_hint_how_to_start() {
    let sent = Program::new(example("parallel.sh"), Path::new(".")).args(["subscription.txt", "message"]).run();
    sent.is(2, "", "usage: VAPID_PRIVATE_KEY=... parallel.sh LIST MESSAGE [OPTION OF PARALLEL ...] > RESULTS\n");
}

#[test]
fn spark_pipes_each_partition_through_notify() {
    let python = python();
    if !installed("pyspark", &python, &["-c", "import pyspark"]) || !installed("Java", Path::new("java"), &["-version"])
    {
        return;
    }
    let (sender, subscriptions) = sender();
    let gone = &subscriptions[SUBSCRIPTIONS / 2];
    sender.service.answer_for(gone, answer::status(410));
    let script = example("spark_pipe.py");
    let script = script.to_str().unwrap();
    let arguments = [script, "subscription.txt", "results", MESSAGE, "--partitions", "3"];
    let sent = run(&sender, python, &arguments);
    assert_eq!((sent.code, sent.stdout.as_str()), (Some(0), "24 results for 24 lines in results\n"), "{}", sent.stderr);
    let parts: Vec<String> = fs::read_dir(sender.path("results"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("part-"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert!(parts.len() >= 3, "all went through one notify");
    everybody_once(&sender, &subscriptions, gone, &parts.concat());
}

//! Every refusal that `notify` can explain, vendor by vendor: the real program, and the local push service told by its control
//! interface what to answer. docs/troubleshooting.md, "See each refusal happen", has the commands.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::support::program::Finished;
use crate::support::sender::Sender;
use serde_json::{Value, json};

/// Vendor, answer and exit code: the rows of docs/troubleshooting.md. `local` is a push service of one's own.
fn answers() -> Vec<(String, Value, u8)> {
    let text = document();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [vendor, answer, code] = cells[..] else { return None };
        Some((vendor.to_owned(), serde_json::from_str(answer.trim_matches('`')).ok()?, code.parse().ok()?))
    });
    rows.collect()
}

/// The part of docs/troubleshooting.md that this file holds true.
fn document() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
    let text = fs::read_to_string(file).unwrap();
    let (_, text) = text.split_once("## See each refusal happen\n").unwrap();
    text.split_once("\n## ").unwrap().0.to_owned()
}

/// A request of the control interface.
fn control(sender: &Sender, method: &str, path: &str, body: &Value) -> String {
    let host = sender.service.origin().strip_prefix("http://").unwrap();
    let (mut tcp, body) = (TcpStream::connect(host).unwrap(), body.to_string());
    let headers = format!("Host: {host}\r\nContent-Type: application/json\r\nConnection: close");
    write!(tcp, "{method} {path} HTTP/1.1\r\n{headers}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    body.to_owned()
}

/// Leaves one subscription of this vendor in subscription.txt.
fn subscribe(sender: &Sender, vendor: &str) {
    let wanted = json!({ "vendor": vendor, "applicationServerKey": sender.public_key() });
    let subscription = control(sender, "POST", "/control/subscriptions", &wanted);
    sender.write("subscription.txt", subscription.as_bytes());
}

/// `notify` once, by the proxy.
fn notify(sender: &Sender, arguments: &[&str]) -> Finished {
    let notify = sender.notify().args(["--no-retry", "hello"]).args(arguments);
    let notify = notify.env("HTTPS_PROXY", sender.service.origin()).env("VAPID_SUBJECT", "mailto:me@example.com");
    notify.env("SSL_CERT_FILE", sender.service.ca_pem_path()).run()
}

/// The sentences of the diagnosis table that `notify` prints, read from its source: each cause and each cure once.
fn sentences() -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/push/diagnosis/table.rs");
    let source = fs::read_to_string(file).unwrap();
    let (_, source) = source.split_once("const fn row(").unwrap();
    let (source, _) = source.split_once("\n];").unwrap();
    // A comment may hold a quotation mark; a word that is looked for is not a sentence.
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| {
        let signs = ["Saying(", "ErrnoSaying("];
        let sign = signs.iter().filter_map(|sign| line.find(sign)).min();
        let end = sign.and_then(|start| line[start..].find(')').map(|end| (start, start + end)));
        end.map_or(line.to_owned(), |(start, end)| format!("{}{}", &line[..start], &line[end..]))
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let pieces: Vec<_> = text.split('"').collect();
    // Neither the page's own cures nor a host is printed.
    let is_printed = |before: &str| !["Each(", "At("].iter().any(|call| before.trim_end().ends_with(call));
    pieces.chunks_exact(2).filter(|pair| is_printed(pair[0])).map(|pair| pair[1].to_owned()).collect()
}

#[test]
fn notify_prints_cause_and_cure_of_each_refusal_of_each_vendor() {
    let sender = Sender::new();
    let mut printed = String::new();
    let answers = answers();
    assert!(answers.len() >= 65, "{} rows", answers.len());
    for (vendor, answer, code) in &answers {
        subscribe(&sender, vendor);
        control(&sender, "POST", "/control/answers", answer);
        let ended = notify(&sender, &[]);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(i32::from(*code)), ""),
            "{vendor} {answer} {}",
            ended.stderr
        );
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert!(lines[0].starts_with("notify: error: "), "{vendor} {answer} {}", ended.stderr);
        assert!(lines[1].starts_with("notify: hint: "), "{vendor} {answer} {}", ended.stderr);
        if let (Some(words), true) = (answer["reason"].as_str(), vendor != "local") {
            assert!(lines[0].contains(words), "{vendor} {answer} {}", ended.stderr);
        }
        printed += &ended.stderr;
    }
    // The same subscription at the host that Chromium without Google's branding is given.
    subscribe(&sender, "google");
    let subscription = sender.read("subscription.txt").replace("fcm.googleapis.com", "jmt17.google.com");
    sender.write("subscription.txt", subscription.as_bytes());
    control(&sender, "POST", "/control/answers", &json!({ "status": 410 }));
    let ended = notify(&sender, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{}", ended.stderr);
    printed += &ended.stderr;
    let unseen: Vec<_> = sentences().into_iter().filter(|sentence| !printed.contains(sentence.as_str())).collect();
    assert_eq!(unseen, [""; 0]);
    assert_eq!(sender.service.received().len(), answers.len() + 1);
}

#[test]
fn a_clock_that_is_off_is_named_before_the_push_services_own_reason() {
    let sender = Sender::new();
    control(&sender, "POST", "/control/clock", &json!({ "ahead": 2 * 3600 + 60 }));
    for vendor in ["mozilla", "google", "apple", "windows"] {
        subscribe(&sender, vendor);
        control(&sender, "POST", "/control/answers", &json!({ "status": 403 }));
        let ended = notify(&sender, &[]);
        assert_eq!(ended.code, Some(4), "{}", ended.stderr);
        assert!(ended.stderr.contains("this machine's clock is 2 hours behind the push service's"), "{}", ended.stderr);
    }
}

#[test]
fn each_way_to_drop_a_message_is_explained_and_is_worth_another_try() {
    let sender = Sender::new();
    for (vendor, drop, arguments) in [
        ("apple", "hang", &["--timeout", "1"][..]),
        ("google", "close", &[]),
        ("mozilla", "garbage", &[]),
        ("local", "reset", &[]),
        ("local", "hang", &["--timeout", "1"]),
    ] {
        subscribe(&sender, vendor);
        control(&sender, "POST", "/control/answers", &json!({ "drop": drop }));
        let ended = notify(&sender, arguments);
        assert_eq!(ended.code, Some(6), "{vendor} {drop}: {}", ended.stderr);
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert!(lines.len() == 2 && lines[1].starts_with("notify: hint: "), "{vendor} {drop}: {}", ended.stderr);
    }
}

#[test]
fn a_busy_push_service_is_given_the_time_it_asks_for() {
    let sender = Sender::new();
    subscribe(&sender, "apple");
    control(&sender, "POST", "/control/answers", &json!({ "vendor": "apple", "status": 429, "retry_after": 1 }));
    let notify = sender.notify().arg("hello").env("HTTPS_PROXY", sender.service.origin());
    let notify =
        notify.env("VAPID_SUBJECT", "mailto:me@example.com").env("SSL_CERT_FILE", sender.service.ca_pem_path());
    let ended = notify.run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(sender.service.received().len(), 2);
}

/// The commands of docs/troubleshooting.md, with this machine's port and programs.
#[test]
fn the_documented_commands_show_a_refusal() {
    let sender = Sender::new();
    let text = document();
    let (_, commands) = text.split_once("```sh\n").unwrap();
    let (commands, _) = commands.split_once("```").unwrap();
    let commands = commands.replace("http://localhost:8082", sender.service.origin());
    let commands = commands.replace("cargo run -q --bin notify --", &format!("'{}'", env!("CARGO_BIN_EXE_notify")));
    let mut sh = Command::new("sh");
    sh.args(["-eu", "-c", &commands]).current_dir(sender.folder()).env_remove("https_proxy");
    sh.env("HTTPS_PROXY", sender.service.origin()).env("SSL_CERT_FILE", sender.service.ca_pem_path());
    let output = sh.output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!((output.status.code(), stdout.as_str()), (Some(4), ""), "{stderr}");
    assert!(
        stderr.starts_with("notify: error: refused by web.push.apple.com: 403 Forbidden: BadJwtToken: "),
        "{stderr}"
    );
}

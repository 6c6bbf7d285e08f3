//! `notify --curl`: the printed command, pasted into a shell, sends one message that the strict push service accepts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::support::program::{LIMIT, Program};
use crate::support::sender::Sender;
use push_service_fixture::PushService;

/// Whether these tests have to be skipped because curl is missing, which in CI is a failure.
fn curl_is_missing() -> bool {
    let missing = Command::new("curl").arg("--version").output().is_err();
    assert!(!missing || std::env::var("CI").as_deref() != Ok("true"), "CI must have curl");
    if missing {
        println!("skipped: curl is not installed");
    }
    missing
}

fn paste(command: &str, folder: &Path, ca: Option<&Path>) -> (Option<i32>, String) {
    let mut shell = Program::new("sh", folder).args(["-c", command]);
    if let Some(ca) = ca {
        shell = shell.env("CURL_CA_BUNDLE", ca);
    }
    let ended = shell.run();
    (ended.code, ended.stdout)
}

const NOTE: &str = "notify: note: nothing was sent; keep the command secret: it contains the endpoint and a token valid for 12 hours\n";

#[test]
fn the_command_pastes_into_a_shell_and_is_accepted() {
    if curl_is_missing() {
        return;
    }
    let sender = Sender::to(PushService::start_tls());
    let browser = sender.subscribe();
    let args = ["--curl", "--urgency", "low", "--topic", "news", "--ttl", "60", "it's \"quoted\""];
    let printed = sender.notify().args(args).run();
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), NOTE));
    assert_eq!(sender.service.calls(), 0);
    let (code, answer) = paste(&printed.stdout, sender.folder(), Some(&sender.service.ca_pem_path()));
    assert_eq!((code, answer.lines().next()), (Some(0), Some("HTTP/1.1 201 Created")));
    let received = &sender.service.wait_for(1, LIMIT)[0];
    assert_eq!(received.endpoint, browser.endpoint);
    assert_eq!(received.json()["body"], "it's \"quoted\"");
    assert_eq!((received.ttl, received.urgency.as_deref(), received.topic.as_deref()), (60, Some("low"), Some("news")));
}

#[test]
fn a_message_without_payload_needs_no_file() {
    if curl_is_missing() {
        return;
    }
    let (sender, [_]) = Sender::with();
    let printed = sender.notify().args(["--curl", "--payload", "-"]).run();
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), NOTE));
    assert!(!sender.path("payload.bin").exists());
    let (code, answer) = paste(&printed.stdout, sender.folder(), None);
    assert_eq!((code, answer.lines().next()), (Some(0), Some("HTTP/1.1 201 Created")));
    assert_eq!(sender.service.wait_for(1, LIMIT)[0].payload, None);
}

#[test]
fn a_payload_file_that_cannot_be_written_is_an_error() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    std::fs::create_dir_all(sender.path("payload.bin/full")).unwrap();
    sender.notify().arg("--curl").run().is(
        1,
        "",
        "notify: error: cannot write payload.bin: Is a directory (os error 21)\n\
         notify: hint: run notify in a folder that you may write to\n",
    );
}

/// Takes any number of requests, answers each, and remembers their request lines.
fn request_lines() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&lines);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut reader = BufReader::new(connection.unwrap());
            let (mut first, mut length) = (String::new(), 0);
            reader.read_line(&mut first).unwrap();
            seen.lock().unwrap().push(first.trim_end().to_owned());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap() <= 2 {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            reader.get_mut().write_all(answer).unwrap();
        }
    });
    (origin, lines)
}

#[test]
fn curl_sends_one_request_to_exactly_the_endpoint() {
    if curl_is_missing() {
        return;
    }
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    for path in ["/a[1-3]b", "/{a,b}", "/a/../b/./c", "/it's?a=1&b=$HOME", "/a[1-"] {
        let (origin, lines) = request_lines();
        let mut json: serde_json::Value = serde_json::from_str(&browser.json_with_key).unwrap();
        json["endpoint"] = format!("{origin}{path}").into();
        sender.write("subscription.txt", json.to_string().as_bytes());
        let printed = sender.notify().args(["--curl", "text"]).run();
        assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), NOTE), "{path}");
        let (code, answer) = paste(&printed.stdout, sender.folder(), None);
        assert_eq!((code, answer.lines().next()), (Some(0), Some("HTTP/1.1 201 Created")), "{path}");
        assert_eq!(*lines.lock().unwrap(), [format!("POST {path} HTTP/1.1")]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_stdout_is_an_error() {
    let (sender, [_]) = Sender::with();
    for args in
        [&["--curl"][..], &["--show-public-key"], &["--show-public-key", "--json"], &["--json"], &["--explain"], &[]]
    {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = sender.notify().args(args).stdout(full).run();
        let error = "notify: error: cannot write to stdout: No space left on device (os error 28)\n\
                     notify: hint: check that the disk that stdout goes to has room\n";
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), error), "{args:?}");
    }
}

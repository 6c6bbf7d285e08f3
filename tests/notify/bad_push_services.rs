//! Push services that misbehave: whatever they answer, both programs end in time, stay small and name the right class.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use crate::support::client::Client;
use crate::support::program::{Program, notify, server};
use push_service::answers::Answer;
use push_service_fixture::{PushService, answer};
use serde_json::json;

/// A push's timeout in notify here; the server's is 15 s.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Peak memory of notify, where a stranger may send 1 GiB.
const MIB_MAX: usize = 32;

/// Each way to misbehave; how it is met: the exit code of notify, the class in the server's answers, and a piece of the
/// words of both.
fn table() -> Vec<(&'static str, Answer, i32, &'static str, &'static str)> {
    let ms = Duration::from_millis;
    vec![
        ("1 GiB", answer::huge_body(500, 1024), 6, "busy", "not accepted for now by localhost: 500 "),
        ("1 GiB of success", answer::huge_body(201, 1024), 0, "accepted", "accepted by localhost in "),
        ("headers for ever", answer::endless_headers(), 6, "unreachable", "its answer is not HTTP"),
        ("no HTTP", answer::garbage(), 6, "unreachable", "its answer is not HTTP"),
        ("closed without a word", answer::nothing(), 6, "unreachable", "connection lost"),
        (
            "a redirect to http",
            answer::redirect("http://evil.example/secret"),
            4,
            "refused",
            "refused by localhost: 307 ",
        ),
        ("half an answer", answer::bytes("HTTP/1.1 201 Crea"), 6, "unreachable", "localhost"),
        ("reset in the middle of the body", answer::reset(), 0, "accepted", "accepted by localhost in "),
        ("100 Continue for ever", answer::continues(ms(1), 1_000_000), 6, "unreachable", "localhost"),
        ("Retry-After of a year", answer::retry_after(429, "31536000"), 6, "busy", "429"),
        ("Retry-After beyond all numbers", answer::retry_after(429, "99999999999999999999999"), 6, "busy", "429"),
        ("Retry-After of 2^64 - 1", answer::retry_after(503, "18446744073709551615"), 6, "busy", "503"),
        ("Retry-After of garbage", answer::retry_after(503, "soon; -1"), 6, "busy", "503"),
        ("a status of 999", answer::bytes("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"), 4, "refused", "999"),
        (
            "two lengths",
            answer::bytes("HTTP/1.1 201 Created\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            6,
            "unreachable",
            "localhost",
        ),
    ]
}

/// `notify` through a shell that prints the peak memory of its child, in KiB, as its last line of stderr.
fn measured(folder: &std::path::Path, arguments: &[&str]) -> Program {
    let script = "\"$0\" \"$@\" & child=$!; peak=0; \
        while now=$(grep VmHWM /proc/$child/status 2>/dev/null | tr -dc 0-9); [ -n \"$now\" ]; do peak=$now; sleep 0.01; done; \
        wait $child; code=$?; echo \"$peak\" >&2; exit $code";
    Program::new("bash", folder).args(["-c", script, env!("CARGO_BIN_EXE_notify")]).args(arguments)
}

#[test]
fn whatever_a_push_service_answers_both_programs_end_in_time_small_and_with_the_right_class() {
    let (folder, service) = (tempfile::tempdir().unwrap(), PushService::start());
    let server = server(folder.path()).args(["-q", "--allow-push-service", service.origin()]).spawn();
    let page = Client::new(&server.url("http"));
    let browser = service.subscribe(None);
    assert_eq!(page.post("/add-subscription", &browser.json).status, 201);
    let by = json!({"endpoint": browser.endpoint}).to_string();
    for (what, answer, code, class, words) in table() {
        service.answer_always(answer);
        let start = Instant::now();
        let told = measured(folder.path(), &["--timeout", "2", "--no-retry", "x"]).run();
        let took = start.elapsed();
        assert_eq!(told.code, Some(code), "{what}: {}{}", told.stdout, told.stderr);
        assert!(took < TIMEOUT * 3, "{what}: {took:?}");
        let said = format!("{}{}", told.stdout, told.stderr);
        assert!(said.contains(words), "{what}: {said}");
        assert!(!said.contains("secret") && !said.contains(&browser.endpoint), "{what}: {said}");
        let peak: usize = told.stderr.lines().next_back().unwrap().parse().unwrap();
        assert!(peak / 1024 < MIB_MAX, "{what}: {peak} KiB");

        let start = Instant::now();
        let push = page.post("/notify-me", &by).json()["push"].clone();
        assert_eq!(push["class"], class, "{what}: {push}");
        assert!(push["says"].as_str().unwrap().contains(words), "{what}: {push}");
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        assert_eq!(page.get("/").status, 200, "after {what}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("the server took {peak} KiB at most");
    assert!(peak / 1024 < MIB_MAX, "{peak} KiB");
}

#[test]
fn an_answer_that_drips_ends_with_the_timeout() {
    let (folder, service) = (tempfile::tempdir().unwrap(), PushService::start());
    let server = server(folder.path()).args(["-q", "--allow-push-service", service.origin()]).spawn();
    let page = Client::new(&server.url("http"));
    page.post("/add-subscription", &service.subscribe(None).json);
    service.answer_always(answer::drip(Duration::from_millis(100), 10_000));
    let start = Instant::now();
    let told = notify(folder.path()).args(["--timeout", "2", "--no-retry", "x"]).run();
    // The status has come: the message was taken, however slowly the rest drips in.
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(start.elapsed() < TIMEOUT * 3, "{:?}", start.elapsed());
}

#[test]
fn a_bad_certificate_ends_the_push_before_anything_is_sent() {
    for (service, trusted, why) in [
        (PushService::start_tls(), false, "TLS: invalid peer certificate: "),
        (PushService::start_tls_expired(), true, "TLS: invalid peer certificate: certificate expired"),
        (
            PushService::start_tls_for("other.example"),
            true,
            "TLS: invalid peer certificate: certificate not valid for name \"localhost\"",
        ),
    ] {
        service.expect_no_calls();
        let folder = tempfile::tempdir().unwrap();
        let trusting = |program: Program| match trusted {
            true => program.env("SSL_CERT_FILE", service.ca_pem_path()),
            false => program,
        };
        let server = server(folder.path()).args(["-q", "--allow-push-service", service.origin()]);
        let server = trusting(server).spawn();
        let page = Client::new(&server.url("http"));
        let browser = service.subscribe(None);
        let push = page.post("/add-subscription", &browser.json).json()["push"].clone();
        assert_eq!(push["class"], "unreachable", "{why}: {push}");
        assert!(push["says"].as_str().unwrap().contains(why), "{why}: {push}");
        let told = trusting(notify(folder.path())).args(["--no-retry", "x"]).run();
        assert_eq!(told.code, Some(6), "{}", told.stderr);
        assert!(told.stderr.contains(why), "{why}: {}", told.stderr);
    }
}

/// A push service that knows TLS 1.1 alone: it answers a ClientHello that offers 1.2 and 1.3 with the alert protocol_version
/// (RFC 4346 section 7.2.2), in records of version 3.2.
#[test]
fn a_push_service_that_has_only_tls_1_1_is_reported_as_such() {
    const PROTOCOL_VERSION: [u8; 7] = [21, 3, 2, 0, 2, 2, 70];
    let old = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://localhost:{}", old.local_addr().unwrap().port());
    let answering = std::thread::spawn(move || {
        let (mut tcp, _) = old.accept().unwrap();
        let mut hello = [0; 4096];
        assert!(std::io::Read::read(&mut tcp, &mut hello).unwrap() > 0);
        std::io::Write::write_all(&mut tcp, &PROTOCOL_VERSION).unwrap();
        // Closed only when the client has hung up, so that it reads the alert, not a reset.
        while std::io::Read::read(&mut tcp, &mut hello).is_ok_and(|read| read > 0) {}
    });
    let service = PushService::start();
    service.expect_no_calls();
    let browser = service.subscribe(None);
    let subscription = browser.json.replace(service.origin(), &origin);
    let folder = tempfile::tempdir().unwrap();
    drop(server(folder.path()).spawn().url("https")); // makes the keys
    std::fs::write(folder.path().join("subscription.txt"), subscription).unwrap();
    crate::support::program::notify(folder.path()).run().is(
        6,
        "",
        "notify: error: cannot reach localhost: TLS: received fatal alert: ProtocolVersion\n\
         notify: hint: behind a proxy that reads TLS, or with a push service of your own, name the authority: SSL_CERT_FILE=ca.pem\n",
    );
    answering.join().unwrap();
}

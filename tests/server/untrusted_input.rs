//! What anybody may send to the two ports of the real server. Each row ends in a clear status or a close,
//! in one line of `-v` that holds nothing secret, and with the next request served.

use std::io::Write;
use std::path::PathBuf;

use crate::support::client::Client;
use crate::support::program::{LIMIT, Running, server};
use crate::support::wire::{self, Wire};
use push_service_fixture::{PushService, answer};
use serde_json::json;
use tempfile::TempDir;

/// A server that logs everything, and the log that is expected of it.
struct House {
    folder: TempDir,
    server: Running,
    lines: Vec<String>,
}

impl House {
    fn new(arguments: &[&str]) -> House {
        let folder = tempfile::tempdir().unwrap();
        let server = server(folder.path()).arg("-v").args(arguments).spawn();
        House { folder, server, lines: Vec::new() }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("keys/tls_cert.pem")
    }

    fn open(&self, scheme: &str) -> Wire {
        Wire::open(&self.server.url(scheme), &self.certificate())
    }

    fn port(&self, scheme: &str) -> String {
        self.server.url(scheme).rsplit(':').next().unwrap().to_owned()
    }

    fn expect(&mut self, line: impl Into<String>) {
        self.lines.push(format!("server: {}", line.into()));
    }

    /// The next request, after whatever happened before.
    fn is_served(&mut self, scheme: &str, after: &str) {
        let host = self.port(scheme);
        let request = format!("GET /vapid-public-key HTTP/1.1\r\nHost: localhost:{host}\r\n\r\n");
        let next = self.open(scheme).ask(request);
        assert_eq!((next.status, next.body.len()), (200, 87), "after {after}");
        self.expect("GET /vapid-public-key 200");
    }

    /// Every line expected, and no other. A refusal is logged when its connection has ended, so the order is left open.
    fn has_logged_only_that(mut self) {
        for line in &self.lines {
            self.server.error_line(|logged| logged == line);
        }
        self.server.terminate();
        let ended = self.server.wait();
        let mut logged: Vec<&str> = ended.stderr.lines().collect();
        logged.sort_unstable();
        self.lines.sort_unstable();
        assert_eq!(logged, self.lines);
        assert_eq!(ended.code, Some(0));
    }
}

const PATH: &str = "400 request target is not a path of visible ASCII characters";
const LINE: &str = "400 malformed request line";
const HEADER: &str = "400 malformed header line";
const UNKNOWN_HOST: &str = "403 unknown Host header";
const OTHER_SITE: &str = "403 another site's page may not call this server";
const NOTHING: &str = "404 there is nothing here";
const NO_JSON: &str = "415 the body is not declared as JSON";

/// Requests, `PORT` standing for the listener's and `OTHER` for the other's; and what each must be answered: a status and
/// the error's words.
const TABLE: &[(&str, &str)] = &[
    // DNS rebinding: each method, each way to write an address
    ("GET / HTTP/1.1|Host: evil.example:PORT||", UNKNOWN_HOST),
    ("POST /notify-all HTTP/1.1|Host: evil.example:PORT||", UNKNOWN_HOST),
    ("PUT / HTTP/1.1|Host: evil.example:PORT||", UNKNOWN_HOST),
    ("DELETE / HTTP/1.1|Host: evil.example:PORT||", UNKNOWN_HOST),
    ("OPTIONS / HTTP/1.1|Host: evil.example:PORT||", UNKNOWN_HOST),
    ("TRACE / HTTP/1.1|Host: evil.example:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: localhost:OTHER||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: localhost.:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: 2130706433:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: 127.1:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: 0177.0.0.1:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: [0:0:0:0:0:0:0:1]:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: [::ffff:127.0.0.1]:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: me@localhost:PORT||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host: localhost:PORT, evil.example||", UNKNOWN_HOST),
    ("GET / HTTP/1.1|Host:||", UNKNOWN_HOST),
    ("GET / HTTP/1.1||", "400 no Host header"),
    ("GET / HTTP/1.0||", "400 no Host header"),
    ("GET / HTTP/1.1|Host: localhost:PORT|host: evil.example||", "400 more than one Host header"),
    ("GET http://localhost:PORT/ HTTP/1.1|Host: localhost:PORT||", PATH),
    ("GET http://evil.example/ HTTP/1.1|Host: localhost:PORT||", PATH),
    ("CONNECT evil.example:443 HTTP/1.1|Host: localhost:PORT||", PATH),
    // Cross-site requests
    ("POST /notify-all HTTP/1.1|Host: localhost:PORT|Origin: null||", OTHER_SITE),
    ("POST /notify-all HTTP/1.1|Host: localhost:PORT|Origin: http://evil.example||", OTHER_SITE),
    ("POST /notify-all HTTP/1.1|Host: localhost:PORT|Origin: https://localhost:OTHER||", OTHER_SITE),
    ("POST /notify-all HTTP/1.1|Host: localhost:PORT|Origin: http://localhost:OTHER||", OTHER_SITE),
    ("POST /notify-me HTTP/1.1|Host: localhost:PORT|Content-Type: text/plain|Content-Length: 2||{}", NO_JSON),
    (
        "POST /notify-me HTTP/1.1|Host: localhost:PORT|Content-Type: application/x-www-form-urlencoded|Content-Length: 2||{}",
        NO_JSON,
    ),
    ("POST /notify-me HTTP/1.1|Host: localhost:PORT|Content-Length: 2||{}", NO_JSON),
    ("POST /notify-all HTTP/1.1|Host: localhost:PORT||", "409 nobody has subscribed yet"), // curl
    // Smuggling: where a request ends is beyond doubt, or nothing after it is read
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Content-Length: 4|Transfer-Encoding: chunked||0||GET /smuggled HTTP/1.1|Host: localhost:PORT||",
        "501 transfer codings are not understood",
    ),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Transfer-Encoding: chunked||zz|;;;|",
        "501 transfer codings are not understood",
    ),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Transfer-Encoding: \x0bchunked||0||",
        "400 control character in the head",
    ),
    ("POST /notify-all HTTP/1.1|Host: localhost:PORT|Transfer-Encoding : chunked||0||", HEADER),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Content-Length: 0|Content-Length: 44||GET /smuggled HTTP/1.1|Host: localhost:PORT||",
        "400 more than one Content-Length",
    ),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Content-Length: 0, 0||",
        "400 Content-Length is not a decimal number",
    ),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Content-Length: -5||",
        "400 Content-Length is not a decimal number",
    ),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Content-Length: 0x10||",
        "400 Content-Length is not a decimal number",
    ),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Content-Length: 18446744073709551617||",
        "413 request body too large",
    ),
    ("POST /notify-all HTTP/1.1|Host: localhost:PORT|Content-Length: 104857600||", "413 request body too large"),
    (
        "POST /notify-all HTTP/1.1|Host: localhost:PORT|Expect: 100-continue|Content-Length: 4||",
        "417 expectations are not met",
    ),
    ("GET / HTTP/1.1|Host: localhost:PORT| folded: yes||", HEADER),
    ("GET / HTTP/1.1\nHost: localhost:PORT\n\n", "400 bare line feed in the head"),
    ("GET / HTTP/1.1|Host: localhost:PORT\nX: y||", "400 bare line feed in the head"),
    ("GET / HTTP/1.1|Host: localhost:PORT\rX: y||", "400 bare carriage return in the head"),
    ("GET /||", LINE), // HTTP/0.9
    ("PRI * HTTP/2.0||SM||", "400 neither HTTP/1.0 nor HTTP/1.1"),
    ("GET / HTTP/3.0|Host: localhost:PORT||", "400 neither HTTP/1.0 nor HTTP/1.1"),
    // Paths
    ("GET /../keys/vapid_private.pem HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /..%2fkeys%2fvapid_private.pem HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /%2e%2e/keys/vapid_private.pem HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /..\\keys\\vapid_private.pem HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /page.js/../../keys/vapid_private.pem HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /page.js%00.html HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET //etc/passwd HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /etc/passwd HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /keys/vapid_private.pem HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /subscription.txt HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /.git/config HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET /./page.js HTTP/1.1|Host: localhost:PORT||", NOTHING),
    ("GET file:///etc/passwd HTTP/1.1|Host: localhost:PORT||", PATH),
    ("GET \\page.js HTTP/1.1|Host: localhost:PORT||", PATH),
    ("GET /page.js\0 HTTP/1.1|Host: localhost:PORT||", "400 control character in the head"),
];

#[test]
fn whatever_is_sent_is_answered_or_closed_and_the_next_request_is_served() {
    let mut house = House::new(&[]);
    for scheme in ["https", "http"] {
        let (port, other) = (house.port(scheme), house.port(if scheme == "https" { "http" } else { "https" }));
        for (request, outcome) in TABLE {
            let shown = format!("{scheme}: {request:?}");
            let request = request.replace('|', "\r\n").replace("PORT", &port).replace("OTHER", &other);
            let mut wire = house.open(scheme);
            let from = wire.port();
            let answer = wire.ask(&request);
            let (status, error) = outcome.split_once(' ').unwrap();
            assert_eq!(answer.status.to_string(), status, "{shown}: {answer:?}");
            let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(body["error"], error, "{shown}");
            assert!(body["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{shown}");
            assert!(answer.head.contains("X-Content-Type-Options: nosniff\r\n"), "{shown}");
            let by_the_front = answer.head.contains("\r\nConnection: close\r\n");
            let mut words = request.split([' ', '\r']);
            match by_the_front {
                // Nothing that follows is read as a request.
                true => {
                    wire.finish();
                    assert_eq!(wire.rest(), b"", "{shown}");
                    house.expect(format!("127.0.0.1:{from}: {status}: {error}"));
                }
                false => house.expect(format!(
                    "{} {} {status}",
                    words.next().unwrap(),
                    words.next().unwrap().escape_default()
                )),
            }
            drop(wire);
            house.is_served(scheme, &shown);
        }
    }
    house.has_logged_only_that();
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let mut house = House::new(&[]);
    for scheme in ["https", "http"] {
        let host = format!("Host: localhost:{}\r\n", house.port(scheme));
        for (request, outcome) in [
            (format!("GET / HTTP/1.1\r\n{host}X: {}\r\n\r\n", "y".repeat(1 << 20)), "431: request head too large"),
            (format!("GET / HTTP/1.1\r\n{host}{}\r\n", "X: y\r\n".repeat(10_000)), "431: request head too large"),
            (format!("GET /{} HTTP/1.1\r\n{host}\r\n", "y".repeat(1 << 20)), "431: request head too large"),
        ] {
            let mut wire = house.open(scheme);
            // The rest may meet a closed connection.
            let _ = wire.write_all(request.as_bytes());
            assert_eq!(wire.answer().status.to_string(), outcome[..3]);
            house.expect(format!("127.0.0.1:{}: {outcome}", wire.port()));
            drop(wire);
            house.is_served(scheme, outcome);
        }
    }
    house.has_logged_only_that();
}

#[test]
fn what_is_not_a_tls_handshake_of_ours_is_closed_and_the_next_request_is_served() {
    let mut house = House::new(&[]);
    let https = house.server.url("https");
    // RFC 5246 §7.4.1.2: version 3.2 is TLS 1.1, one cipher suite, no compression, no extension.
    let mut tls_1_1 = b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x02".to_vec();
    tls_1_1.extend([7; 32]);
    tls_1_1.extend(b"\x00\x00\x02\xc0\x13\x01\x00");
    for (bytes, why) in [
        (tls_1_1, "closed: no TLS handshake: peer is incompatible: "),
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00".to_vec(), "closed: no TLS handshake: "), // SSL 2
        (b"\x16\x03\x01\x00\x05hello".to_vec(), "closed: no TLS handshake: "),
        (b"\x16\x03\x01\xff\xff".to_vec(), "closed: no TLS handshake: "), // a record of 64 KiB
        (b"\x17\x03\x03\x00\x05hello".to_vec(), "closed: no TLS handshake: "), // data first
        (b"\x15\x03\x03\x00\x02\x02\x28".to_vec(), "closed: no TLS handshake: "), // an alert first
    ] {
        let mut wire = Wire::Plain(wire::connect(&https));
        wire.write_all(&bytes).unwrap();
        wire.finish();
        // An alert perhaps, HTTP never.
        assert!(!wire.rest().starts_with(b"HTTP"), "{bytes:?}");
        let start = format!("server: 127.0.0.1:{}: {why}", wire.port());
        house.lines.push(house.server.error_line(|line| line.starts_with(&start)));
        house.is_served("https", why);
    }
    let mut h2_only = wire::client_config(&house.certificate());
    h2_only.alpn_protocols = vec![b"h2".to_vec()];
    let refused = Wire::tls(&https, h2_only, "localhost").err().unwrap();
    assert_eq!(refused.to_string(), "received fatal alert: NoApplicationProtocol");
    house.lines.push(house.server.error_line(|line| line.ends_with("peer doesn't support any known protocol")));
    house.is_served("https", "a client of HTTP/2 alone");

    let mut hello = Wire::Plain(wire::connect(&house.server.url("http")));
    hello.write_all(b"\x16\x03\x01\x00\x05hello").unwrap();
    assert_eq!(hello.rest(), b"");
    house.expect(format!("127.0.0.1:{}: closed: TLS sent to the http port", hello.port()));
    house.is_served("http", "TLS on the http port");
    house.has_logged_only_that();
}

#[test]
fn the_name_asked_for_in_tls_opens_nothing_that_host_does_not() {
    let mut house = House::new(&[]);
    let https = house.server.url("https");
    let port = house.port("https");
    let get = |host: &str| format!("GET /status HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    // A browser that was led here by another name finds no such name in the certificate.
    let refused = Wire::tls(&https, wire::client_config(&house.certificate()), "evil.example");
    assert!(refused.err().unwrap().to_string().contains("not valid for name \"evil.example\""),);
    house.lines.push(house.server.error_line(|line| line.contains("closed: no TLS handshake: received fatal alert: ")));
    // One that does not care is judged by Host alone.
    let config = wire::config_for_another_sni(&house.certificate());
    let mut wire = Wire::tls(&https, config, "evil.example").unwrap();
    assert_eq!(wire.ask(get("evil.example")).status, 403);
    assert_eq!(wire.ask(get("localhost")).status, 200);
    house.expect("GET /status 403");
    house.expect("GET /status 200");
    drop(wire);
    house.is_served("https", "another name");
    house.has_logged_only_that();
}

#[test]
fn an_endpoint_of_no_known_push_service_is_refused_and_neither_stored_nor_called_nor_logged() {
    let service = PushService::start();
    service.expect_no_calls();
    let mut house = House::new(&["--allow-push-service", service.origin()]);
    let allowed = service.origin().strip_prefix("http://").unwrap();
    let port = allowed.rsplit(':').next().unwrap();
    let page = Client::new(&house.server.url("http"));
    let vector: serde_json::Value = serde_json::from_str(include_str!("../vectors/rfc8291.json")).unwrap();
    let long = format!("https://fcm.googleapis.com/{}", "y".repeat(4096 - 27));
    assert_eq!(long.len(), 4096);
    let not_here = |origin: &str| format!("\"{origin}\" is not a push service known here");
    const NO_URI: &str = "endpoint: not an absolute https URI with a host";
    for (endpoint, error) in [
        (long, "endpoint: 4096 bytes long, at most 2048 are accepted".to_owned()),
        ("https://fcm.googleapis.com@evil.example/secret".into(), NO_URI.into()),
        ("https://user:secret@fcm.googleapis.com/x".into(), NO_URI.into()),
        (format!("http://{allowed}@evil.example/secret"), NO_URI.into()),
        ("https://fcm.googleapis.com\\@evil.example/secret".into(), NO_URI.into()),
        ("https://fcm.googleapis.com%2eevil.example/secret".into(), NO_URI.into()),
        ("https://fcm.googleapis.com./secret".into(), NO_URI.into()),
        ("https://fcm.g\u{43e}ogleapis.com/secret".into(), NO_URI.into()),
        ("https://fcm.googleapis.com/secr\u{e9}t".into(), NO_URI.into()),
        ("https://fcm\u{ff0e}googleapis.com/secret".into(), NO_URI.into()),
        ("https://fcm.googleapis.com/secret#x".into(), NO_URI.into()),
        ("https://fcm.googleapis.com/sec ret".into(), NO_URI.into()),
        ("//fcm.googleapis.com/secret".into(), NO_URI.into()),
        ("file:///etc/passwd".into(), NO_URI.into()),
        ("gopher://fcm.googleapis.com/secret".into(), NO_URI.into()),
        (
            "http://fcm.googleapis.com/secret".into(),
            "endpoint: http is accepted on loopback only, a push service speaks https".into(),
        ),
        ("https://xn--fcm-gogleapis-s8i.com/secret".into(), not_here("https://xn--fcm-gogleapis-s8i.com")),
        (
            format!("http://2130706433:{port}/secret"),
            "endpoint: http is accepted on loopback only, a push service speaks https".into(),
        ),
        (
            format!("http://0177.0.0.1:{port}/secret"),
            "endpoint: http is accepted on loopback only, a push service speaks https".into(),
        ),
        (format!("http://127.0.0.1:{port}/secret"), not_here(&format!("http://127.0.0.1:{port}"))),
        (format!("http://[::1]:{port}/secret"), not_here(&format!("http://[::1]:{port}"))),
        (format!("https://localhost:{port}/secret"), not_here(&format!("https://localhost:{port}"))),
        ("https://2130706433/secret".into(), not_here("https://2130706433")),
        ("https://0x7f000001/secret".into(), not_here("https://0x7f000001")),
        ("https://169.254.169.254/secret".into(), not_here("https://169.254.169.254")),
        ("https://[::ffff:127.0.0.1]/secret".into(), not_here("https://[::ffff:127.0.0.1]")),
        (
            "https://fcm.googleapis.com:8443/secret".into(),
            "\"https://fcm.googleapis.com:8443\" is not https on port 443".into(),
        ),
        ("https://fcm.googleapis.com.evil.example/secret".into(), not_here("https://fcm.googleapis.com.evil.example")),
        (
            "https://permanently-removed.invalid/secret".into(),
            "the endpoint's host is \"permanently-removed.invalid\": the browser has given this subscription up".into(),
        ),
    ] {
        let subscription = json!({
            "endpoint": endpoint,
            "keys": {"p256dh": vector["ua_public"], "auth": vector["auth_secret"]},
        });
        let got = page.post("/add-subscription", &subscription.to_string());
        let answer = (got.status, got.json()["error"].clone());
        assert_eq!(answer, (400, json!(error)), "{endpoint}");
        assert!(!got.text.contains("secret"), "{endpoint}: {}", got.text);
        house.expect("POST /add-subscription 400");
    }
    assert!(!house.folder.path().join("subscription.txt").exists());
    house.is_served("http", "all of them");
    house.has_logged_only_that();
}

#[test]
fn a_push_services_redirect_is_not_followed() {
    let (service, elsewhere) = (PushService::start(), PushService::start());
    elsewhere.expect_no_calls();
    let house = House::new(&["--allow-push-service", service.origin()]);
    let page = Client::new(&house.server.url("http"));
    let browser = service.subscribe(None);
    let target = elsewhere.subscribe(None).endpoint;
    service.answer_next(answer::redirect(&target));
    let push = page.post("/add-subscription", &browser.json).json()["push"].clone();
    assert_eq!((&push["class"], &push["status"]), (&json!("refused"), &json!(307)));
    assert_eq!(service.wait_for(1, LIMIT).len(), 1);
    assert!(!house.server.printed().contains(&target));
}

/// TLS 1.2 knows renegotiation, a way to make a server work for nothing; rustls never takes part in one. Only openssl asks for it.
#[test]
#[ignore = "needs the openssl command"]
fn renegotiation_is_refused_and_the_next_request_is_served() {
    let mut house = House::new(&[]);
    let address = format!("127.0.0.1:{}", house.port("https"));
    let script = "(printf 'R\\n'; sleep 2) | openssl s_client -tls1_2 -connect \"$0\" 2>&1";
    let tried = crate::support::program::Program::new("sh", house.folder.path()).args(["-c", script, &address]).run();
    assert!(tried.stdout.contains("RENEGOTIATING"), "{}", tried.stdout);
    assert!(tried.stdout.contains("no renegotiation"), "{}", tried.stdout);
    house.is_served("https", "renegotiation");
}

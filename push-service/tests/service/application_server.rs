//! The push service that other tests rely on, as application servers meet it: what it accepts, what it refuses and in which
//! words, and how it misbehaves when told to.

use crate::sender::{LIMIT, Request, Response, Sender, claims, decode, encode, encrypt, exchange, now, trusting};
use push_service::decryption::BrowserKeys;
use push_service_fixture::{PushService, TestSubscription, answer};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

fn vector(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    decode(vector[name].as_str().unwrap())
}

/// A good message with the payload `hello`.
fn hello(service: &PushService, sender: &Sender, to: &TestSubscription) -> Request {
    let authorization = sender.authorization(&claims(service.origin()));
    let body = encrypt(b"hello\x02", 4096, &to.p256dh, &to.auth);
    Request::new(&to.endpoint, authorization, body)
}

/// A service, a sender and a subscription restricted to the sender's key.
fn scene() -> (PushService, Sender, TestSubscription) {
    let (service, sender) = (PushService::start(), Sender::new());
    let subscription = service.subscribe(Some(&sender.key()));
    (service, sender, subscription)
}

#[test]
fn the_example_of_rfc_8291_decrypts() {
    let example = vector(include_str!("../../../tests/vectors/rfc8291.json"));
    let keys = BrowserKeys::from_bytes(&bytes(&example, "ua_private"), &bytes(&example, "auth_secret"));
    let keys = keys.unwrap();
    assert_eq!(keys.p256dh, bytes(&example, "ua_public"));
    let payload = keys.decrypt(&bytes(&example, "body")).unwrap();
    assert_eq!(String::from_utf8(payload).unwrap(), example["plaintext"]);
}

#[test]
fn a_message_that_a_browser_would_drop_is_named_for_its_fault() {
    let keys = BrowserKeys::generate();
    let (p256dh, auth) = (encode(&keys.p256dh), encode(&keys.auth));
    let sealed = |plain: &[u8], rs| encrypt(plain, rs, &p256dh, &auth);
    let mut tampered = sealed(b"hello\x02", 4096);
    *tampered.last_mut().unwrap() ^= 1;
    let mut short_key = sealed(b"hello\x02", 4096);
    short_key[20] = 64;
    let table = [
        (vec![0; 85], "the body is shorter than its header"),
        (short_key, "the key in the header is not 65 bytes long"),
        (sealed(b"hello\x02", 22), "rs is 22, the record 22 bytes"),
        (sealed(b"hello\x02", u32::MAX), "rs is 4294967295, which Firefox drops"),
        (tampered, "the record does not decrypt with this subscription's keys"),
        (sealed(b"hello\x01", 4096), "the last record's delimiter is not 0x02"),
        (sealed(b"\x02", 4096), "an encrypted empty payload, which Chromium drops"),
        (sealed(b"\0\0", 4096), "the last record's delimiter is not 0x02"),
    ];
    for (body, fault) in table {
        assert_eq!(keys.decrypt(&body).unwrap_err(), fault);
    }
    assert_eq!(keys.decrypt(&sealed(b"hello\x02\0\0\0", 4096)).unwrap(), b"hello");
    assert_eq!(keys.decrypt(&sealed(b"hello\x02", 23)).unwrap(), b"hello");
}

#[test]
fn a_good_message_is_answered_with_201_and_received_decrypted() {
    let (service, sender, subscription) = scene();
    let request = hello(&service, &sender, &subscription);
    let response = request.clone().with("Urgency", Some("high")).with("Topic", Some("news")).send();
    assert_eq!(response.status, 201);
    assert_eq!(response.header("TTL"), Some("60"));
    assert!(response.header("Location").unwrap().starts_with(&format!("{}/m/", service.origin())));
    assert_eq!(response.body, "");
    let received = service.wait_for(1, LIMIT);
    let [message] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(message.text(), "hello");
    assert_eq!(message.endpoint, subscription.endpoint);
    assert_eq!(message.body, request.body);
    assert_eq!(message.ttl, 60);
    assert_eq!(message.urgency.as_deref(), Some("high"));
    assert_eq!(message.topic.as_deref(), Some("news"));
    assert_eq!(message.claims["aud"], service.origin());
    assert_eq!(encode(&message.key), sender.key());
    assert_eq!(message.header("content-encoding"), Some("aes128gcm"));
}

#[test]
fn a_message_without_a_body_is_taken() {
    let (service, sender, subscription) = scene();
    let request = hello(&service, &sender, &subscription).with_body(Vec::new());
    assert_eq!(request.clone().send().status, 201);
    assert_eq!(request.with("Content-Encoding", None).send().status, 201);
    assert_eq!(service.received().last().unwrap().payload, None);
}

#[test]
fn endpoint_and_json_look_as_a_browser_makes_them() {
    let (service, sender, subscription) = scene();
    service.expect_no_calls();
    assert!((210..=220).contains(&subscription.endpoint.len()), "{}", subscription.endpoint.len());
    assert!(subscription.endpoint.ends_with(&subscription.tail));
    let json: Value = serde_json::from_str(&subscription.json).unwrap();
    assert_eq!(json["endpoint"], subscription.endpoint);
    assert_eq!(bytes(&json["keys"], "p256dh").len(), 65);
    assert_eq!(bytes(&json["keys"], "auth").len(), 16);
    let json: Value = serde_json::from_str(&subscription.json_with_key).unwrap();
    assert_eq!(json["applicationServerKey"], sender.key());
}

/// Mozilla's answers to wrong requests, and the strict rules where Mozilla would accept them.
#[test]
fn each_wrong_request_is_refused_as_mozilla_refuses_it() {
    let (service, sender, subscription) = scene();
    let good = hello(&service, &sender, &subscription);
    let topic = "t".repeat(33);
    let long = encrypt(&[&[b'x'; 4010 - 16][..], b"\x02"].concat(), 65536, &subscription.p256dh, &subscription.auth);
    assert_eq!(long.len(), 4097);
    let header = |name, value| good.clone().with(name, value);
    let table = [
        (header("TTL", None), 400, 111, "Missing TTL value"),
        (header("TTL", Some("abc")), 400, 111, "Missing TTL value"),
        (header("TTL", Some("1.5")), 400, 111, "Missing TTL value"),
        (header("TTL", Some("18446744073709551616")), 400, 111, "Missing TTL value"),
        (header("TTL", Some("-1")), 400, 114, "Invalid TTL value"),
        (header("Topic", Some(&topic)), 400, 113, "Invalid topic"),
        (header("Topic", Some("a b")), 400, 113, "Invalid topic"),
        (header("Topic", Some("")), 400, 113, "Invalid topic"),
        (header("Content-Encoding", None), 400, 110, "Invalid Content-Encoding header"),
        (header("Content-Encoding", Some("AES128GCM")), 400, 110, "Invalid Content-Encoding header"),
        (header("Content-Encoding", Some("aesgcm")), 400, 110, "Invalid Content-Encoding header"),
        (good.clone().with_body(long), 413, 104, "payload reached size limit"),
        (header("Authorization", None), 401, 109, "Missing VAPID public key"),
        (header("Authorization", Some("vapid k=B; t=A")), 401, 109, "Missing VAPID public key"),
        (good.clone().with_body(vec![7; 200]), 400, 999, "strict test: the key in the header is not 65 bytes long"),
    ];
    for (request, status, errno, message) in table {
        let response = request.send();
        assert_eq!((response.status, response.reason()), (status, (errno, message.to_owned())));
    }
    assert_eq!(service.received().len(), 0);
    assert_eq!(service.refused().len(), 15);
    assert_eq!(service.calls(), 15);
}

#[test]
fn each_wrong_token_is_refused_with_401_or_by_the_strict_rule() {
    let (service, sender, subscription) = scene();
    let good = hello(&service, &sender, &subscription);
    let origin = service.origin();
    let claim = |name: &str, value: Value| {
        let mut claims = claims(origin);
        claims[name] = value;
        sender.authorization(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims(origin);
        claims.as_object_mut().unwrap().remove(name);
        sender.authorization(&claims)
    };
    let other = Sender::new();
    let jwt = |header: Value| format!("vapid t={}, k={}", sender.token(&header, &claims(origin)), sender.key());
    let not_its_key = good.headers[1].1.replace(&sender.key(), &other.key());
    let audience = "Invalid VAPID audience";
    let integer = "Invalid VAPID token: exp must be an integer";
    let port = origin.rsplit_once(':').unwrap().1;
    let table = [
        (other.authorization(&claims(origin)), 401, "VAPID public key mismatch"),
        (not_its_key, 401, "InvalidSignature"),
        (jwt(json!({ "alg": "HS256" })), 401, "Invalid VAPID token: InvalidAlgorithm"),
        (jwt(json!({ "alg": "none" })), 401, "Invalid VAPID token: InvalidAlgorithm"),
        (claim("aud", format!("{origin}/").into()), 401, audience),
        (claim("aud", "http://localhost".into()), 401, audience),
        (claim("aud", format!("https://localhost:{port}").into()), 401, audience),
        (claim("aud", format!("http://127.0.0.1:{port}").into()), 401, audience),
        (claim("aud", json!([origin])), 401, "Invalid VAPID token: aud must be a string"),
        (without("aud"), 401, "Invalid VAPID token: aud must be a string"),
        (claim("exp", (now() - 90).into()), 401, "ExpiredSignature"),
        (claim("exp", (now() + 90_000).into()), 401, "The VAPID token expiration is too long"),
        (claim("exp", "1795286000".into()), 401, integer),
        (claim("exp", 1.5.into()), 401, integer),
        (without("exp"), 401, integer),
        (claim("exp", (now() - 10).into()), 400, "strict test: exp is not within the next 24 h"),
        (without("sub"), 400, "strict test: claims are [\"aud\", \"exp\"], not exactly aud, exp and sub"),
        (
            claim("iat", now().into()),
            400,
            "strict test: claims are [\"aud\", \"exp\", \"iat\", \"sub\"], not exactly aud, exp and sub",
        ),
        (claim("sub", "test@example.com".into()), 400, "strict test: sub is neither mailto: nor https:"),
    ];
    for (authorization, status, message) in table {
        let response = good.clone().with("Authorization", Some(&authorization)).send();
        assert_eq!((response.status, response.reason().1.as_str()), (status, message));
    }
    assert_eq!(service.received().len(), 0);
}

#[test]
fn a_token_that_was_accepted_before_expires_all_the_same() {
    let (service, sender, subscription) = scene();
    let good = hello(&service, &sender, &subscription);
    assert_eq!((good.send().status, good.send().status), (201, 201));
    service.let_pass(Duration::from_secs(2 * 60 * 60));
    assert_eq!(good.send().reason(), (109, "ExpiredSignature".to_owned()));
}

#[test]
fn every_spelling_that_mozilla_takes_is_taken() {
    let (service, sender, subscription) = scene();
    let good = hello(&service, &sender, &subscription);
    let authorization = &good.headers[1].1;
    let padded = format!("{authorization}=");
    let untyped = sender.token(&json!({ "alg": "ES256" }), &claims(service.origin()));
    let untyped = format!("vapid t={untyped},k={}", sender.key());
    let capital = authorization.replace("vapid", "Vapid");
    let table = [
        ("Authorization", padded.as_str(), "60"),
        ("Authorization", untyped.as_str(), "60"),
        ("Authorization", capital.as_str(), "60"),
        ("TTL", "0", "0"),
        ("TTL", "+60", "60"),
        ("TTL", "060", "60"),
        ("TTL", "2592001", "2592000"),
        ("Urgency", "nonsense", "60"),
        ("Prefer", "respond-async", "60"),
        ("Content-Type", "text/nonsense", "60"),
    ];
    for (name, value, ttl) in table {
        let response = good.clone().with(name, Some(value)).send();
        assert_eq!((response.status, response.header("TTL")), (201, Some(ttl)), "{name}: {value}");
    }
    assert_eq!(service.received().len(), table.len());
}

#[test]
fn the_token_of_rfc_8292_verifies_and_has_expired() {
    let example = vector(include_str!("../../../tests/vectors/rfc8292.json"));
    let (service, t, k) = (PushService::start(), &example["t"], example["k"].as_str().unwrap());
    let subscription = service.subscribe(Some(k));
    let send = |t: &str| Request::new(&subscription.endpoint, format!("vapid t={t}, k={k}"), Vec::new()).send();
    let t = t.as_str().unwrap();
    assert_eq!(send(t).reason(), (109, "ExpiredSignature".to_owned()));
    let bent = t.replace(".i3CYb7t4", ".i3CYb7t5");
    assert_eq!(send(&bent).reason(), (109, "InvalidSignature".to_owned()));
}

#[test]
fn an_ended_subscription_is_410_an_unknown_one_404_another_method_405() {
    let (service, sender, subscription) = scene();
    let good = hello(&service, &sender, &subscription);
    let unknown = Request { endpoint: format!("{}x", good.endpoint), ..good.clone() };
    let get = Request { method: "GET", ..good.clone() };
    assert_eq!((unknown.send().status, unknown.send().body.as_str()), (404, ""));
    assert_eq!((get.send().status, get.send().body.as_str()), (405, ""));
    service.unsubscribe(&subscription);
    let response = good.send();
    assert_eq!(response.status, 410);
    assert_eq!(response.header("Cache-Control"), Some("max-age=86400"));
    assert_eq!(response.reason(), (106, "No such subscription".to_owned()));
}

#[test]
fn answers_come_as_set_the_next_ones_first_then_the_subscriptions_own() {
    let (service, sender, subscription) = scene();
    let other = service.subscribe(Some(&sender.key()));
    service.answer_always(answer::status(503));
    service.answer_for(&other, answer::status(404));
    service.answer_next(answer::retry_after(429, "7"));
    service.answer_next(answer::redirect("http://localhost:1/"));
    let send = |to| hello(&service, &sender, to).send();
    let busy = send(&subscription);
    assert_eq!((busy.status, busy.header("Retry-After"), busy.reason().0), (429, Some("7"), 201));
    let elsewhere = send(&subscription);
    assert_eq!((elsewhere.status, elsewhere.header("Location")), (307, Some("http://localhost:1/")));
    assert_eq!(send(&subscription).status, 503);
    assert_eq!(send(&other).status, 404);
    assert_eq!(service.received().len(), 4);
}

#[test]
fn a_wrong_message_uses_up_no_set_answer() {
    let (service, sender, subscription) = scene();
    service.answer_next(answer::reset());
    let good = hello(&service, &sender, &subscription);
    assert_eq!(good.clone().with("TTL", None).send().status, 400);
    let failure = good.write().read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::ConnectionReset);
    assert_eq!(service.received().len(), 1);
}

#[test]
fn a_hanging_answer_ends_with_the_service() {
    let (service, sender, subscription) = scene();
    service.answer_next(answer::hang_after("HTTP/1.1 2"));
    let mut tcp = hello(&service, &sender, &subscription).write();
    let mut first = [0; 10];
    tcp.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 2");
    drop(service);
    assert_eq!(tcp.read(&mut first).unwrap(), 0);
}

#[test]
fn each_misbehaviour_is_as_long_as_set() {
    let (service, sender, subscription) = scene();
    let table = [
        (answer::garbage(), 32),
        (answer::nothing(), 0),
        (answer::huge_body(201, 3), 3 * 1024 * 1024 + 46),
        (answer::drip(Duration::from_millis(1), 20), 20 + 44),
        (answer::continues(Duration::ZERO, 5), 5 * 25),
        (answer::endless_headers(), 64 * 1024 * 1024 + 22),
    ];
    for (answer, length) in table {
        service.answer_next(answer);
        let mut tcp = hello(&service, &sender, &subscription).write();
        let mut bytes = Vec::new();
        tcp.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len(), length);
    }
}

#[test]
fn one_connection_carries_many_messages() {
    let (service, sender, subscription) = scene();
    let good = hello(&service, &sender, &subscription).with("Connection", None);
    let mut tcp = good.write();
    let created = tcp.read(&mut [0; 4096]).unwrap();
    tcp.write_all(&good.to_bytes("localhost", subscription.endpoint.splitn(4, '/').last().unwrap())).unwrap();
    assert_eq!(tcp.read(&mut [0; 4096]).unwrap(), created);
    assert_eq!(service.received().len(), 2);
}

#[test]
fn over_tls_its_authority_is_trusted_by_name_and_address() {
    let (service, sender) = (PushService::start_tls(), Sender::new());
    let subscription = service.subscribe(Some(&sender.key()));
    assert!(service.origin().starts_with("https://localhost:"));
    let (_, port) = service.origin().rsplit_once(':').unwrap();
    let path = subscription.endpoint.splitn(4, '/').last().unwrap();
    let request = hello(&service, &sender, &subscription).to_bytes("localhost", path);
    for name in ["localhost", "127.0.0.1"] {
        let tcp = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
        tcp.set_read_timeout(Some(LIMIT)).unwrap();
        let tls = rustls::ClientConnection::new(trusting(&service.ca_pem_path()), name.try_into().unwrap()).unwrap();
        let mut stream = rustls::StreamOwned::new(tls, tcp);
        stream.write_all(&request).unwrap();
        let mut bytes = [0; 4096];
        let length = stream.read(&mut bytes).unwrap();
        assert_eq!(Response::parse(&bytes[..length]).status, 201);
    }
    assert_eq!(service.received()[1].text(), "hello");
}

#[test]
fn the_test_fails_when_nobody_called_or_somebody_did_against_expectation() {
    let unused = PushService::start();
    let panic = catch_unwind(AssertUnwindSafe(|| drop(unused))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("the push service was called 0 times"));
    let (service, sender, subscription) = scene();
    service.expect_no_calls();
    assert_eq!(hello(&service, &sender, &subscription).send().status, 201);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(service))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("the push service was called 1 times"));
}

#[test]
fn a_late_message_ends_the_wait_with_what_was_refused() {
    let (service, sender, subscription) = scene();
    hello(&service, &sender, &subscription).with("TTL", None).send();
    let wait = || drop(service.wait_for(1, Duration::from_millis(50)));
    let panic = catch_unwind(AssertUnwindSafe(wait)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert_eq!(text, "0 of 1 messages after 50ms; [\"refused: 400 Missing TTL value\"]");
}

#[test]
fn a_request_that_cannot_be_read_is_answered_with_the_reason() {
    let service = PushService::start();
    service.expect_no_calls();
    let host = service.origin().strip_prefix("http://").unwrap();
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(16 * 1024));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
    let table = [
        ("not HTTP\r\n\r\n", "the head is not HTTP/1.1, or has more than 64 headers"),
        (long.as_str(), "the head is longer than 16 KiB"),
        (many.as_str(), "the head is not HTTP/1.1, or has more than 64 headers"),
        (
            "POST /control/answers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "send the body with Content-Length, not with Transfer-Encoding",
        ),
        (
            "POST /control/answers HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n",
            "Content-Length is not a number of at most 1 MiB",
        ),
    ];
    for (request, why) in table {
        let response = exchange(host, request);
        assert_eq!((response.status, response.body), (400, format!("push-service: {why}\n")), "{request}");
    }
}

//! The control interface, as a test in any language uses it.

use crate::sender::{Request, Response, Sender, claims, encrypt, exchange, now};
use push_service::{Limits, Service, Settings};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const VENDORS: [&str; 5] = ["local", "mozilla", "google", "apple", "windows"];

/// The push service that a learner starts, and a sender.
struct Scene {
    service: Service,
    sender: Sender,
    ca: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let settings = Settings {
            port: 0,
            tls: None,
            strict: false,
            limits: Limits::default(),
            log: Box::new(|line| println!("{line}")),
        };
        let service = Service::start(settings).unwrap();
        let ca = service.shared.ca_file().unwrap();
        Self { service, sender: Sender::new(), ca }
    }

    fn origin(&self) -> &str {
        &self.service.shared.origin
    }

    fn host(&self) -> &str {
        self.origin().strip_prefix("http://").unwrap()
    }

    /// A request of the control interface with these headers besides.
    fn call_with(&self, method: &str, path: &str, body: &Value, headers: &str) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head =
            format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        exchange(self.host(), &format!("{head}{body}"))
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let kind = if body.is_null() { "" } else { "Content-Type: application/json\r\n" };
        let response = self.call_with(method, path, body, &format!("Host: {}\r\n{kind}", self.host()));
        (response.status, serde_json::from_str(&response.body).unwrap_or_default())
    }

    fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// The endpoint of a new subscription, and a good message to it.
    fn message(&self, vendor: &str) -> (String, Request) {
        let wanted = json!({ "vendor": vendor, "applicationServerKey": self.sender.key() });
        let subscription = self.ok("POST", "/control/subscriptions", &wanted);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (endpoint, keys) = (text(&subscription["endpoint"]), &subscription["keys"]);
        let body = encrypt(b"hello\x02", 4096, &text(&keys["p256dh"]), &text(&keys["auth"]));
        let origin = endpoint.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let request = Request::new(&endpoint, self.sender.authorization(&claims(&origin)), body);
        (endpoint, request)
    }

    fn send(&self, request: &Request) -> Response {
        if request.endpoint.starts_with("http:") { request.send() } else { request.send_by(self.origin(), &self.ca) }
    }

    fn messages(&self, query: &str) -> Vec<Value> {
        let answer = self.ok("GET", &format!("/control/messages?{query}"), &Value::Null);
        answer["messages"].as_array().unwrap().clone()
    }
}

fn tail(endpoint: &str) -> &str {
    &endpoint[endpoint.len() - 8..]
}

#[test]
fn each_operation_in_openapi_json_answers_what_it_describes() {
    let scene = Scene::new();
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let (endpoint, request) = scene.message("apple");
    scene.send(&request);
    let (last, others): (Vec<_>, Vec<_>) =
        document["paths"].as_object().unwrap().iter().partition(|(path, _)| path.ends_with("everything"));
    for (path, methods) in others.into_iter().chain(last) {
        for (method, operation) in methods.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["example"];
            let query = match method.as_str() {
                "delete" if path.ends_with("subscriptions") => format!("?subscription={}", tail(&endpoint)),
                _ => String::new(),
            };
            let (status, answer) = scene.call(&method.to_uppercase(), &format!("{path}{query}"), body);
            let described = &operation["responses"][status.to_string()];
            assert!((200..300).contains(&status) && described.is_object(), "{method} {path}: {status} {answer}");
            let schema = resolve(&document, &described["content"]["application/json"]["schema"]);
            assert_eq!(members(&answer), members(&schema["properties"]), "{method} {path}");
            for message in answer["messages"].as_array().into_iter().flatten() {
                let schema = &document["components"]["schemas"]["Message"];
                assert_eq!(members(message), members(&schema["properties"]));
            }
        }
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(reference) = schema["$ref"].as_str() else {
        return schema;
    };
    document.pointer(reference.strip_prefix('#').unwrap()).unwrap()
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
}

#[test]
fn a_member_that_openapi_json_does_not_describe_is_refused_and_each_that_it_does_is_accepted() {
    let scene = Scene::new();
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let post = &methods["post"]["requestBody"]["content"]["application/json"];
        for (name, property) in post["schema"]["properties"].as_object().into_iter().flatten() {
            let by_type = match property["type"].as_str().or(property["type"][0].as_str()) {
                Some("string") => json!("text"),
                Some("integer" | "number") => json!(1),
                _ => property["enum"][0].clone(),
            };
            let (_, answer) = scene.call("POST", path, &json!({ name: by_type }));
            assert!(!answer["error"].to_string().contains("unknown field"), "{path} {name}: {answer}");
        }
        if post.is_object() {
            let (status, answer) = scene.call("POST", path, &json!({ "unheard": 1 }));
            assert_eq!(status, 400);
            assert!(answer["error"].to_string().contains("unknown field `unheard`"), "{answer}");
        }
    }
}

#[test]
fn a_message_to_each_vendor_is_read_back_decrypted_with_its_headers_and_claims() {
    let scene = Scene::new();
    for vendor in VENDORS {
        let (endpoint, request) = scene.message(vendor);
        let request = request.with("Urgency", Some("high")).with("Topic", Some("news"));
        assert_eq!(scene.send(&request).status, 201, "{vendor}");
        let messages = scene.messages(&format!("subscription={}", tail(&endpoint)));
        let [message] = messages.as_slice() else { panic!("{messages:?}") };
        let expected = json!({
            "vendor": vendor, "endpoint": endpoint, "subscription": tail(&endpoint),
            "accepted": true, "status": 201, "wrong": null,
            "ttl": 60, "urgency": "high", "topic": "news", "applicationServerKey": scene.sender.key(),
            "body_bytes": request.body.len(), "payload": "hello", "payload_base64url": "aGVsbG8",
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&message[name], value, "{vendor} {name}");
        }
        assert_eq!(message["headers"]["content-encoding"], "aes128gcm");
        assert_eq!(message["claims"]["sub"], "mailto:test@example.com");
    }
}

#[test]
fn what_was_wrong_with_a_refused_message_is_reported() {
    let scene = Scene::new();
    let (endpoint, request) = scene.message("apple");
    let origin = "https://web.push.apple.com";
    let claims = json!({ "aud": origin, "exp": now() + 60, "sub": "mailto:me@localhost" });
    let localhost = scene.sender.authorization(&claims);
    let table = [
        ("TTL", None, 400, "Missing TTL value"),
        ("Topic", Some("t1234"), 400, "the topic's length is not one that base64url has"),
        (
            "Authorization",
            Some(localhost.as_str()),
            403,
            "the token's subject is not a mailto: or https: contact at a public domain",
        ),
    ];
    for (name, value, status, wrong) in table {
        assert_eq!(scene.send(&request.clone().with(name, value)).status, status);
        let last = scene.messages(&format!("subscription={endpoint}")).pop().unwrap();
        assert_eq!(
            (&last["accepted"], &last["status"], &last["wrong"]),
            (&json!(false), &json!(status), &json!(wrong))
        );
    }
}

/// A real push service cannot notice it, and the browser drops it without a word.
#[test]
fn a_message_that_no_browser_could_decrypt_is_accepted_and_reported() {
    let scene = Scene::new();
    let (_, request) = scene.message("google");
    assert_eq!(scene.send(&request.with_body(vec![7; 200])).status, 201);
    let last = scene.messages("").pop().unwrap();
    assert_eq!((&last["accepted"], &last["payload"]), (&json!(true), &Value::Null));
    assert_eq!(last["wrong"], "the key in the header is not 65 bytes long");
}

#[test]
fn a_message_is_waited_for_and_read_once() {
    let scene = Scene::new();
    let (endpoint, request) = scene.message("local");
    let waiting = format!("subscription={endpoint}&wait=10");
    let messages = std::thread::scope(|scope| {
        let reader = scope.spawn(|| scene.messages(&waiting));
        scene.send(&request);
        reader.join().unwrap()
    });
    assert_eq!(messages[0]["payload"], "hello");
    let number = messages[0]["number"].as_u64().unwrap();
    assert_eq!(scene.messages(&format!("after={number}")), Vec::<Value>::new());
    let before = Instant::now();
    assert_eq!(scene.messages(&format!("after={number}&wait=1")), Vec::<Value>::new());
    assert!(before.elapsed() >= Duration::from_secs(1));
}

#[test]
fn an_ended_subscription_is_answered_with_410() {
    let scene = Scene::new();
    for vendor in VENDORS {
        let (endpoint, request) = scene.message(vendor);
        let (kept, other) = scene.message(vendor);
        scene.ok("DELETE", &format!("/control/subscriptions?subscription={endpoint}"), &Value::Null);
        assert_eq!((scene.send(&request).status, scene.send(&other).status), (410, 201), "{vendor} {kept}");
    }
}

#[test]
fn the_next_answers_are_those_set_for_a_subscription_a_vendor_or_all() {
    let scene = Scene::new();
    let (apple, to_apple) = scene.message("apple");
    let (_, to_local) = scene.message("local");
    let tell = |answer: Value| scene.ok("POST", "/control/answers", &answer);
    tell(json!({ "vendor": "apple", "status": 410 }));
    tell(json!({ "subscription": apple, "status": 429, "retry_after": 7, "times": 2 }));
    tell(json!({ "status": 503, "retry_after": "Tue, 01 Jan 2030 00:00:00 GMT" }));
    let statuses = |request: &Request, n| (0..n).map(|_| scene.send(request).status).collect::<Vec<_>>();
    assert_eq!(statuses(&to_local, 2), [503, 201]);
    assert_eq!(statuses(&to_apple, 4), [410, 429, 429, 201]);
    tell(json!({ "vendor": "local", "status": 413, "times": 0 }));
    assert_eq!(statuses(&to_local, 3), [413; 3]);
    tell(json!({ "vendor": "local", "status": 201, "times": 0 }));
    assert_eq!(statuses(&to_local, 2), [201; 2]);
    let told: Vec<_> = scene.messages("").iter().map(|message| message["status"].clone()).collect();
    assert_eq!(told, [503, 201, 410, 429, 429, 201, 413, 413, 413, 201, 201]);
}

#[test]
fn a_set_answer_has_the_vendors_words_or_the_tests() {
    let scene = Scene::new();
    let table = [
        (json!({ "vendor": "apple", "status": 403 }), "{\"reason\":\"BadJwtToken\"}"),
        (
            json!({ "vendor": "apple", "status": 400, "reason": "VapidPkHashMismatch" }),
            "{\"reason\":\"VapidPkHashMismatch\"}",
        ),
        (json!({ "vendor": "google", "status": 410 }), "push subscription has unsubscribed or expired.\n"),
        (json!({ "vendor": "mozilla", "status": 404 }), ""),
    ];
    for (answer, body) in table {
        let (_, request) = scene.message(answer["vendor"].as_str().unwrap());
        scene.ok("POST", "/control/answers", &answer);
        let response = scene.send(&request);
        assert_eq!((json!(response.status), response.body.as_str()), (answer["status"].clone(), body));
    }
    let (_, request) = scene.message("mozilla");
    let expired = json!({ "vendor": "mozilla", "status": 410, "errno": 103, "reason": "Subscription expired" });
    scene.ok("POST", "/control/answers", &expired);
    assert_eq!(scene.send(&request).reason(), (103, "Subscription expired".to_owned()));
    let (_, request) = scene.message("windows");
    scene.ok("POST", "/control/answers", &json!({ "vendor": "windows", "status": 406, "reason": "Slow down." }));
    assert_eq!(scene.send(&request).header("X-WNS-ERROR-DESCRIPTION"), Some("Slow down."));
}

#[test]
fn a_delay_a_hang_a_reset_and_a_close_come_as_set() {
    let scene = Scene::new();
    let (_, request) = scene.message("local");
    let tell = |answer: Value| scene.ok("POST", "/control/answers", &answer);
    tell(json!({ "delay": 0.3 }));
    let before = Instant::now();
    assert_eq!(scene.send(&request).status, 201);
    assert!(before.elapsed() >= Duration::from_millis(300));
    let read = |request: &Request| {
        let tcp = request.write();
        tcp.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        std::io::Read::read_to_end(&mut { tcp }, &mut Vec::new())
    };
    tell(json!({ "drop": "close" }));
    assert_eq!(read(&request).unwrap(), 0);
    tell(json!({ "drop": "garbage" }));
    assert_eq!(read(&request).unwrap(), 32);
    tell(json!({ "drop": "reset" }));
    assert_eq!(read(&request).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    tell(json!({ "drop": "hang" }));
    assert_eq!(read(&request).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_clock_put_ahead_lets_tokens_expire_and_shows_in_date() {
    let scene = Scene::new();
    let (_, request) = scene.message("mozilla");
    assert_eq!(scene.send(&request).status, 201);
    scene.ok("POST", "/control/clock", &json!({ "ahead": 2 * 3600 }));
    let response = scene.send(&request);
    assert_eq!((response.status, response.reason().1.as_str()), (401, "ExpiredSignature"));
    let date = httpdate::parse_http_date(response.header("Date").unwrap()).unwrap();
    assert!(date > std::time::SystemTime::now() + Duration::from_secs(7000));
    scene.ok("POST", "/control/clock", &json!({ "ahead": 0 }));
    assert_eq!(scene.send(&request).status, 201);
}

#[test]
fn everything_is_forgotten_at_once() {
    let scene = Scene::new();
    let (_, request) = scene.message("local");
    scene.send(&request);
    scene.ok("POST", "/control/answers", &json!({ "status": 500, "times": 0 }));
    scene.ok("DELETE", "/control/everything", &Value::Null);
    assert_eq!(scene.messages(""), Vec::<Value>::new());
    assert_eq!(scene.send(&request).status, 404);
    let (_, request) = scene.message("local");
    assert_eq!(scene.send(&request).status, 201);
}

#[test]
fn the_environment_names_the_proxy_and_its_authority() {
    let scene = Scene::new();
    let environment = scene.ok("GET", "/control/environment", &Value::Null);
    assert_eq!(environment, json!({ "proxy": scene.origin(), "ca_file": scene.ca }));
}

#[test]
fn each_wrong_request_is_refused_with_what_is_wrong() {
    let scene = Scene::new();
    let (endpoint, _) = scene.message("local");
    let post = |path: &str, body: Value| ("POST", path.to_owned(), body);
    let answers = |body: Value| post("/control/answers", body);
    let get = |query: &str| ("GET", format!("/control/messages?{query}"), Value::Null);
    let table = [
        (post("/control/subscriptions", json!({ "vendor": "opera" })), 400, "unknown vendor 'opera'"),
        (
            post("/control/subscriptions", json!({ "applicationServerKey": "AAAA" })),
            400,
            "applicationServerKey is not a P-256 public key",
        ),
        (
            post("/control/subscriptions", json!([])),
            400,
            "cannot read the body: invalid length 0, expected struct New with 2 elements at line 1 column 2",
        ),
        (answers(json!({ "status": 99 })), 400, "99 is not a status from 200 to 999"),
        (answers(json!({ "status": 500, "drop": "hang" })), 400, "both status and drop are given"),
        (
            answers(json!({ "status": 500, "reason": "a\r\nSet-Cookie: b" })),
            400,
            "reason or retry_after contains a control character",
        ),
        (answers(json!({ "delay": -1 })), 400, "delay is not between 0 and 600 seconds"),
        (answers(json!({ "times": 1_000_001 })), 400, "times is over 1,000,000"),
        (
            answers(json!({ "vendor": "local", "subscription": endpoint })),
            400,
            "both subscription and vendor are given",
        ),
        (answers(json!({ "subscription": "12345678" })), 404, "unknown subscription"),
        (answers(json!({ "subscription": "" })), 404, "unknown subscription"),
        (get("subscription=12345678"), 404, "unknown subscription"),
        (get("wait=61"), 400, "wait='61' is not a number up to 60"),
        (get("after=x"), 400, "after='x' is not a number up to 18446744073709551615"),
        (("DELETE", "/control/subscriptions".to_owned(), Value::Null), 400, "the query names no subscription"),
        (("GET", "/control/".to_owned(), Value::Null), 404, "not found"),
        (("PUT", "/control/answers".to_owned(), Value::Null), 405, "method PUT not allowed"),
        (post("/control/clock", json!({ "ahead": 40_000_000 })), 400, "the clock cannot be ahead by more than a year"),
    ];
    for ((method, path, body), status, error) in table {
        let (answered, answer) = scene.call(method, &path, &body);
        assert_eq!((answered, answer["error"].as_str()), (status, Some(error)), "{method} {path} {body}");
        assert!(answer["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    }
}

#[test]
fn a_page_of_another_site_and_another_host_name_can_do_nothing() {
    let scene = Scene::new();
    let host = scene.host();
    let port = host.rsplit_once(':').unwrap().1;
    let json = "Content-Type: application/json\r\n";
    let table = [
        (format!("Host: evil.example:{port}\r\n{json}"), 403),
        (format!("Host: localhost\r\n{json}"), 403),
        (json.to_owned(), 403),
        (format!("Host: {host}\r\nOrigin: https://evil.example\r\n{json}"), 403),
        (format!("Host: {host}\r\nOrigin: null\r\n{json}"), 403),
        (format!("Host: {host}\r\nOrigin: http://localhost:4480\r\n{json}"), 403),
        (format!("Host: {host}\r\nSec-Fetch-Site: cross-site\r\n{json}"), 403),
        (format!("Host: {host}\r\nSec-Fetch-Site: same-site\r\n{json}"), 403),
        (format!("Host: {host}\r\nContent-Type: text/plain\r\n"), 415),
        (format!("Host: {host}\r\n"), 415),
        (format!("Host: {host}\r\nOrigin: http://{host}\r\n{json}"), 201),
        (format!("Host: 127.0.0.1:{port}\r\n{json}"), 201),
        (
            format!("Host: [::1]:{port}\r\nSec-Fetch-Site: none\r\nContent-Type: application/json; charset=utf-8\r\n"),
            201,
        ),
    ];
    for (headers, status) in table {
        let response = scene.call_with("POST", "/control/subscriptions", &json!({}), &headers);
        assert_eq!(response.status, status, "{headers}");
        assert_eq!(response.header("Access-Control-Allow-Origin"), None);
    }
    let large = json!({ "vendor": "x".repeat(17_000) });
    let headers = format!("Host: {host}\r\n{json}");
    assert_eq!(scene.call_with("POST", "/control/subscriptions", &large, &headers).status, 413);
    let reading = scene.call_with("GET", "/control/messages", &Value::Null, "Host: evil.example\r\n");
    assert_eq!(reading.status, 403);
}

#[test]
fn the_control_interface_is_not_reached_through_the_proxy() {
    let scene = Scene::new();
    let (_, request) = scene.message("google");
    let stray =
        Request { method: "GET", endpoint: "https://fcm.googleapis.com/control/messages".to_owned(), ..request };
    assert_eq!(stray.send_by(scene.origin(), &scene.ca).status, 404);
}

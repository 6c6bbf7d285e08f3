//! The routes from outside: who may call, what is refused and in which words.

use crate::support::client::Client;
use crate::support::program::{Running, server};
use push_service::decryption::BrowserKeys;
use serde_json::{Value, json};
use tempfile::TempDir;

fn scene() -> (TempDir, Running, Client) {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).args(["--name", "laptop.example", "--name", "fd00::1"]).spawn();
    let client = Client::new(&server.url("http"));
    (folder, server, client)
}

fn subscription(endpoint: &str) -> Value {
    let keys = BrowserKeys::generate();
    let encode = |bytes: &[u8]| <base64ct::Base64UrlUnpadded as base64ct::Encoding>::encode_string(bytes);
    json!({"endpoint": endpoint, "keys": {"p256dh": encode(&keys.p256dh), "auth": encode(&keys.auth)}})
}

#[test]
fn every_file_of_the_page_is_served_with_its_type_and_an_etag() {
    let (_folder, _server, client) = scene();
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let got = client.get(path);
        assert_eq!((got.status, got.header("content-type")), (200, media_type), "{path}");
        assert_eq!(got.header("cache-control"), "no-cache", "{path}");
        let again = client.send("GET", path, &[("if-none-match", got.header("etag"))], "");
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        assert_eq!(again.headers.get("content-length"), None, "{path}: not that of an empty file");
        for tags in ["*", " *", &format!("\"other\", W/{}", got.header("etag"))] {
            assert_eq!(client.send("GET", path, &[("if-none-match", tags)], "").status, 304, "{path} {tags}");
        }
        for tags in ["\"*\"", "\"other\"", ""] {
            assert_eq!(client.send("GET", path, &[("if-none-match", tags)], "").status, 200, "{path} {tags}");
        }
        let head = client.send("HEAD", path, &[], "");
        assert_eq!((head.status, head.header("content-length")), (200, got.header("content-length")), "{path}");
    }
}

#[test]
fn the_page_has_an_icon_at_the_path_that_browsers_ask_for_by_themselves() {
    let (_folder, _server, client) = scene();
    let icon = client.send("HEAD", "/favicon.ico", &[], "");
    assert_eq!((icon.status, icon.header("content-type")), (200, "image/x-icon"));
}

#[test]
fn the_worker_has_the_version_of_the_server() {
    let (_folder, _server, client) = scene();
    let version = client.get("/status").json()["version"].clone();
    let line = format!("const VERSION = '{}';", version.as_str().unwrap());
    assert!(client.get("/sw.js").text.contains(&line), "sw.js lacks: {line}");
}

#[test]
fn every_answer_carries_the_security_headers_and_none_for_other_origins() {
    let (_folder, _server, client) = scene();
    for path in ["/", "/status", "/vapid-public-key", "/nothing", "/add-subscription"] {
        let got = client.get(path);
        assert_eq!(got.header("content-security-policy"), "frame-ancestors 'none'", "{path}");
        assert_eq!(got.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(got.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(got.header("access-control-allow-origin"), "", "{path}");
    }
}

#[test]
fn the_page_has_its_own_content_security_policy_before_it_names_a_script_or_a_style() {
    let (_folder, _server, client) = scene();
    let page = client.get("/").text;
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'; style-src 'self'; \
                  img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
                  form-action 'none'\">";
    let (before, after) = page.split_once(policy).expect("the policy");
    assert!(!before.contains("<script") && !before.contains("<link") && !before.contains("<style"), "{before}");
    assert!(after.contains("<script") && after.contains("<link"));
    // Nothing that this policy would block.
    assert!(!after.contains("<script>") && !after.contains(" style=") && !after.contains(" onclick="));
}

#[test]
fn nothing_outside_the_page_is_served() {
    let (_folder, _server, client) = scene();
    for path in [
        "/keys/vapid_private.pem",
        "/subscription.txt",
        "/Cargo.toml",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/..\\Cargo.toml",
        "/%5c..%5cCargo.toml",
        "/./sw.js",
        "//etc/passwd",
        "/etc/passwd",
        "/sw.js%00",
        "/sw.js/",
        "/.",
        "/..",
        "//",
        "/index.html/..",
        "/C:/Windows/win.ini",
    ] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
}

#[test]
fn bad_subscriptions_are_refused_with_the_reason_and_what_to_do() {
    let (folder, _server, client) = scene();
    let good = "https://updates.push.services.mozilla.com/wpush/v2/secret-token";
    let with = |pointer: &str, value: &str| {
        let mut json = subscription(good);
        *json.pointer_mut(pointer).unwrap() = value.into();
        json.to_string()
    };
    let hint = "send what JSON.stringify(subscription) gives in the browser";
    let other =
        |origin: &str| format!("if it is your own push service, start the server with --allow-push-service {origin}");
    for (body, error, hint) in [
        ("hello".into(), "not JSON: it breaks off at line 1, column 1", hint.to_owned()),
        ("[]".into(), "not a PushSubscription: not a JSON object", hint.into()),
        ("{}".into(), "not a PushSubscription: the member \"endpoint\" is missing or not a string", hint.into()),
        (
            with("/keys/p256dh", &format!("B{}", "A".repeat(86))),
            "p256dh is not a point on the curve P-256",
            hint.into(),
        ),
        (with("/keys/auth", "BTBZMqHH6r4Tts7J_aSI"), "auth is not 16 bytes of base64url", hint.into()),
        (
            with("/endpoint", "http://push.example.net/x"),
            "endpoint: http is accepted on loopback only, a push service speaks https",
            hint.into(),
        ),
        (
            with("/endpoint", "https://push.example.net/x"),
            "\"https://push.example.net\" is not a push service known here",
            other("https://push.example.net"),
        ),
        (
            with("/endpoint", "http://127.0.0.1:9/x"),
            "\"http://127.0.0.1:9\" is not a push service known here",
            other("http://127.0.0.1:9"),
        ),
        (
            with("/endpoint", "https://permanently-removed.invalid/fcm/send/x"),
            "the endpoint's host is \"permanently-removed.invalid\": the browser has given this subscription up",
            "unsubscribe, subscribe again, and restart the browser if the host stays the same".into(),
        ),
    ] {
        let got = client.post("/add-subscription", &body);
        assert_eq!((got.status, got.json()), (400, json!({"error": error, "hint": hint})), "{body}");
    }
    assert!(!folder.path().join("subscription.txt").exists());
}

#[test]
fn bad_requests_to_notify_are_refused() {
    let (_folder, _server, client) = scene();
    for (path, body, status, error) in [
        ("/notify-me", "", 400, "not JSON: line 1, column 0"),
        ("/notify-me", "{}", 400, "the member \"endpoint\" is missing"),
        (
            "/notify-me",
            "{\"endpoint\": \"https://unknown.example/SECRET\"}",
            404,
            "no subscription with this endpoint is stored",
        ),
        (
            "/notify-me",
            "{\"endpoint\": \"x\", \"ttl\": -1}",
            400,
            "a member is missing or of the wrong type: line 1, column 27",
        ),
        ("/notify-me", "{\"endpoint\": \"x\", \"ttl\": 9999999999}", 400, "ttl or delay is too long"),
        ("/notify-all", "{\"delay\": 301}", 400, "ttl or delay is too long"),
        ("/notify-all", "{}", 409, "nobody has subscribed yet"),
        ("/remove-subscription", "{\"endpoint\": \"x\"}", 404, "no subscription with this endpoint is stored"),
        ("/remove-subscription", "\"x\"", 400, "a member is missing or of the wrong type: line 1, column 3"),
    ] {
        let got = client.post(path, body);
        assert_eq!((got.status, got.json()["error"].as_str().unwrap()), (status, error), "{path} {body}");
        assert!(!got.text.contains("SECRET"));
    }
}

#[test]
fn each_route_has_its_methods() {
    let (_folder, _server, client) = scene();
    for (method, path, allow) in [
        ("GET", "/add-subscription", "POST"),
        ("GET", "/notify-all", "POST"),
        ("GET", "/cgi-bin/subscription.py", "POST"),
        ("POST", "/status", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD"),
        ("DELETE", "/sw.js", "GET, HEAD"),
        ("PATCH", "/remove-subscription", "POST"),
    ] {
        let got = client.send(method, path, &[], "");
        assert_eq!((got.status, got.header("allow")), (405, allow), "{method} {path}");
    }
}

#[test]
fn a_form_cannot_post() {
    let (_folder, _server, client) = scene();
    let body = subscription("https://fcm.googleapis.com/fcm/send/x").to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonx"] {
        let got = client.send("POST", "/add-subscription", &[("content-type", kind)], &body);
        let expected =
            json!({"error": "the body is not declared as JSON", "hint": "send Content-Type: application/json"});
        assert_eq!((got.status, got.json()), (415, expected), "{kind}");
    }
}

/// What the server answers to these Host and Origin headers: the status.
fn status(server: &Running, scheme: &str, method: &str, host: &str, origin: Option<&str>) -> u16 {
    let client = Client::new(&server.url("http"));
    let own = server.url(scheme).rsplit(':').next().unwrap().to_owned();
    let mut headers = vec![("host", host.replace("PORT", &own))];
    headers.extend(origin.map(|origin| ("origin", origin.replace("PORT", &own))));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.send(method, if method == "GET" { "/status" } else { "/notify-all" }, &headers, "").status
}

#[test]
fn only_our_own_names_may_be_called() {
    let (_folder, server, _client) = scene();
    for (host, expected) in [
        ("localhost:PORT", 200),
        ("LOCALHOST:PORT", 200),
        ("127.0.0.1:PORT", 200),
        ("[::1]:PORT", 200),
        ("laptop.example", 200),
        ("laptop.example:8443", 200),
        ("[fd00::1]:PORT", 200),
        ("[fd00::2]:PORT", 403),
        ("localhost", 403),
        ("localhost:1", 403),
        ("localhost:", 403),
        ("localhost.:PORT", 403),
        ("localhost:PORT0", 403),
        ("evil.example:PORT", 403),
        ("evil.localhost:PORT", 403),
        ("localhost.evil.example:PORT", 403),
        ("laptop.example.evil.example", 403),
        ("0.0.0.0:PORT", 403),
        ("[::]:PORT", 403),
        ("2130706433:PORT", 403),
    ] {
        assert_eq!(status(&server, "http", "GET", host, None), expected, "{host}");
    }
}

#[test]
fn another_sites_page_may_not_post_and_curl_may() {
    let (_folder, server, _client) = scene();
    let https = server.url("https");
    for (host, origin, expected) in [
        ("localhost:PORT", None, 409),
        ("localhost:PORT", Some("http://localhost:PORT"), 409),
        ("127.0.0.1:PORT", Some("http://127.0.0.1:PORT"), 409),
        ("laptop.example", Some("https://laptop.example"), 409),
        ("laptop.example:81", Some("https://laptop.example:8443"), 409),
        ("localhost:PORT", Some("null"), 403),
        ("localhost:PORT", Some(""), 403),
        ("localhost:PORT", Some("http://127.0.0.1:PORT"), 403),
        ("localhost:PORT", Some("https://localhost:PORT"), 403),
        ("localhost:PORT", Some(https.as_str()), 403),
        ("localhost:PORT", Some("http://localhost:1"), 403),
        ("localhost:PORT", Some("http://evil.example"), 403),
        ("localhost:PORT", Some("http://localhost:PORT.evil.example"), 403),
        ("localhost:PORT", Some("https://laptop.example"), 403),
        ("laptop.example", Some("http://localhost:PORT"), 403),
        ("laptop.example", Some("ftp://laptop.example"), 403),
    ] {
        assert_eq!(status(&server, "http", "POST", host, origin), expected, "{host} {origin:?}");
    }
}

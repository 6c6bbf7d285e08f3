//! Each vendor's push service, reached by its real host name through the proxy, with TLS checked.

use crate::sender::{Request, Response, Sender, claims, connect, connect_by, encrypt, now, trusting};
use push_service::Vendor;
use push_service_fixture::{PushService, TestSubscription, answer};
use rustls::{ClientConnection, StreamOwned};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Command;

const ORIGINS: [(Vendor, &str); 4] = [
    (Vendor::Mozilla, "https://updates.push.services.mozilla.com"),
    (Vendor::Google, "https://fcm.googleapis.com"),
    (Vendor::Apple, "https://web.push.apple.com"),
    (Vendor::Windows, "https://wns2-par02p.notify.windows.com"),
];

struct Scene {
    service: PushService,
    sender: Sender,
}

impl Scene {
    fn new() -> Self {
        Self { service: PushService::start(), sender: Sender::new() }
    }

    /// A subscription restricted to the sender's key, and a good message to it.
    fn message(&self, vendor: Vendor) -> (TestSubscription, Request) {
        let to = self.service.subscribe_as(vendor, Some(&self.sender.key()));
        let origin = origin(&to.endpoint);
        let body = encrypt(b"hello\x02", 4096, &to.p256dh, &to.auth);
        let request = Request::new(&to.endpoint, self.sender.authorization(&claims(&origin)), body);
        (to, request)
    }

    fn send(&self, request: &Request) -> Response {
        request.send_by(self.service.origin(), &self.service.ca_pem_path())
    }
}

fn origin(endpoint: &str) -> String {
    endpoint.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

#[test]
fn a_message_to_each_vendors_host_is_accepted_and_decrypted() {
    let scene = Scene::new();
    for (vendor, origin) in ORIGINS {
        let (to, request) = scene.message(vendor);
        assert!(to.endpoint.starts_with(&format!("{origin}/")), "{}", to.endpoint);
        let response = scene.send(&request);
        assert_eq!((response.status, response.body.as_str()), (201, ""), "{vendor:?}");
        let received = scene.service.received();
        let message = received.last().unwrap();
        assert_eq!((message.text().as_str(), message.endpoint.as_str()), ("hello", to.endpoint.as_str()));
        assert_eq!(message.claims["aud"], origin);
    }
}

#[test]
fn chromiums_other_host_takes_the_same_tokens_under_its_own_origin() {
    let scene = Scene::new();
    let (to, mut request) = scene.message(Vendor::Google);
    request.endpoint = to.endpoint.replace("fcm.googleapis.com", "jmt17.google.com");
    let refused = scene.send(&request);
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body, "aud claim in the token MUST include the origin of the push resource URL\n");
    let authorization = scene.sender.authorization(&claims("https://jmt17.google.com"));
    assert_eq!(scene.send(&request.with("Authorization", Some(&authorization))).status, 201);
}

#[test]
fn a_token_of_another_vendor_is_unknown() {
    let scene = Scene::new();
    let (to, mut request) = scene.message(Vendor::Mozilla);
    let token = to.endpoint.rsplit_once('/').unwrap().1;
    request.endpoint = format!("https://web.push.apple.com/{token}");
    let response = scene.send(&request);
    assert_eq!((response.status, response.body.as_str()), (404, "{\"reason\":\"BadPath\"}"));
}

#[test]
fn each_vendor_refuses_what_it_alone_refuses() {
    let scene = Scene::new();
    let table = [
        (Vendor::Apple, "Topic", "t1234", "\"BadWebPushTopic\""),
        (Vendor::Apple, "Urgency", "urgent", "\"BadUrgency\""),
        (Vendor::Apple, "TTL", "2419201", "\"BadTtl\""),
        (Vendor::Windows, "TTL", "0", "X-WNS-ERROR-DESCRIPTION: Ttl value conflicts with X-WNS-Cache-Policy."),
    ];
    for (vendor, name, value, words) in table {
        for (other, _) in ORIGINS {
            let (_, request) = scene.message(other);
            let response = scene.send(&request.with(name, Some(value)));
            let refused = other == vendor;
            assert_eq!(response.status, if refused { 400 } else { 201 }, "{other:?} {name}: {value}");
            let text = format!("{}\r\n\r\n{}", response.head, response.body);
            assert_eq!(text.contains(words), refused, "{text}");
        }
    }
    let (_, now_or_never) = scene.message(Vendor::Windows);
    let with_policy = now_or_never.with("TTL", Some("0")).with("X-WNS-Cache-Policy", Some("no-cache"));
    assert_eq!(scene.send(&with_policy).status, 201);
}

#[test]
fn apple_alone_refuses_a_subject_at_localhost() {
    let scene = Scene::new();
    for (vendor, origin) in ORIGINS {
        let (_, request) = scene.message(vendor);
        let claims = json!({ "aud": origin, "exp": now() + 3600, "sub": "mailto:me@localhost" });
        let response = scene.send(&request.with("Authorization", Some(&scene.sender.authorization(&claims))));
        let expected = if vendor == Vendor::Apple { (403, "{\"reason\":\"BadJwtToken\"}") } else { (201, "") };
        assert_eq!((response.status, response.body.as_str()), expected, "{vendor:?}");
    }
}

#[test]
fn every_vendor_refuses_a_missing_ttl_a_late_expiry_another_key_and_a_long_body() {
    let scene = Scene::new();
    let other = Sender::new();
    for (vendor, origin) in ORIGINS {
        let status = |change: &dyn Fn(Request) -> Request| {
            let (_, request) = scene.message(vendor);
            scene.send(&change(request)).status
        };
        let late =
            scene.sender.authorization(&json!({ "aud": origin, "exp": now() + 90_000, "sub": "mailto:a@b.example" }));
        let foreign = other.authorization(&claims(origin));
        let statuses = [
            status(&|request| request.with("TTL", None)),
            status(&|request| request.with_body(vec![0; 4097])),
            status(&|request| request.with("Authorization", Some(&late))),
            status(&|request| request.with("Authorization", Some(&foreign))),
        ];
        let expected = match vendor {
            Vendor::Mozilla => [400, 413, 401, 401],
            Vendor::Google => [400, 413, 403, 403],
            Vendor::Apple => [400, 413, 403, 400],
            _ => [400, 413, 401, 403],
        };
        assert_eq!(statuses, expected, "{vendor:?}");
    }
}

#[test]
fn an_ended_subscription_is_gone_in_each_vendors_words() {
    let scene = Scene::new();
    for (vendor, _) in ORIGINS {
        let (to, request) = scene.message(vendor);
        scene.service.unsubscribe(&to);
        let response = scene.send(&request);
        assert_eq!(response.status, 410);
        match vendor {
            Vendor::Mozilla => assert_eq!(response.reason(), (106, "No such subscription".to_owned())),
            Vendor::Google => assert_eq!(response.body, "push subscription has unsubscribed or expired.\n"),
            Vendor::Apple => {
                let body: Value = serde_json::from_str(&response.body).unwrap();
                assert_eq!(body["reason"], "Unregistered");
                assert!(body["timestamp"].as_u64().unwrap() / 1000 >= now() - 60);
            }
            _ => assert_eq!(response.header("X-WNS-STATUS"), Some("dropped")),
        }
    }
}

#[test]
fn a_set_answer_comes_in_the_words_of_the_vendor_it_is_sent_to() {
    let scene = Scene::new();
    scene.service.answer_always(answer::retry_after(429, "7"));
    for (vendor, _) in ORIGINS {
        let (_, request) = scene.message(vendor);
        let response = scene.send(&request);
        assert_eq!((response.status, response.header("Retry-After")), (429, Some("7")));
        assert_eq!(response.body.contains("TooManyRequests"), vendor == Vendor::Apple, "{}", response.body);
    }
}

#[test]
fn the_proxy_leads_to_the_vendors_hosts_on_port_443_and_nowhere_else() {
    let service = PushService::start();
    service.expect_no_calls();
    let (_, own_port) = service.origin().rsplit_once(':').unwrap();
    let refused = [
        "example.com:443".to_owned(),
        "fcm.googleapis.com:80".to_owned(),
        "fcm.googleapis.com".to_owned(),
        format!("localhost:{own_port}"),
        "127.0.0.1:443".to_owned(),
        "notify.windows.com:443".to_owned(),
        "fcm.googleapis.com.example.com:443".to_owned(),
    ];
    for target in refused {
        assert_eq!(connect(service.origin(), &target).0, "HTTP/1.1 403 Forbidden", "{target}");
    }
    for host in ["fcm.googleapis.com", "FCM.googleapis.com", "jmt17.google.com", "wns2-bl2p.notify.windows.com"] {
        connect_by(service.origin(), &service.ca_pem_path(), host).unwrap();
    }
}

#[test]
fn the_authority_vouches_for_no_other_name() {
    let service = PushService::start();
    service.expect_no_calls();
    // What the certificate of the proxy is worth under another name.
    let (_, tcp) = connect(service.origin(), "fcm.googleapis.com:443");
    let tls = ClientConnection::new(trusting(&service.ca_pem_path()), "example.com".try_into().unwrap()).unwrap();
    assert!(StreamOwned::new(tls, tcp).flush().is_err());
    let shown = Command::new("openssl").args(["x509", "-noout", "-text", "-in"]).arg(service.ca_pem_path()).output();
    let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
    let (_, constraints) = shown.split_once("Name Constraints: critical").expect("critical name constraints");
    for line in ["DNS:fcm.googleapis.com", "DNS:notify.windows.com", "Excluded:", "IP:0.0.0.0/0.0.0.0"] {
        assert!(constraints.contains(line), "{constraints}");
    }
    assert!(shown.contains("CA:TRUE, pathlen:0"), "{shown}");
}

#[test]
fn the_authoritys_file_holds_no_key_and_goes_with_the_push_service() {
    let service = PushService::start();
    service.expect_no_calls();
    let file = service.ca_pem_path();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE"), "{text}");
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    drop(service);
    assert!(!file.exists());
}

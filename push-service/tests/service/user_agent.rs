//! The browser's side of the program `push-service`: names, subscriptions, which messages arrive and which are lost.

use crate::sender::{LIMIT, Request, Response, Sender, claims, decode, now};
use push_service::{Limits, Service, Settings};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tungstenite::{Message, WebSocket};

/// The push service a learner starts, and the lines it prints.
struct Scene {
    service: Service,
    lines: Receiver<String>,
    sender: Sender,
}

impl Scene {
    fn new() -> Self {
        let (say, lines) = channel();
        let settings = Settings {
            port: 0,
            tls: None,
            strict: false,
            limits: Limits::default(),
            log: Box::new(move |line| _ = say.send(line.to_owned())),
        };
        Self { service: Service::start(settings).unwrap(), lines, sender: Sender::new() }
    }

    fn origin(&self) -> &str {
        &self.service.shared.origin
    }

    /// Returns the next line with this end; skips the lines before it.
    fn wait_for(&self, end: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(LIMIT).expect(end);
            if line.ends_with(end) {
                return line;
            }
        }
    }

    fn message(&self, endpoint: &str, body: &[u8]) -> Request {
        let authorization = self.sender.authorization(&claims(self.origin()));
        Request::new(endpoint, authorization, body.to_vec())
    }

    /// Sends a good message; the id that names it in Location.
    fn send(&self, endpoint: &str, body: &[u8]) -> String {
        id(&self.message(endpoint, body).send())
    }

    /// A browser with one subscription restricted to the sender's key.
    fn subscribed(&self) -> (Browser, String) {
        let mut browser = Browser::connect(self, None);
        let endpoint = browser.register("channel", Some(&self.sender.key()));
        (browser, endpoint)
    }

    /// Ends the browser's connection and waits until the push service knows.
    fn leave(&self, browser: Browser) -> String {
        drop(browser.socket);
        self.wait_for("a browser has disconnected");
        browser.uaid
    }
}

fn id(response: &Response) -> String {
    assert_eq!(response.status, 201, "{}", response.body);
    let location = response.header("Location").unwrap();
    location.rsplit_once("/m/").unwrap().1.to_owned()
}

/// A browser's end of the WebSocket.
struct Browser {
    socket: WebSocket<TcpStream>,
    uaid: String,
}

impl Browser {
    fn connect(scene: &Scene, uaid: Option<&str>) -> Self {
        let mut socket = open(scene);
        let mut hello = json!({ "messageType": "hello", "use_webpush": true, "broadcasts": {} });
        hello["uaid"] = uaid.unwrap_or_default().into();
        say(&mut socket, &hello);
        let answer = hear(&mut socket);
        assert_eq!(answer["messageType"], "hello");
        assert_eq!(answer["status"], 200);
        assert_eq!(answer["use_webpush"], true);
        assert_eq!(answer["broadcasts"], json!({}));
        let uaid = answer["uaid"].as_str().unwrap().to_owned();
        Self { socket, uaid }
    }

    fn ask(&mut self, question: &Value) -> Value {
        say(&mut self.socket, question);
        hear(&mut self.socket)
    }

    fn register(&mut self, channel: &str, key: Option<&str>) -> String {
        let mut question = json!({ "messageType": "register", "channelID": channel });
        if let Some(key) = key {
            question["key"] = key.into();
        }
        let answer = self.ask(&question);
        assert_eq!(answer["messageType"], "register");
        assert_eq!(answer["channelID"], channel);
        assert_eq!(answer["status"], 200);
        answer["pushEndpoint"].as_str().unwrap().to_owned()
    }

    /// The next message, decoded.
    fn next(&mut self) -> (String, Vec<u8>) {
        let message = hear(&mut self.socket);
        assert_eq!(message["messageType"], "notification");
        let text = |name: &str| message[name].as_str().unwrap().to_owned();
        (text("version"), decode(&text("data")))
    }

    fn acknowledge(&mut self, version: &str) {
        let update = json!({ "channelID": "channel", "version": version, "code": 100 });
        say(&mut self.socket, &json!({ "messageType": "ack", "updates": [update] }));
    }

    /// Asks with a ping: a message that was still to come would arrive before the answer.
    fn hears_no_more(&mut self) {
        assert_eq!(self.ask(&json!({})), json!({}));
    }
}

fn open(scene: &Scene) -> WebSocket<TcpStream> {
    let authority = scene.origin().strip_prefix("http://").unwrap();
    let tcp = TcpStream::connect(authority).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    tungstenite::client(format!("ws://{authority}/"), tcp).unwrap().0
}

fn say(socket: &mut WebSocket<TcpStream>, message: &Value) {
    socket.send(Message::text(message.to_string())).unwrap();
}

fn hear(socket: &mut WebSocket<TcpStream>) -> Value {
    let message = socket.read().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

#[test]
fn a_browser_keeps_its_name_and_an_unknown_one_gets_a_new_one() {
    let scene = Scene::new();
    let first = Browser::connect(&scene, None);
    assert_eq!(first.uaid.len(), 32);
    let name = scene.leave(first);
    assert_eq!(Browser::connect(&scene, Some(&name)).uaid, name);
    assert_ne!(Browser::connect(&scene, Some("0123")).uaid, "0123");
}

#[test]
fn a_subscription_gets_an_endpoint_as_mozilla_makes_them() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    assert!(endpoint.starts_with(&format!("{}/wpush/v2/", scene.origin())));
    assert!((210..=220).contains(&endpoint.len()), "{}", endpoint.len());
    let keyless = browser.register("keyless", None);
    assert!(keyless.starts_with(&format!("{}/wpush/v1/", scene.origin())));
    let broken = json!({ "messageType": "register", "channelID": "broken", "key": "*" });
    let refused = json!({ "messageType": "register", "channelID": "broken", "status": 400 });
    assert_eq!(browser.ask(&broken), refused);
}

#[test]
fn a_message_reaches_the_connected_browser_as_a_notification() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    let id = scene.send(&endpoint, b"encrypted");
    let heard = hear(&mut browser.socket);
    let expected = json!({
        "messageType": "notification",
        "channelID": "channel",
        "version": id,
        "ttl": 60,
        "data": "ZW5jcnlwdGVk",
        "headers": { "encoding": "aes128gcm" },
    });
    assert_eq!(heard, expected);
}

#[test]
fn a_message_without_a_body_is_a_notification_without_data() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    let id = scene.send(&endpoint, b"");
    let heard = hear(&mut browser.socket);
    let expected = json!({ "messageType": "notification", "channelID": "channel", "version": id, "ttl": 60 });
    assert_eq!(heard, expected);
}

#[test]
fn a_message_is_sent_again_until_it_is_acknowledged() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    let ids = [scene.send(&endpoint, b"one"), scene.send(&endpoint, b"two")];
    assert_eq!(browser.next(), (ids[0].clone(), b"one".to_vec()));
    assert_eq!(browser.next(), (ids[1].clone(), b"two".to_vec()));
    browser.acknowledge(&ids[0]);
    let name = scene.leave(browser);
    let mut browser = Browser::connect(&scene, Some(&name));
    assert_eq!(browser.next(), (ids[1].clone(), b"two".to_vec()));
    browser.acknowledge(&ids[1]);
    browser.hears_no_more();
    let name = scene.leave(browser);
    Browser::connect(&scene, Some(&name)).hears_no_more();
}

#[test]
fn what_was_sent_to_an_absent_browser_arrives_in_order_when_it_returns() {
    let scene = Scene::new();
    let (browser, endpoint) = scene.subscribed();
    let name = scene.leave(browser);
    scene.send(&endpoint, b"one");
    scene.send(&endpoint, b"two");
    let line = scene.wait_for("the browser is away, the TTL is 60 s");
    assert!(!line.contains(&endpoint) && line.contains(&endpoint[endpoint.len() - 8..]), "{line}");
    let mut browser = Browser::connect(&scene, Some(&name));
    assert_eq!([browser.next().1, browser.next().1], [b"one", b"two"]);
}

#[test]
fn a_message_whose_ttl_is_over_is_lost() {
    let scene = Scene::new();
    let (browser, endpoint) = scene.subscribed();
    let name = scene.leave(browser);
    let never = scene.message(&endpoint, b"never kept").with("TTL", Some("0"));
    assert_eq!(never.send().header("TTL"), Some("0"));
    scene.wait_for("the browser is away and the TTL is 0");
    scene.message(&endpoint, b"two seconds").with("TTL", Some("2")).send();
    scene.send(&endpoint, b"a minute");
    scene.service.shared.let_pass(Duration::from_secs(3));
    let mut browser = Browser::connect(&scene, Some(&name));
    assert_eq!(browser.next().1, b"a minute");
    browser.hears_no_more();
}

#[test]
fn a_connected_browser_hears_a_message_of_ttl_0_once() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    scene.message(&endpoint, b"now or never").with("TTL", Some("0")).send();
    assert_eq!(browser.next().1, b"now or never");
    let name = scene.leave(browser);
    Browser::connect(&scene, Some(&name)).hears_no_more();
}

#[test]
fn a_topic_replaces_the_stored_message_of_the_same_subscription_alone() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    let other = browser.register("other", Some(&scene.sender.key()));
    let name = scene.leave(browser);
    let topical =
        |endpoint: &str, body: &[u8]| id(&scene.message(endpoint, body).with("Topic", Some("weather1")).send());
    topical(&other, b"elsewhere");
    topical(&endpoint, b"rain");
    scene.send(&endpoint, b"no topic");
    topical(&endpoint, b"sun");
    let mut browser = Browser::connect(&scene, Some(&name));
    let heard = [browser.next().1, browser.next().1, browser.next().1];
    assert_eq!(heard, [&b"elsewhere"[..], b"no topic", b"sun"]);
    browser.hears_no_more();
}

#[test]
fn a_deleted_message_is_not_delivered() {
    let scene = Scene::new();
    let (browser, endpoint) = scene.subscribed();
    let name = scene.leave(browser);
    let id = scene.send(&endpoint, b"regretted");
    let delete =
        Request { method: "DELETE", endpoint: format!("{}/m/{id}", scene.origin()), ..scene.message(&endpoint, b"") };
    assert_eq!(delete.send().status, 204);
    assert_eq!(delete.send().status, 404);
    Browser::connect(&scene, Some(&name)).hears_no_more();
}

#[test]
fn an_unregistered_subscription_is_gone_with_what_waited_for_it() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    scene.send(&endpoint, b"unheeded");
    browser.next();
    let answer = browser.ask(&json!({ "messageType": "unregister", "channelID": "channel", "code": 200 }));
    assert_eq!(answer, json!({ "messageType": "unregister", "channelID": "channel", "status": 200 }));
    let response = scene.message(&endpoint, b"late").send();
    assert_eq!((response.status, response.reason()), (410, (106, "No such subscription".to_owned())));
    let name = scene.leave(browser);
    Browser::connect(&scene, Some(&name)).hears_no_more();
}

#[test]
fn each_browser_hears_its_own_messages() {
    let scene = Scene::new();
    let (mut one, to_one) = scene.subscribed();
    let (mut two, to_two) = scene.subscribed();
    scene.send(&to_one, b"for one");
    scene.send(&to_two, b"for two");
    let heard = (one.next().1, two.next().1);
    assert_eq!(heard, (b"for one".to_vec(), b"for two".to_vec()));
    one.hears_no_more();
    two.hears_no_more();
}

#[test]
fn each_browser_finds_its_own_messages_on_its_return() {
    let scene = Scene::new();
    let (one, to_one) = scene.subscribed();
    let (two, to_two) = scene.subscribed();
    let names = [scene.leave(one), scene.leave(two)];
    scene.send(&to_one, b"for one");
    scene.send(&to_two, b"for two");
    for (name, message) in names.iter().zip([b"for one", b"for two"]) {
        let mut browser = Browser::connect(&scene, Some(name));
        assert_eq!(browser.next().1, message);
        browser.hears_no_more();
    }
}

#[test]
fn reports_and_broadcast_topics_are_taken_in_silence_and_nonsense_ends_the_connection() {
    let scene = Scene::new();
    let (mut browser, _) = scene.subscribed();
    say(&mut browser.socket, &json!({ "messageType": "nack", "version": "1", "code": 301 }));
    say(&mut browser.socket, &json!({ "messageType": "broadcast_subscribe", "broadcasts": {} }));
    browser.hears_no_more();
    let mut stranger = open(&scene);
    say(&mut stranger, &json!({ "messageType": "register", "channelID": "channel" }));
    assert!(stranger.read().is_err());
    browser.socket.send(Message::text("not JSON")).unwrap();
    assert!(browser.socket.read().is_err());
}

#[test]
fn a_learner_is_held_to_mozillas_rules_and_no_stricter_ones() {
    let scene = Scene::new();
    let (mut browser, endpoint) = scene.subscribed();
    let keyless = browser.register("keyless", None);
    let send = |claims: &Value| {
        let authorization = scene.sender.authorization(claims);
        Request::new(&endpoint, authorization, Vec::new()).send().status
    };
    assert_eq!(send(&json!({ "aud": scene.origin(), "exp": now() - 10 })), 201);
    assert_eq!(send(&json!({ "aud": scene.origin(), "exp": now() - 90 })), 401);
    assert_eq!(send(&json!({ "aud": "https://localhost", "exp": now() + 60 })), 401);
    let unsigned = |endpoint| scene.message(endpoint, b"").with("Authorization", None).send().status;
    assert_eq!((unsigned(&keyless), unsigned(&endpoint)), (201, 401));
}

/// Firefox itself sends the address of its push service as `Origin`.
#[test]
fn a_page_cannot_open_the_browsers_websocket() {
    let scene = Scene::new();
    let host = scene.origin().strip_prefix("http://").unwrap();
    let origins = [("https://evil.example".to_owned(), 404), ("null".to_owned(), 404), (format!("ws://{host}/"), 101)];
    for (origin, status) in origins {
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
        let version = "Sec-WebSocket-Version: 13";
        let mut tcp = TcpStream::connect(host).unwrap();
        tcp.set_read_timeout(Some(LIMIT)).unwrap();
        write!(tcp, "GET / HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{upgrade}\r\n{version}\r\n\r\n").unwrap();
        let mut line = [0; 12];
        tcp.read_exact(&mut line).unwrap();
        assert_eq!(String::from_utf8_lossy(&line), format!("HTTP/1.1 {status}"), "{origin}");
    }
}

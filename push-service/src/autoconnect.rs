//! The browser's side: what Firefox and Mozilla's autoconnect say to each other over a WebSocket.

use crate::authorization::decode;
use crate::decryption::random;
use crate::http::Head;
use crate::state::{Shared, State, Subscription, Waiting, tail};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// Makes an endpoint as long as Mozilla's are, some 215 characters.
const TOKEN_BYTES: usize = 138;

/// The way to one connected browser, used by whoever has something to say to it.
pub struct Line(WebSocket<Half>);

impl Line {
    /// Whether the browser could still be reached.
    fn say(&mut self, message: &Value) -> bool {
        self.0.send(Message::text(message.to_string())).is_ok()
    }

    fn deliver(&mut self, channel_id: &str, message: &Waiting) -> bool {
        let mut notification = json!({
            "messageType": "notification",
            "channelID": channel_id,
            "version": message.id,
            "ttl": message.ttl,
        });
        if !message.body.is_empty() {
            notification["data"] = Base64UrlUnpadded::encode_string(&message.body).into();
            notification["headers"] = json!({ "encoding": "aes128gcm" });
        }
        self.say(&notification)
    }
}

/// The reading thread and the senders' threads hold a WebSocket each over one socket. What one write
/// hands over is whole frames, and stays together.
struct Half {
    read: TcpStream,
    write: Arc<Mutex<TcpStream>>,
}

impl Read for Half {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read.read(buffer)
    }
}

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut socket = self.write.lock().unwrap_or_else(PoisonError::into_inner);
        socket.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Whether a browser asks for its WebSocket.
    pub fn is_upgrade(head: &Head) -> bool {
        let upgrade = head.header("Upgrade").unwrap_or_default();
        upgrade.eq_ignore_ascii_case("websocket") && head.header("Sec-WebSocket-Key").is_some()
    }

    /// Talks with one browser until it leaves.
    pub fn converse(&self, mut tcp: TcpStream, head: &Head) -> io::Result<()> {
        tcp.write_all(upgrade(head).as_bytes())?;
        let write = Arc::new(Mutex::new(tcp.try_clone()?));
        let half = |read| Half { read, write: write.clone() };
        let line = WebSocket::from_raw_socket(half(tcp.try_clone()?), Role::Server, None);
        let line = Arc::new(Mutex::new(Line(line)));
        let mut reader = WebSocket::from_raw_socket(half(tcp), Role::Server, None);
        let mut uaid = None;
        while let Ok(message) = reader.read() {
            let Message::Text(text) = message else {
                continue;
            };
            let Ok(message) = serde_json::from_str::<Value>(&text) else {
                break;
            };
            if !self.heed(&message, &line, &mut uaid) {
                break;
            }
        }
        if let Some(uaid) = uaid {
            self.forget_line(&uaid, &line);
        }
        Ok(())
    }

    /// Does what the browser asks; `false` ends the conversation.
    fn heed(&self, message: &Value, line: &Arc<Mutex<Line>>, uaid: &mut Option<String>) -> bool {
        let kind = message["messageType"].as_str().unwrap_or_default();
        match (kind, uaid.as_deref()) {
            ("hello", None) => {
                *uaid = Some(self.hello(message, line));
                true
            }
            // An empty object asks whether we are still here.
            ("", _) | ("ping", _) => open(line).say(&json!({})),
            ("register", Some(uaid)) => open(line).say(&self.register(message, uaid)),
            ("unregister", Some(uaid)) => open(line).say(&self.unregister(message, uaid)),
            ("ack", Some(_)) => self.acknowledge(message),
            // Reports of what the browser could not use, and topics of Mozilla's own broadcasts.
            ("nack" | "broadcast_subscribe", Some(_)) => true,
            _ => false,
        }
    }

    /// Names the browser, or knows it again, and delivers what has waited for it.
    fn hello(&self, message: &Value, line: &Arc<Mutex<Line>>) -> String {
        // Held until all is said, so that no new message overtakes the answer.
        let mut open_line = open(line);
        let mut state = self.lock();
        let known = message["uaid"].as_str().filter(|uaid| state.lines.contains_key(*uaid));
        let uaid = known.map_or_else(new_uaid, str::to_owned);
        state.lines.insert(uaid.clone(), Some(line.clone()));
        let expired = state.drop_expired();
        let waiting = state.waiting_for(&uaid);
        drop(state);
        if expired > 0 {
            self.say(&format!("dropped {expired} stored, their TTL was over"));
        }
        self.say(&format!("a browser has connected, {} waiting for it", waiting.len()));
        open_line.say(&json!({
            "messageType": "hello",
            "uaid": uaid,
            "status": 200,
            "use_webpush": true,
            "broadcasts": {},
        }));
        for (channel_id, message) in waiting {
            if open_line.deliver(&channel_id, &message) {
                self.say(&format!("delivered to ...{} what had waited", tail(&message.token)));
            }
        }
        self.changed.notify_all();
        uaid
    }

    fn register(&self, message: &Value, uaid: &str) -> Value {
        let channel_id = message["channelID"].as_str().unwrap_or_default();
        let key = message["key"].as_str().map(|key| decode(key.trim_end_matches('=')));
        let mut answer = json!({ "messageType": "register", "channelID": channel_id });
        if channel_id.is_empty() || key == Some(None) {
            answer["status"] = 400.into();
            return answer;
        }
        let (token, endpoint) = self.subscribe(Subscription {
            uaid: uaid.to_owned(),
            channel_id: channel_id.to_owned(),
            key: key.flatten(),
            browser: None,
            ended: false,
        });
        self.say(&format!("the browser has subscribed: ...{}", tail(&token)));
        answer["status"] = 200.into();
        answer["pushEndpoint"] = endpoint.into();
        answer
    }

    /// Remembers a subscription: its token and its endpoint.
    pub fn subscribe(&self, subscription: Subscription) -> (String, String) {
        let token = Base64UrlUnpadded::encode_string(&random::<TOKEN_BYTES>());
        let version = if subscription.key.is_some() { "v2" } else { "v1" };
        let endpoint = format!("{}/wpush/{version}/{token}", self.origin);
        self.lock().subscriptions.insert(token.clone(), subscription);
        (token, endpoint)
    }

    fn unregister(&self, message: &Value, uaid: &str) -> Value {
        let channel_id = message["channelID"].as_str().unwrap_or_default();
        let mut state = self.lock();
        let mut ended = Vec::new();
        for (token, subscription) in &mut state.subscriptions {
            if subscription.uaid == uaid && subscription.channel_id == channel_id {
                subscription.ended = true;
                ended.push(token.clone());
            }
        }
        state.waiting.retain(|message| !ended.contains(&message.token));
        for token in &ended {
            self.say(&format!("the browser has unsubscribed: ...{}", tail(token)));
        }
        json!({ "messageType": "unregister", "channelID": channel_id, "status": 200 })
    }

    fn acknowledge(&self, message: &Value) -> bool {
        let versions = message["updates"].as_array().into_iter().flatten();
        let versions: Vec<_> = versions.filter_map(|update| update["version"].as_str()).collect();
        let mut state = self.lock();
        state.waiting.retain(|message| !versions.contains(&message.id.as_str()));
        self.say(&format!("the browser acknowledges {} delivered", versions.len()));
        self.changed.notify_all();
        true
    }

    /// Delivers a message, and stores it until its browser has acknowledged it or its TTL ends.
    pub fn pass_on(&self, mut state: MutexGuard<'_, State>, message: Waiting) {
        let Some(subscription) = state.subscriptions.get(&message.token) else {
            return;
        };
        let channel_id = subscription.channel_id.clone();
        let line = state.lines.get(&subscription.uaid).cloned().flatten();
        let name = tail(&message.token);
        if let Some(topic) = &message.topic {
            let before = state.waiting.len();
            // (RFC 8030 §5.4) A message replaces the stored one with the same topic.
            state.waiting.retain(|stored| stored.token != message.token || stored.topic.as_ref() != Some(topic));
            if state.waiting.len() < before {
                self.say(&format!("dropped a stored message for ...{name}: a newer one has its topic"));
            }
        }
        state.drop_expired();
        if message.ttl > 0 {
            state.waiting.push(message.clone());
        }
        drop(state);
        match line {
            Some(line) if open(&line).deliver(&channel_id, &message) => self.say(&format!("delivered to ...{name}")),
            _ if message.ttl == 0 => {
                self.say(&format!("dropped a message for ...{name}: the browser is away and the TTL is 0"));
            }
            _ => self.say(&format!("stored for ...{name}: the browser is away, {} s to go", message.ttl)),
        }
    }

    fn forget_line(&self, uaid: &str, line: &Arc<Mutex<Line>>) {
        let mut state = self.lock();
        if let Some(current) = state.lines.get_mut(uaid)
            && current.as_ref().is_some_and(|current| Arc::ptr_eq(current, line))
        {
            *current = None;
            self.say("a browser has left");
        }
        self.changed.notify_all();
    }
}

impl State {
    /// A browser's stored messages, each with its channel, oldest first.
    fn waiting_for(&self, uaid: &str) -> Vec<(String, Waiting)> {
        let channel = |message: &Waiting| {
            let subscription = self.subscriptions.get(&message.token)?;
            (subscription.uaid == uaid).then(|| (subscription.channel_id.clone(), message.clone()))
        };
        self.waiting.iter().filter_map(channel).collect()
    }
}

fn open(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 128 random bits in hexadecimal.
fn new_uaid() -> String {
    random::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The answer that opens a WebSocket (RFC 6455 §4.2.2).
fn upgrade(head: &Head) -> String {
    let accept = derive_accept_key(head.header("Sec-WebSocket-Key").unwrap_or_default().as_bytes());
    let protocol = match head.header("Sec-WebSocket-Protocol") {
        Some("push-notification") => "Sec-WebSocket-Protocol: push-notification\r\n",
        _ => "",
    };
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{protocol}\r\n"
    )
}

//! The browser's side of Mozilla's push service: what Firefox and autoconnect send each other over a WebSocket.

use crate::{
    BrowserChannel, Owner, RequestHead, Shared, Socket, StoredMessage, Vendor, authorization::decode, random, tail,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// Firefox sends a ping every 30 minutes.
const IDLE_LIMIT: Duration = Duration::from_secs(60 * 60);
/// Firefox acknowledges messages one by one: a few hundred bytes.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// The sending end of one browser's WebSocket, for any thread that has something to send.
type Channel = Mutex<WebSocket<Half>>;

impl BrowserChannel for Channel {
    fn deliver(&self, channel: &str, message: &StoredMessage) -> bool {
        send(&mut self.lock(), &notification(channel, message))
    }
}

/// `false` when the browser could not be reached.
fn send(socket: &mut WebSocket<Half>, message: &Value) -> bool {
    socket.send(Message::text(message.to_string())).is_ok()
}

fn notification(channel: &str, message: &StoredMessage) -> Value {
    let mut notification = json!({
        "messageType": "notification",
        "channelID": channel,
        "version": message.id,
        "ttl": message.ttl,
    });
    if !message.body.is_empty() {
        notification["data"] = Base64UrlUnpadded::encode_string(&message.body).into();
        notification["headers"] = json!({ "encoding": "aes128gcm" });
    }
    notification
}

/// The reading thread and the sending threads have a WebSocket each over one socket. One write is one or more whole frames,
/// and stays together.
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
        let mut socket = self.write.lock();
        socket.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a browser asks for its WebSocket. A page that asks for one has an `Origin` that is not `ws:`, and gets none.
pub(crate) fn is_upgrade(head: &RequestHead) -> bool {
    let upgrade = head.header("Upgrade").unwrap_or_default();
    let page = head.header("Origin").is_some_and(|origin| !origin.starts_with("ws"));
    upgrade.eq_ignore_ascii_case("websocket") && head.header("Sec-WebSocket-Key").is_some() && !page
}

/// Serves one browser until it disconnects.
pub(crate) fn serve(shared: &Shared, socket: Socket, head: &RequestHead) -> io::Result<()> {
    // A browser waits for this answer before it sends more.
    let mut tcp = socket.tcp.into_inner();
    tcp.write_all(upgrade(head).as_bytes())?;
    tcp.set_read_timeout(Some(IDLE_LIMIT))?;
    let config = Some(WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE_BYTES)));
    let write = Arc::new(Mutex::new(tcp.try_clone()?));
    let half = |read| Half { read, write: write.clone() };
    let channel = WebSocket::from_raw_socket(half(tcp.try_clone()?), Role::Server, config);
    let mut reader = WebSocket::from_raw_socket(half(tcp), Role::Server, config);
    let mut session = Session { shared, channel: Arc::new(Mutex::new(channel)), uaid: None };
    while let Ok(message) = reader.read() {
        let Message::Text(text) = message else {
            continue;
        };
        let Ok(message) = serde_json::from_str::<Value>(&text) else {
            break;
        };
        if !session.answer(&message) {
            break;
        }
    }
    if let Some(uaid) = session.uaid {
        let channel: Arc<dyn BrowserChannel> = session.channel;
        shared.disconnect_browser(&uaid, &channel);
    }
    Ok(())
}

/// One browser's connection.
struct Session<'a> {
    shared: &'a Shared,
    channel: Arc<Channel>,
    /// The browser's name, once it has sent `hello`.
    uaid: Option<String>,
}

impl Session<'_> {
    /// Does what the browser asks; `false` ends the connection.
    fn answer(&mut self, message: &Value) -> bool {
        let kind = message["messageType"].as_str().unwrap_or_default();
        match (kind, self.uaid.as_deref()) {
            ("hello", None) => self.hello(message),
            // An empty object asks whether the push service is still there.
            ("", _) | ("ping", _) => self.send(&json!({})),
            ("register", Some(uaid)) => self.send(&self.register(message, uaid)),
            ("unregister", Some(uaid)) => {
                let channel = message["channelID"].as_str().unwrap_or_default();
                self.shared.unsubscribe(uaid, channel);
                self.send(&json!({ "messageType": "unregister", "channelID": channel, "status": 200 }))
            }
            ("ack", Some(_)) => {
                let updates = message["updates"].as_array().into_iter().flatten();
                let ids: Vec<_> = updates.filter_map(|update| update["version"].as_str().map(str::to_owned)).collect();
                self.shared.acknowledge(&ids);
                true
            }
            // Reports of what the browser could not use, and topics of Mozilla's own broadcasts.
            ("nack" | "broadcast_subscribe", Some(_)) => true,
            _ => false,
        }
    }

    fn send(&self, message: &Value) -> bool {
        send(&mut self.channel.lock(), message)
    }

    /// Names the browser, or recognises it, and delivers the messages stored for it.
    fn hello(&mut self, message: &Value) -> bool {
        // Locked until everything is sent, so that a new message does not overtake the answer.
        let mut socket = self.channel.lock();
        let known = message["uaid"].as_str().filter(|uaid| self.shared.lock().browsers.contains_key(*uaid));
        let uaid = known.map_or_else(|| format!("{:032x}", u128::from_le_bytes(random())), str::to_owned);
        let stored = self.shared.connect_browser(&uaid, self.channel.clone());
        let answer = json!({
            "messageType": "hello",
            "uaid": uaid,
            "status": 200,
            "use_webpush": true,
            "broadcasts": {},
        });
        send(&mut socket, &answer);
        for (channel, message) in stored {
            if send(&mut socket, &notification(&channel, &message)) {
                self.shared.report(&format!("delivered a stored message to ...{}", tail(&message.token)));
            }
        }
        self.uaid = Some(uaid);
        true
    }

    fn register(&self, message: &Value, uaid: &str) -> Value {
        let channel = message["channelID"].as_str().unwrap_or_default();
        let key = message["key"].as_str().map(|key| decode(key.trim_end_matches('=')));
        let mut answer = json!({ "messageType": "register", "channelID": channel });
        if channel.is_empty() || key == Some(None) {
            answer["status"] = 400.into();
            return answer;
        }
        let owner = Owner::Browser { browser: uaid.to_owned(), channel: channel.to_owned() };
        let Some((token, endpoint)) = self.shared.subscribe(Vendor::Local, key.flatten(), owner) else {
            answer["status"] = 500.into();
            return answer;
        };
        self.shared.report(&format!("the browser has subscribed: ...{}", tail(&token)));
        answer["status"] = 200.into();
        answer["pushEndpoint"] = endpoint.into();
        answer
    }
}

/// The response that opens a WebSocket (RFC 6455 §4.2.2).
fn upgrade(head: &RequestHead) -> String {
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

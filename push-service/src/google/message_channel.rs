//! Google's message channel (MCS): the connection by which a Chromium receives its push messages and acknowledges them.

use super::check_in::milliseconds;
use super::frames::{Frame, Frames, SharedTls, VERSION};
use super::messages::{AppData, DataMessage, ErrorInfo, Heartbeat, IqStanza, LoginRequest, LoginResponse};
use crate::{BrowserChannel, Shared, StoredMessage};
use base64ct::{Base64UrlUnpadded, Encoding};
use parking_lot::Mutex;
use prost::Message;
use rustls::ServerConfig;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const HEARTBEAT_PING: u8 = 0;
const HEARTBEAT_ACK: u8 = 1;
const LOGIN_REQUEST: u8 = 2;
const LOGIN_RESPONSE: u8 = 3;
const CLOSE: u8 = 4;
const IQ_STANZA: u8 = 7;
const DATA_MESSAGE: u8 = 8;

/// A Chromium on this machine logs in within milliseconds.
const LOGIN_LIMIT: Duration = Duration::from_secs(10);
/// A Chromium that takes nothing for so long has stopped.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// As many messages as are stored at most.
const MAX_UNACKNOWLEDGED: usize = 1000;

/// The channel to one Chromium that has logged in.
struct Channel {
    tls: SharedTls,
    sent: Mutex<Sent>,
}

/// Both ends count the frames of each direction; Chromium acknowledges by that number.
#[derive(Default)]
struct Sent {
    frames: i32,
    /// The number of the frame and the name of the message in it, oldest first.
    unacknowledged: Vec<(i32, String)>,
}

impl Sent {
    /// Remembers that the message was in the last frame.
    fn remember(&mut self, id: &str) {
        if self.unacknowledged.len() >= MAX_UNACKNOWLEDGED {
            self.unacknowledged.remove(0);
        }
        self.unacknowledged.push((self.frames, id.to_owned()));
    }
}

impl Channel {
    fn send(&self, sent: &mut Sent, tag: u8, message: &impl Message) -> io::Result<()> {
        let mut bytes = if sent.frames == 0 { vec![VERSION, tag] } else { vec![tag] };
        bytes.extend(message.encode_length_delimited_to_vec());
        sent.frames += 1;
        // After half a frame nothing else can follow: Chromium connects again and gets what is stored.
        self.tls.write(&bytes).inspect_err(|_| _ = self.tls.socket.shutdown(Shutdown::Both))
    }

    fn send_push(&self, sent: &mut Sent, channel: &str, message: &StoredMessage) -> bool {
        let delivered = self.send(sent, DATA_MESSAGE, &data_message(channel, message)).is_ok();
        // A message whose TTL is 0 is not stored, whether acknowledged or not.
        if delivered && message.ttl > 0 {
            sent.remember(&message.id);
        }
        delivered
    }

    /// The names of the messages in the frames up to this one, which Chromium then has.
    fn acknowledged(&self, last_stream_id: i32) -> Vec<String> {
        let mut sent = self.sent.lock();
        let count = sent.unacknowledged.iter().take_while(|(frame, _)| *frame <= last_stream_id).count();
        sent.unacknowledged.drain(..count).map(|(_, id)| id).collect()
    }
}

impl BrowserChannel for Channel {
    fn deliver(&self, channel: &str, message: &StoredMessage) -> bool {
        self.send_push(&mut self.sent.lock(), channel, message)
    }
}

fn data_message(channel: &str, message: &StoredMessage) -> DataMessage {
    let encrypted = !message.body.is_empty();
    let encoding = AppData { key: "content-encoding".to_owned(), value: "aes128gcm".to_owned() };
    DataMessage {
        // Chromium finds its own keys by it, and drops what it cannot decrypt.
        from: Base64UrlUnpadded::encode_string(&message.key),
        category: channel.to_owned(),
        app_data: if encrypted { vec![encoding] } else { Vec::new() },
        persistent_id: message.id.clone(),
        ttl: i32::try_from(message.ttl).unwrap_or(i32::MAX),
        raw_data: encrypted.then(|| message.body.clone()),
        // Otherwise Chromium acknowledges later, several at once.
        immediate_ack: true,
    }
}

impl Shared {
    /// Serves the message channel of one Chromium until it leaves.
    pub(super) fn serve_message_channel(&self, socket: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
        socket.set_write_timeout(Some(WRITE_LIMIT))?;
        socket.set_read_timeout(Some(LOGIN_LIMIT))?;
        let channel = Channel { tls: SharedTls::new(config, socket)?, sent: Mutex::default() };
        let mut frames = Frames::default();
        let Some(Frame { tag: LOGIN_REQUEST, message }) = frames.next(&channel.tls)? else {
            return Ok(());
        };
        let request = LoginRequest::decode(message.as_slice())?;
        channel.tls.socket.set_read_timeout(None)?;
        let channel = Arc::new(channel);
        if !self.log_in(&channel, &request)? {
            return Ok(());
        }
        let ended = self.follow(&channel, &mut frames);
        let channel: Arc<dyn BrowserChannel> = channel;
        self.disconnect_browser(&request.resource, &channel);
        ended
    }

    /// Answers the login and delivers what is stored; `false` when the check-in did not give this id and secret.
    fn log_in(&self, channel: &Arc<Channel>, request: &LoginRequest) -> io::Result<bool> {
        // Held until everything is sent, so that a newer message does not overtake the answer.
        let mut sent = channel.sent.lock();
        let state = self.lock();
        let known = match (request.resource.parse(), request.auth_token.parse()) {
            (Ok(id), Ok(token)) => state.is_chromium(id, token),
            _ => false,
        };
        let response = LoginResponse {
            // Chromium waits for 4 bytes before it reads any: this makes the answer long enough.
            id: "push-service".to_owned(),
            error: (!known).then_some(ErrorInfo { code: 401 }),
            server_timestamp: milliseconds(&state),
        };
        drop(state);
        channel.send(&mut sent, LOGIN_RESPONSE, &response)?;
        if !known {
            return Ok(false);
        }
        self.acknowledge(&request.received_persistent_ids);
        for (name, message) in self.connect_browser(&request.resource, channel.clone()) {
            channel.send_push(&mut sent, &name, &message);
        }
        Ok(true)
    }

    /// Does what Chromium asks until it leaves.
    fn follow(&self, channel: &Channel, frames: &mut Frames) -> io::Result<()> {
        while let Some(Frame { tag, message }) = frames.next(&channel.tls)? {
            let last_stream_id = match tag {
                HEARTBEAT_PING | HEARTBEAT_ACK => Heartbeat::decode(message.as_slice())?.last_stream_id_received,
                IQ_STANZA => IqStanza::decode(message.as_slice())?.last_stream_id_received,
                CLOSE => break,
                _ => 0,
            };
            if tag == HEARTBEAT_PING {
                channel.send(&mut channel.sent.lock(), HEARTBEAT_ACK, &Heartbeat::default())?;
            }
            self.acknowledge(&channel.acknowledged(last_stream_id));
        }
        Ok(())
    }
}

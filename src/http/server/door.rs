//! What every connection of one listener meets: its place, its first byte, its handshake, then the gate.

use super::Log;
use crate::http::connections::{ConnectionGuard, ConnectionTable};
use crate::http::gate::{Ending, Gate};
use crate::http::limits::Limits;
use crate::http::refusal::Refusal;
use crate::http::stream::{ClientStream, DeadlineStream};
use rustls::ServerConfig;
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A handshake needs the most; measured below 64 KiB in a debug build. Only pages touched cost memory.
const STACK_BYTES: usize = 256 * 1024;

/// The content type of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// What every connection of one listener meets.
pub(super) struct Door {
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) port: u16,
    pub(super) limits: Limits,
    pub(super) gate: Gate,
    pub(super) log: Log,
}

impl Door {
    /// Accepts until the crowd stops. No error ends it: tiny_http's own loop ends for good at the first.
    pub(super) fn accept(self: Arc<Self>, socket: &TcpListener, crowd: &Arc<ConnectionTable>) {
        while !crowd.is_stopping() {
            match socket.accept() {
                Ok((tcp, peer)) => self.let_in(tcp, peer, crowd),
                Err(error) => {
                    (self.log)(&format!("cannot accept: {error}"));
                    // Out of descriptors or memory: at once again would only spin.
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    fn let_in(self: &Arc<Self>, tcp: TcpStream, peer: SocketAddr, crowd: &Arc<ConnectionTable>) {
        let tcp = Arc::new(tcp);
        let Some(place) = crowd.enter(Arc::clone(&tcp)) else {
            if !crowd.is_stopping() {
                (self.log)(&format!("{peer}: closed: every connection is busy"));
            }
            return;
        };
        let door = Arc::clone(self);
        let connection = move || {
            if let Some(refused) = door.serve(tcp, &place) {
                (door.log)(&format!("{peer}: {refused}"));
            }
        };
        if let Err(error) = thread::Builder::new().stack_size(STACK_BYTES).spawn(connection) {
            (self.log)(&format!("{peer}: closed: no thread: {error}"));
        }
    }

    /// Serves one connection to its end; returns what to log, if anything was refused.
    fn serve(&self, tcp: Arc<TcpStream>, place: &ConnectionGuard) -> Option<String> {
        let _ = tcp.set_nodelay(true);
        let first = if self.tls.is_some() { self.limits.handshake } else { self.limits.idle };
        let socket = DeadlineStream::new(tcp, Instant::now() + first);
        // A client that sends nothing, or is gone, is not worth a line.
        let first_byte = socket.first_byte().ok()??;
        let mut channel = match &self.tls {
            Some(_) if first_byte.is_ascii_alphabetic() => {
                return Some(self.refuse_plain_http(socket));
            }
            Some(config) => match ClientStream::tls(Arc::clone(config), socket) {
                Ok(channel) => channel,
                Err(error) => return Some(format!("closed: no TLS handshake: {error}")),
            },
            None if first_byte == HANDSHAKE => {
                return Some("closed: TLS sent to the http port".to_owned());
            }
            None => ClientStream::Plain(socket),
        };
        let ending = self.gate.converse(&mut channel, place, &self.limits);
        channel.finish(self.limits.linger);
        match ending {
            Ok(Ending::Refused(Refusal { status, error, .. })) => Some(format!("{status}: {error}")),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Some("closed: the answer was not taken in time".to_owned())
            }
            Ok(Ending::Quiet) | Err(_) => None,
        }
    }

    /// A browser that was given `http://` and the https port is told so in words it can show.
    fn refuse_plain_http(&self, socket: DeadlineStream) -> String {
        let hint = format!("open https://localhost:{}", self.port);
        let refusal = Refusal::new(400, "plain http sent to the https port", hint);
        let mut channel = ClientStream::Plain(socket);
        let _ = channel.write_all(&refusal.answer());
        channel.finish(self.limits.linger);
        format!("{}: {}", refusal.status, refusal.error)
    }
}

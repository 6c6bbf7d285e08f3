//! Sockets and TLS: who is let in, how many, how long.

mod channel;
mod crowd;

use crate::certificate::Certificate;
use crate::gate::{Ending, Gate, INNER_MAX, Refusal};
pub(crate) use channel::Channel;
use channel::Timed;
use crowd::Crowd;
pub(crate) use crowd::Place;
use rustls::ServerConfig;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Receives one line for each connection or request refused; never a target, a header or a body.
pub type Log = fn(&str);

/// Descriptors kept for all else: standard streams, files, www/, the connections of pushes under way.
const RESERVED: u64 = 96;
/// Listeners in one process: https and http.
const LISTENERS: u64 = 2;
/// Most connections of one listener, were there descriptors for more; an idle TLS connection takes about 50 KiB, and
/// one developer's browsers open a few dozen.
const CONNECTIONS_MAX: u64 = 512;
/// Fewest, under however low a limit.
const CONNECTIONS_MIN: u64 = 8;
/// A handshake needs the most; measured below 64 KiB in a debug build. Only pages touched cost memory.
const STACK_BYTES: usize = 256 * 1024;
/// How long answers under way may still take when the listener stops.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a client may take, and how many may come. The defaults are the server's; tests take shorter ones.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From accept to the end of the TLS handshake.
    pub handshake: Duration,
    /// Before the first byte of a request.
    pub idle: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the end of its head to the end of its body.
    pub body: Duration,
    /// For taking an answer.
    pub write: Duration,
    /// Spent on reading what a client still sends after the last answer.
    pub linger: Duration,
    /// Most connections at once; each costs one thread and one descriptor, and while it is answered three more
    /// (`INNER_MAX` of them at once).
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            write: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            connections: connections_cap(raise_descriptor_limit()),
        }
    }
}

/// The share of one listener in the descriptors that are left when `RESERVED` and all inner connections (three each:
/// our end, tiny_http's and its duplicate) are taken off: 368 under a limit of 1024.
fn connections_cap(descriptors: u64) -> usize {
    let inner = LISTENERS * 3 * INNER_MAX as u64;
    let share = descriptors.saturating_sub(RESERVED + inner) / LISTENERS;
    share.clamp(CONNECTIONS_MIN, CONNECTIONS_MAX) as usize
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens there.
    #[error("cannot listen on '{host}:{port}'")]
    InUse {
        /// As given.
        host: String,
        /// As given.
        port: u16,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// The port is reserved (below 1024, mostly).
    #[error("may not listen on '{host}:{port}'")]
    NotAllowed {
        /// As given.
        host: String,
        /// As given.
        port: u16,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// The host is no address of this machine.
    #[error("'{host}' is no address to listen on")]
    Host {
        /// As given.
        host: String,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// rustls does not take the certificate and its key.
    #[error("cannot use the certificate")]
    Tls(#[from] rustls::Error),
}

impl ListenError {
    /// What to do next, one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InUse { .. } => {
                "end the program that listens there, or choose another port (0 lets the system choose)"
            }
            Self::NotAllowed { .. } => "choose a port above 1023",
            Self::Host { .. } => "give --host an address of this machine, such as 127.0.0.1",
            Self::Tls(_) => "give an ECDSA, Ed25519 or RSA key that the certificate was made with",
        }
    }
}

/// Raises the soft limit of open files to the hard one; returns the limit that holds now.
pub fn raise_descriptor_limit() -> u64 {
    // When it cannot be known, the oldest and lowest usual limit.
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or(256)
}

/// TLS 1.2 and 1.3 with this certificate, ALPN http/1.1, on ring.
pub fn tls_config(certificate: &Certificate) -> Result<Arc<ServerConfig>, ListenError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificate.chain(), certificate.key())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A bound socket, TLS or plain, not yet accepting.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    limits: Limits,
}

impl Listener {
    /// Binds only; a port in use is refused here. Port 0 lets the system choose. `host` is a name or an address, IPv6
    /// with or without brackets.
    pub fn bind(
        host: &str,
        port: u16,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Listener, ListenError> {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let bound =
            TcpListener::bind((bare, port)).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = bound.map_err(|source| {
            let host = host.to_owned();
            match source.kind() {
                ErrorKind::AddrInUse => ListenError::InUse { host, port, source },
                ErrorKind::PermissionDenied => ListenError::NotAllowed { host, port, source },
                _ => ListenError::Host { host, source },
            }
        })?;
        Ok(Listener {
            socket,
            address,
            tls,
            limits: Limits::default(),
        })
    }

    /// The same with other limits.
    pub fn with_limits(self, limits: Limits) -> Listener {
        Listener { limits, ..self }
    }

    /// Where it is bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Accepts from now on, in threads of its own; `log` gets one line for each refusal.
    pub fn serve(self, gate: Gate, log: Log) -> Serving {
        let crowd = Arc::new(Crowd::new(self.limits.connections));
        let address = self.address;
        let door = Arc::new(Door {
            tls: self.tls,
            port: address.port(),
            limits: self.limits,
            gate,
            log,
        });
        let inside = Arc::clone(&crowd);
        let accepting = thread::spawn(move || accept(&self.socket, &door, &inside));
        Serving {
            crowd,
            address,
            accepting: Some(accepting),
        }
    }
}

/// An accepting listener; ends when stopped or dropped.
pub struct Serving {
    crowd: Arc<Crowd>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl Serving {
    /// Stops accepting, lets answers under way end (2 s at most), closes every connection.
    pub fn stop(self) {}
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.crowd.stop();
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        // Wakes the accept thread, which then sees that it is over.
        let woken =
            TcpStream::connect_timeout(&SocketAddr::new(ip, self.address.port()), PATIENCE).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
        }
        self.crowd.clear(PATIENCE);
    }
}

/// What every connection of one listener meets.
struct Door {
    tls: Option<Arc<ServerConfig>>,
    port: u16,
    limits: Limits,
    gate: Gate,
    log: Log,
}

fn accept(socket: &TcpListener, door: &Arc<Door>, crowd: &Arc<Crowd>) {
    while !crowd.is_stopping() {
        let (tcp, peer) = match socket.accept() {
            Ok((tcp, peer)) => (Arc::new(tcp), peer),
            Err(error) => {
                (door.log)(&format!("cannot accept: {error}"));
                // Out of descriptors or memory: at once again would only spin.
                thread::sleep(Duration::from_millis(10));
                continue;
            }
        };
        let Some(place) = crowd.enter(Arc::clone(&tcp)) else {
            if !crowd.is_stopping() {
                (door.log)(&format!("{peer}: closed: every connection is busy"));
            }
            continue;
        };
        let inside = Arc::clone(door);
        let connection = move || {
            if let Some(refused) = inside.serve(tcp, &place) {
                (inside.log)(&format!("{peer}: {refused}"));
            }
        };
        if let Err(error) = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(connection)
        {
            (door.log)(&format!("{peer}: closed: no thread: {error}"));
        }
    }
}

impl Door {
    /// Serves one connection to its end; returns what to log, if anything was refused.
    fn serve(&self, tcp: Arc<TcpStream>, place: &Place) -> Option<String> {
        let _ = tcp.set_nodelay(true);
        let first = if self.tls.is_some() {
            self.limits.handshake
        } else {
            self.limits.idle
        };
        let socket = Timed::new(tcp, Instant::now() + first);
        // A client that sends nothing, or is gone, is not worth a line.
        let first_byte = socket.first_byte().ok()??;
        /// The content type of a TLS handshake record (RFC 8446 §5.1).
        const HANDSHAKE: u8 = 22;
        let mut channel = match &self.tls {
            Some(_) if first_byte.is_ascii_alphabetic() => {
                return Some(self.refuse_plain_http(socket));
            }
            Some(config) => match Channel::tls(Arc::clone(config), socket) {
                Ok(channel) => channel,
                Err(error) => return Some(format!("closed: no TLS handshake: {error}")),
            },
            None if first_byte == HANDSHAKE => {
                return Some("closed: TLS sent to the http port".to_owned());
            }
            None => Channel::Plain(socket),
        };
        let ending = self.gate.converse(&mut channel, place, &self.limits);
        channel.finish(self.limits.linger);
        match ending {
            Ok(Ending::Refused(Refusal { status, error, .. })) => {
                Some(format!("{status}: {error}"))
            }
            Ok(Ending::Quiet) | Err(_) => None,
        }
    }

    /// A browser that was given `http://` and the https port is told so in words it can show.
    fn refuse_plain_http(&self, socket: Timed) -> String {
        let hint = format!("open https://localhost:{}", self.port);
        let refusal = Refusal::new(400, "plain http sent to the https port", hint);
        let mut channel = Channel::Plain(socket);
        let _ = channel.write_all(&refusal.answer());
        channel.finish(self.limits.linger);
        format!("{}: {}", refusal.status, refusal.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_leaves_descriptors_for_everything_else() {
        for (descriptors, cap) in [
            (0, 8),
            (256, 8),
            (1024, 368),
            (1 << 20, 512),
            (u64::MAX, 512),
        ] {
            assert_eq!(
                connections_cap(descriptors),
                cap,
                "{descriptors} descriptors"
            );
        }
    }
}

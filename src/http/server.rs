//! Sockets and TLS: who is let in, how many, how long.

mod door;

use crate::http::certificate::Certificate;
use crate::http::connections::ConnectionTable;
use crate::http::gate::Gate;
use crate::http::limits::Limits;
use door::Door;
use rustls::ServerConfig;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Receives one line for each connection or request refused; never a target, a header or a body.
pub type Log = fn(&str);

/// How long answers under way may still take when the listener stops.
const PATIENCE: Duration = Duration::from_secs(2);

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
    pub fn bind(host: &str, port: u16, tls: Option<Arc<ServerConfig>>) -> Result<Listener, ListenError> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let bound = TcpListener::bind((bare, port)).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = bound.map_err(|source| {
            let host = host.to_owned();
            match source.kind() {
                ErrorKind::AddrInUse => ListenError::InUse { host, port, source },
                ErrorKind::PermissionDenied => ListenError::NotAllowed { host, port, source },
                _ => ListenError::Host { host, source },
            }
        })?;
        Ok(Listener { socket, address, tls, limits: Limits::default() })
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
    pub fn serve(self, mut gate: Gate, log: Log) -> RunningServer {
        let crowd = Arc::new(ConnectionTable::new(self.limits.connections));
        let (address, folder) = (self.address, gate.take_folder());
        let door = Door { tls: self.tls, port: address.port(), limits: self.limits, gate, log };
        let (door, inside) = (Arc::new(door), Arc::clone(&crowd));
        let accepting = thread::spawn(move || door.accept(&self.socket, &inside));
        RunningServer { crowd, address, accepting: Some(accepting), _folder: folder }
    }
}

/// An accepting listener; ends when stopped or dropped.
pub struct RunningServer {
    crowd: Arc<ConnectionTable>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
    /// The folder of the inner socket. Held here, so that it goes even when a handler never answers.
    _folder: Option<crate::http::gate::SocketDir>,
}

impl RunningServer {
    /// Stops accepting, lets answers under way end (2 s at most), closes every connection.
    pub fn stop(self) {}
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.crowd.stop();
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        // Wakes the accept thread, which then sees that it is over.
        let woken = TcpStream::connect_timeout(&SocketAddr::new(ip, self.address.port()), PATIENCE).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
        }
        self.crowd.clear(PATIENCE);
    }
}

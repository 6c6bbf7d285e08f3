//! Sockets and TLS: who is let in, how many, how long.

use crate::{certificate::Certificate, gate::Gate};
use std::{net::SocketAddr, sync::Arc};

/// Receives one line for each connection or request refused; never a target, a header or a body.
pub type Log = fn(&str);

/// A bound socket, TLS or plain, not yet accepting.
pub struct Listener {
    address: SocketAddr,
}

/// An accepting listener; ends when stopped or dropped.
pub struct Serving {}

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
        source: std::io::Error,
    },
}

impl ListenError {
    /// What to do next, one line.
    pub fn hint(&self) -> String {
        String::new()
    }
}

/// Raises the soft limit of open files to the hard one; returns the limit that holds now.
pub fn raise_descriptor_limit() -> u64 {
    todo!()
}

/// TLS 1.2 and 1.3 with this certificate, ALPN http/1.1, on ring.
pub fn tls_config(_certificate: &Certificate) -> Result<Arc<rustls::ServerConfig>, ListenError> {
    todo!()
}

impl Listener {
    /// Binds only; a port in use is refused here. Port 0 lets the system choose.
    pub fn bind(_host: &str, _port: u16, _tls: Option<Arc<rustls::ServerConfig>>) -> Result<Listener, ListenError> {
        todo!()
    }
    /// Where it is bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
    /// Accepts from now on, in threads of its own.
    pub fn serve(self, _gate: Gate, _log: Log) -> Serving {
        todo!()
    }
}

impl Serving {
    /// Stops accepting, lets answers under way end (2 s at most), closes every connection.
    pub fn stop(self) {}
}

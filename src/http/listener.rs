//! One listener, https or http: what its connections share, its accept loop, its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::ServerConfig;

use super::backend::Backend;
use super::connections::ConnectionTable;
use super::limits::{STACK_BYTES, STOP_TIME};
use super::server::Log;
use super::{Limits, connection};

pub(super) struct Listener {
    /// Handlers know it by this number.
    pub(super) number: usize,
    pub(super) address: SocketAddr,
    /// Where a browser that came by `http://` to an https port is sent.
    pub(super) own_url: String,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) limits: Limits,
    pub(super) connections: Arc<ConnectionTable>,
    pub(super) backend: Arc<Backend>,
    pub(super) log: Log,
}

impl Listener {
    /// Accepts until it is stopped. No error ends it, while tiny_http's own loop ends for good at the first one.
    pub(super) fn accept(self: &Arc<Self>, socket: &TcpListener) {
        while !self.connections.is_stopping() {
            match socket.accept() {
                Ok((tcp, peer)) => self.start(tcp, peer),
                Err(error) => {
                    (self.log)(&format!("cannot accept: {error}"));
                    // Out of descriptors or memory: trying again at once would only spin.
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    /// A place in the connection table, and a thread.
    fn start(self: &Arc<Self>, tcp: TcpStream, peer: SocketAddr) {
        let tcp = Arc::new(tcp);
        let Some(guard) = self.connections.admit(Arc::clone(&tcp)) else {
            if !self.connections.is_stopping() {
                (self.log)(&format!("{peer}: closed: every connection is busy"));
            }
            return;
        };
        let listener = Arc::clone(self);
        let serve = move || {
            if let Some(refused) = connection::serve(&listener, tcp, &guard) {
                (listener.log)(&format!("{peer}: {refused}"));
            }
        };
        if let Err(error) = thread::Builder::new().stack_size(STACK_BYTES).spawn(serve) {
            (self.log)(&format!("{peer}: closed: no thread: {error}"));
        }
    }

    /// Ends the thread that accepts, and the connections that no handler works for.
    pub(super) fn stop(&self, accepting: JoinHandle<()>) {
        self.connections.stop();
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        // Wakes the accepting thread, which then sees that it is to end.
        if TcpStream::connect_timeout(&SocketAddr::new(ip, self.address.port()), STOP_TIME).is_ok() {
            let _ = accepting.join();
        }
    }
}

//! The HTTP server: binds its listeners, accepts on them, serves them by one tiny_http behind them, stops.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use tiny_http::Request;

use super::backend::Backend;
use super::connections::ConnectionTable;
use super::limits::{STACK_BYTES, STOP_ANSWER_TIME, STOP_TIME};
use super::{Limits, connection};
use crate::store::LocalError;

/// Receives one line for each connection or request refused; never a target, a header or a body.
pub(super) type Log = fn(&str);

/// Listeners that are bound and do not accept yet.
pub struct Server {
    backend: Arc<Backend>,
    listeners: Vec<(TcpListener, Arc<Listener>)>,
    limits: Limits,
    log: Log,
}

impl Server {
    /// Opens the tiny_http server that answers for all listeners.
    ///
    /// # Errors
    /// When its private socket cannot be made in the folder of temporary files.
    pub fn open(limits: Limits, log: Log) -> Result<Server, LocalError> {
        Ok(Server { backend: Arc::new(Backend::open()?), listeners: Vec::new(), limits, log })
    }

    /// Binds one more listener, https with `tls`, and returns its address. Handlers know it by its number: 0 for the first, then 1.
    /// `hosts` are names or addresses of this machine, IPv6 with or without brackets; the first that this machine has is taken. Port
    /// 0 lets the system choose. `url_host` is the host in the listener's URL, as a hint shows it.
    ///
    /// # Errors
    /// When the port is in use or reserved, or this machine has none of the hosts.
    pub fn bind(
        &mut self,
        hosts: &[&str],
        port: u16,
        url_host: &str,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<SocketAddr, LocalError> {
        let (socket, address) = bind_first(hosts, port)?;
        let listener = Listener {
            number: self.listeners.len(),
            address,
            own_url: format!("https://{url_host}:{}", address.port()),
            tls,
            limits: self.limits.clone(),
            connections: Arc::new(ConnectionTable::new(self.limits.connections)),
            backend: Arc::clone(&self.backend),
            log: self.log,
        };
        self.listeners.push((socket, Arc::new(listener)));
        Ok(address)
    }

    /// Accepts from now on, in threads of its own. `handle` gets each request with the number of its listener, one after
    /// the other: what takes long belongs in a thread.
    pub fn serve(self, handle: impl Fn(usize, Request) + Send + 'static) -> RunningServer {
        self.backend.serve(handle);
        let accept = |(socket, listener): (TcpListener, Arc<Listener>)| {
            let accepting = Arc::clone(&listener);
            (listener, thread::spawn(move || accepting.accept(&socket)))
        };
        RunningServer { listeners: self.listeners.into_iter().map(accept).collect(), backend: self.backend }
    }
}

/// Binds the first of `hosts` that this machine has: a machine without IPv4 lacks 127.0.0.1 and has `::1`.
fn bind_first(hosts: &[&str], port: u16) -> Result<(TcpListener, SocketAddr), LocalError> {
    let mut absent = None;
    for host in hosts {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let bound = TcpListener::bind((bare, port)).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let source = match bound {
            Ok((address, socket)) => return Ok((socket, address)),
            Err(source) => source,
        };
        let (is_absent, hint) = match source.kind() {
            ErrorKind::AddrInUse => {
                (false, "end the program that listens there, or choose another port (0 lets the system choose)")
            }
            ErrorKind::PermissionDenied => (false, "choose a port above 1023"),
            _ => (true, "give --host an address of this machine, such as 127.0.0.1"),
        };
        let error = LocalError::new(format!("cannot listen on '{host}:{port}'"), hint).because(source);
        if !is_absent {
            return Err(error);
        }
        absent = absent.or(Some(error));
    }
    Err(absent.unwrap_or_else(|| LocalError::new("nowhere to listen", "give --host an address of this machine")))
}

/// Listeners that accept. Dropping it stops accepting, and closes idle connections at once. Answers under way may take 2 s more;
/// then the clients that still wait are answered 503.
pub struct RunningServer {
    listeners: Vec<(Arc<Listener>, JoinHandle<()>)>,
    backend: Arc<Backend>,
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        let stop = |(listener, accepting): (Arc<Listener>, _)| {
            listener.stop(accepting);
            listener
        };
        let listeners: Vec<_> = self.listeners.drain(..).map(stop).collect();
        let wait_until_empty = |time: Duration| {
            let deadline = Instant::now() + time;
            listeners.iter().for_each(|listener| listener.connections.wait_until_empty(deadline));
        };
        wait_until_empty(STOP_TIME);
        self.backend.stop();
        wait_until_empty(STOP_ANSWER_TIME);
        listeners.iter().for_each(|listener| listener.connections.close_all());
    }
}

/// One listener, https or http: what its connections share.
pub(super) struct Listener {
    /// Handlers know it by this number.
    pub(super) number: usize,
    address: SocketAddr,
    /// Where a browser that came by `http://` to an https port is sent.
    pub(super) own_url: String,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) limits: Limits,
    connections: Arc<ConnectionTable>,
    pub(super) backend: Arc<Backend>,
    log: Log,
}

impl Listener {
    /// Accepts until it is stopped. No error ends it, while tiny_http's own loop ends for good at the first one.
    fn accept(self: &Arc<Self>, socket: &TcpListener) {
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
    fn stop(&self, accepting: JoinHandle<()>) {
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

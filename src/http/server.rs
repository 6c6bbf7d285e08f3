//! The HTTP server: binds its listeners, serves them by one tiny_http behind them, stops.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use tiny_http::Request;

use super::Limits;
use super::backend::Backend;
use super::connections::ConnectionTable;
use super::limits::{STOP_ANSWER_TIME, STOP_TIME};
use super::listener::Listener;
use crate::store::LocalError;

/// Receives one line for each connection or request refused; never a target, a header or a body.
pub(super) type Log = fn(&str);

/// Where to listen.
pub struct Listen<'a> {
    /// Names or addresses of this machine, IPv6 with or without brackets. The first that this machine has is taken.
    pub hosts: &'a [&'a str],
    /// 0 lets the system choose.
    pub port: u16,
    /// The host in the URL of this listener, as a hint shows it.
    pub url_host: &'a str,
    /// For https.
    pub tls: Option<Arc<ServerConfig>>,
}

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

    /// Binds one more listener and returns its address. Handlers know it by its number: 0 for the first, then 1.
    ///
    /// # Errors
    /// When the port is in use or reserved, or this machine has none of the hosts.
    pub fn bind(&mut self, listen: Listen<'_>) -> Result<SocketAddr, LocalError> {
        let (socket, address) = bind_first(listen.hosts, listen.port)?;
        let listener = Listener {
            number: self.listeners.len(),
            address,
            own_url: format!("https://{}:{}", listen.url_host, address.port()),
            tls: listen.tls,
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
        match bound {
            Ok((address, socket)) => return Ok((socket, address)),
            Err(source) if matches!(source.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
                return Err(cannot_listen(host, port, source));
            }
            Err(source) => absent = absent.or(Some(cannot_listen(host, port, source))),
        }
    }
    Err(absent.unwrap_or_else(|| LocalError::new("nowhere to listen", "give --host an address of this machine")))
}

fn cannot_listen(host: &str, port: u16, source: io::Error) -> LocalError {
    let hint = match source.kind() {
        ErrorKind::AddrInUse => "end the program that listens there, or choose another port (0 lets the system choose)",
        ErrorKind::PermissionDenied => "choose a port above 1023",
        _ => "give --host an address of this machine, such as 127.0.0.1",
    };
    LocalError::new(format!("cannot listen on '{host}:{port}'"), hint).because(source)
}

/// Listeners that accept; they end when this is stopped or dropped.
pub struct RunningServer {
    listeners: Vec<(Arc<Listener>, JoinHandle<()>)>,
    backend: Arc<Backend>,
}

impl RunningServer {
    /// Stops accepting, and closes idle connections at once. Answers under way may take 2 s more; then the clients that
    /// still wait are answered 503.
    pub fn stop(self) {}
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

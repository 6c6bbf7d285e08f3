//! The running push service: one port, one thread a connection, all of them ended on drop.

use crate::routes;
use crate::state::{Shared, State};
use rustls::ServerConfig;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// After a failed accept, for example when no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

type Sockets = Arc<Mutex<HashMap<usize, TcpStream>>>;

/// The differences between a test's push service and a learner's.
pub struct Settings {
    /// 0 lets the system choose.
    pub port: u16,
    /// `None`: plain HTTP, and a WebSocket for browsers.
    pub tls: Option<Arc<ServerConfig>>,
    /// Hold senders to more than the vendors do, as tests want it.
    pub strict: bool,
    /// Gets one line about each thing that happens, never a secret.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

/// Listens on loopback until dropped.
pub struct Service {
    /// What its threads share.
    pub shared: Arc<Shared>,
    address: SocketAddr,
    sockets: Sockets,
    accepting: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
        let address = listener.local_addr()?;
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            origin: format!("{scheme}://localhost:{}", address.port()),
            strict: settings.strict,
            log: settings.log,
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        });
        let sockets = Sockets::default();
        let accepting = thread::Builder::new().name("push service".to_owned()).spawn({
            let (shared, sockets) = (shared.clone(), sockets.clone());
            move || accept(&listener, &shared, &sockets, settings.tls.as_ref())
        })?;
        Ok(Self { shared, address, sockets, accepting: Some(accepting) })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
        // Wakes the accepting thread, which then waits for the others.
        _ = TcpStream::connect(self.address);
        for socket in lock(&self.sockets).values() {
            _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(accepting) = self.accepting.take() {
            _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, sockets: &Sockets, tls: Option<&Arc<ServerConfig>>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, socket) in listener.incoming().enumerate() {
        if shared.lock().stopping {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let started = socket.and_then(|tcp| connection(tcp, number, shared, sockets, tls.cloned()));
        match started {
            Ok(thread) => threads.push(thread),
            Err(_) => _ = shared.pause(ACCEPT_PAUSE),
        }
    }
    for thread in threads {
        _ = thread.join();
    }
}

/// Starts the thread of one connection and keeps its socket, to shut it when the service ends.
fn connection(
    tcp: TcpStream,
    number: usize,
    shared: &Arc<Shared>,
    sockets: &Sockets,
    tls: Option<Arc<ServerConfig>>,
) -> io::Result<JoinHandle<()>> {
    tcp.set_nodelay(true)?;
    let kept = tcp.try_clone()?;
    let mut open = lock(sockets);
    let thread = thread::Builder::new().spawn({
        let (shared, sockets) = (shared.clone(), sockets.clone());
        move || {
            // When a connection fails, its other end notices.
            _ = routes::serve(tcp, &shared, tls);
            lock(&sockets).remove(&number);
        }
    })?;
    if shared.lock().stopping {
        _ = kept.shutdown(Shutdown::Both);
    }
    open.insert(number, kept);
    Ok(thread)
}

fn lock(sockets: &Sockets) -> MutexGuard<'_, HashMap<usize, TcpStream>> {
    sockets.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A port on loopback with one thread for each connection. Dropped, it ends them all.

use crate::state::Shared;
use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// After a failed accept, for example when no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Four times what a sender of many pushes opens.
const MAX_CONNECTIONS: usize = 1024;

/// Serves one connection until it ends.
type Serve = Arc<dyn Fn(TcpStream, &Shared) -> io::Result<()> + Send + Sync>;

/// A port that is served.
pub(crate) struct Listener {
    address: SocketAddr,
    connections: Arc<Connections>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Connections {
    sockets: Mutex<HashMap<usize, TcpStream>>,
    stopping: AtomicBool,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, HashMap<usize, TcpStream>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

impl Listener {
    /// Serves the connections that `tcp` accepts.
    pub(crate) fn start(
        tcp: TcpListener,
        shared: Arc<Shared>,
        serve: impl Fn(TcpStream, &Shared) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let connections = Arc::new(Connections::default());
        let serve: Serve = Arc::new(serve);
        let accepting = thread::Builder::new().name("push service".to_owned()).spawn({
            let connections = connections.clone();
            move || accept(&tcp, &shared, &connections, &serve)
        })?;
        Ok(Self { address, connections, accepting: Some(accepting) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connections.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then waits for the others.
        _ = TcpStream::connect(self.address);
        for socket in self.connections.lock().values() {
            _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(accepting) = self.accepting.take() {
            _ = accepting.join();
        }
    }
}

fn accept(tcp: &TcpListener, shared: &Arc<Shared>, connections: &Arc<Connections>, serve: &Serve) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, socket) in tcp.incoming().enumerate() {
        if connections.is_stopping() {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        if threads.len() >= MAX_CONNECTIONS {
            // Dropped, the socket is closed.
            continue;
        }
        match socket.and_then(|socket| start(socket, number, shared, connections, serve)) {
            Ok(thread) => threads.push(thread),
            Err(_) => _ = shared.pause(ACCEPT_PAUSE),
        }
    }
    for thread in threads {
        _ = thread.join();
    }
}

/// Starts the thread of one connection and keeps its socket, to shut it when the listener ends.
fn start(
    socket: TcpStream,
    number: usize,
    shared: &Arc<Shared>,
    connections: &Arc<Connections>,
    serve: &Serve,
) -> io::Result<JoinHandle<()>> {
    socket.set_nodelay(true)?;
    let kept = socket.try_clone()?;
    let mut open = connections.lock();
    let thread = thread::Builder::new().spawn({
        let (shared, connections, serve) = (shared.clone(), connections.clone(), serve.clone());
        move || {
            // When a connection fails, its other end notices.
            _ = serve(socket, &shared);
            connections.lock().remove(&number);
        }
    })?;
    if connections.is_stopping() {
        _ = kept.shutdown(Shutdown::Both);
    }
    open.insert(number, kept);
    Ok(thread)
}

//! A port on loopback with one thread for each connection. Dropped, it ends them all.

use crate::Shared;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle, Scope};
use std::time::Duration;

/// After a failed accept, for example when no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What the other ends may ask of a push service.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Connections at once: more are closed as soon as they open.
    pub connections: usize,
    /// How long a connection may be idle between two requests.
    pub idle: Duration,
    /// How long a head, or a body, may take from its first byte to its last.
    pub request: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // Four times what a sender of many pushes opens.
        Self { connections: 1024, idle: Duration::from_secs(300), request: Duration::from_secs(30) }
    }
}

/// A port that is served.
pub(crate) struct Listener {
    address: SocketAddr,
    open: Arc<Open>,
    accepting: Option<JoinHandle<()>>,
}

/// The sockets of the open connections, by number; `None` once the listener ends.
type Open = Mutex<Option<HashMap<usize, TcpStream>>>;

impl Listener {
    /// Gives each connection that `tcp` accepts to `serve`, which serves it until it ends.
    pub(crate) fn start(
        tcp: TcpListener,
        shared: Arc<Shared>,
        serve: impl Fn(TcpStream, &Shared) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let open = Arc::new(Open::new(Some(HashMap::new())));
        let accepting = thread::Builder::new().name("push service".to_owned()).spawn({
            let open = open.clone();
            // Ends when all its threads have ended.
            move || thread::scope(|scope| accept(scope, &tcp, &shared, &open, &serve))
        })?;
        Ok(Self { address, open, accepting: Some(accepting) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for socket in self.open.lock().take().into_iter().flat_map(HashMap::into_values) {
            _ = socket.shutdown(Shutdown::Both);
        }
        // Wakes the accepting thread.
        _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            _ = accepting.join();
        }
    }
}

fn accept<'scope>(
    scope: &'scope Scope<'scope, '_>,
    tcp: &TcpListener,
    shared: &'scope Shared,
    open: &'scope Open,
    serve: &'scope (impl Fn(TcpStream, &Shared) -> io::Result<()> + Sync),
) {
    for (number, socket) in tcp.incoming().enumerate() {
        let mut guard = open.lock();
        let Some(sockets) = guard.as_mut() else {
            return;
        };
        if sockets.len() >= shared.settings.limits.connections {
            // Dropped, the socket is closed.
            continue;
        }
        let started = socket.and_then(|socket| {
            socket.set_nodelay(true)?;
            let kept = socket.try_clone()?;
            thread::Builder::new().spawn_scoped(scope, move || {
                // When a connection fails, its other end notices.
                _ = serve(socket, shared);
                open.lock().as_mut().map(|sockets| sockets.remove(&number));
            })?;
            Ok(kept)
        });
        match started {
            Ok(kept) => _ = sockets.insert(number, kept),
            Err(_) => {
                drop(guard);
                _ = shared.pause(ACCEPT_PAUSE);
            }
        }
    }
}

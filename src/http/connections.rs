//! The connection table of one listener: capped, and when it is full the connection idle longest is closed for the next.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::limits::PLACE_WAIT;

pub(crate) struct ConnectionTable {
    cap: usize,
    state: Mutex<State>,
    /// A connection has left the table.
    left: Condvar,
}

#[derive(Default)]
struct State {
    connections: HashMap<u64, Connection>,
    next_id: u64,
    is_stopping: bool,
}

struct Connection {
    tcp: Arc<TcpStream>,
    /// `None` while a handler has its request: such a connection is never closed for another one.
    idle_since: Option<Instant>,
    is_closed: bool,
}

/// One connection's place in the table; free again when dropped.
pub(crate) struct ConnectionGuard {
    table: Arc<ConnectionTable>,
    id: u64,
}

impl ConnectionTable {
    pub(crate) fn new(cap: usize) -> Self {
        Self { cap, state: Mutex::default(), left: Condvar::new() }
    }

    /// Enters a connection. At the cap, closes the one idle longest and waits until its thread has ended, so that there
    /// are never more threads and descriptors than the cap. `None` when all are busy, or the listener stops.
    pub(crate) fn admit(self: &Arc<Self>, tcp: Arc<TcpStream>) -> Option<ConnectionGuard> {
        let deadline = Instant::now() + PLACE_WAIT;
        let mut state = self.state.lock();
        while state.connections.len() >= self.cap {
            if state.connections.values().all(|connection| !connection.is_closed) {
                state.close_idle_longest();
            }
            if self.left.wait_until(&mut state, deadline).timed_out() {
                return None;
            }
        }
        if state.is_stopping {
            return None;
        }
        let id = state.next_id;
        state.next_id += 1;
        state.connections.insert(id, Connection { tcp, idle_since: Some(Instant::now()), is_closed: false });
        Some(ConnectionGuard { table: Arc::clone(self), id })
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.state.lock().is_stopping
    }

    /// From now on no connection enters, an answer under way is the last of its connection, and those that no handler works for
    /// end.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        state.is_stopping = true;
        for connection in state.connections.values().filter(|connection| connection.idle_since.is_some()) {
            // Its thread reads the end, and still sends close_notify.
            let _ = connection.tcp.shutdown(Shutdown::Read);
        }
    }

    pub(crate) fn wait_until_empty(&self, deadline: Instant) {
        let mut state = self.state.lock();
        self.left.wait_while_until(&mut state, |state| !state.connections.is_empty(), deadline);
    }

    pub(crate) fn close_all(&self) {
        for connection in self.state.lock().connections.values() {
            let _ = connection.tcp.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn close_idle_longest(&mut self) {
        let idle = self.connections.values_mut().filter(|connection| connection.idle_since.is_some());
        if let Some(connection) = idle.min_by_key(|connection| connection.idle_since) {
            connection.is_closed = true;
            let _ = connection.tcp.shutdown(Shutdown::Both);
        }
    }
}

impl ConnectionGuard {
    /// A handler gets a request of this connection; `false` when the connection was closed before.
    pub(crate) fn set_busy(&self) -> bool {
        let mut state = self.table.state.lock();
        let is_stopping = state.is_stopping;
        let connection = state.connections.get_mut(&self.id).filter(|it| !it.is_closed && !is_stopping);
        connection.map(|connection| connection.idle_since = None).is_some()
    }

    /// The handler has answered; `false` when this answer must be the last one.
    pub(crate) fn set_idle(&self) -> bool {
        let mut state = self.table.state.lock();
        if let Some(connection) = state.connections.get_mut(&self.id) {
            connection.idle_since = Some(Instant::now());
        }
        !state.is_stopping
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.table.state.lock().connections.remove(&self.id);
        self.table.left.notify_all();
    }
}

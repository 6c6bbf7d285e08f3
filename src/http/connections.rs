//! Who is inside: a capped table of connections, where the one idle longest makes room for the next.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a newcomer waits at most for room.
const ROOM: Duration = Duration::from_secs(1);

pub(crate) struct ConnectionTable {
    cap: usize,
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    members: HashMap<u64, Member>,
    next: u64,
    stopping: bool,
}

struct Member {
    tcp: Arc<TcpStream>,
    /// `None` while a handler has its request: such a connection is never shut.
    idle_since: Option<Instant>,
    shut: bool,
}

/// One connection's place inside; free again when dropped.
pub(crate) struct ConnectionGuard {
    crowd: Arc<ConnectionTable>,
    id: u64,
}

impl ConnectionTable {
    pub(crate) fn new(cap: usize) -> Self {
        Self { cap, state: Mutex::default(), left: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in; at the cap, shuts the one idle longest and waits until its thread has gone, so that
    /// there are never more threads and descriptors than the cap. `None`: all are busy, or the listener stops.
    pub(crate) fn enter(self: &Arc<Self>, tcp: Arc<TcpStream>) -> Option<ConnectionGuard> {
        let late = Instant::now() + ROOM;
        let mut state = self.lock();
        while state.members.len() >= self.cap {
            if state.members.values().all(|member| !member.shut) {
                state.shut_idle_longest();
            }
            let left = late.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.left.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.stopping {
            return None;
        }
        let id = state.next;
        state.next += 1;
        state.members.insert(id, Member { tcp, idle_since: Some(Instant::now()), shut: false });
        Some(ConnectionGuard { crowd: Arc::clone(self), id })
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Nobody enters any more, and an answer under way is the last of its connection.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
    }

    /// Sends everybody away: the idle at once, the busy when answered or when `patience` ends.
    pub(crate) fn clear(&self, patience: Duration) {
        let mut state = self.lock();
        for member in state.members.values().filter(|member| member.idle_since.is_some()) {
            // Its thread reads the end, and still says close_notify.
            let _ = member.tcp.shutdown(Shutdown::Read);
        }
        let waited = self.left.wait_timeout_while(state, patience, |state| !state.members.is_empty());
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        for member in state.members.values() {
            let _ = member.tcp.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn shut_idle_longest(&mut self) {
        let idle = self.members.values_mut().filter(|member| member.idle_since.is_some());
        if let Some(member) = idle.min_by_key(|member| member.idle_since) {
            member.shut = true;
            let _ = member.tcp.shutdown(Shutdown::Both);
        }
    }
}

impl ConnectionGuard {
    /// A handler gets a request of this connection; `false` when the connection was shut before.
    pub(crate) fn set_busy(&self) -> bool {
        let mut state = self.crowd.lock();
        let stopping = state.stopping;
        let member = state.members.get_mut(&self.id).filter(|member| !member.shut && !stopping);
        member.map(|member| member.idle_since = None).is_some()
    }

    /// The handler has answered; `false` when this answer must be the last one.
    pub(crate) fn set_idle(&self) -> bool {
        let mut state = self.crowd.lock();
        if let Some(member) = state.members.get_mut(&self.id) {
            member.idle_since = Some(Instant::now());
        }
        !state.stopping
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.crowd.lock().members.remove(&self.id);
        self.crowd.left.notify_all();
    }
}

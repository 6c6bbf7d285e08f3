//! What the threads of one push service share. In memory only.

use crate::{Answers, Authority, Authorization, BrowserChannel, Record, Settings, StoredMessage, Subscription};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Shared by the threads of one push service.
pub struct Shared {
    /// Scheme, name and port where this program listens: the base of `local` endpoints and the only `aud` they take.
    pub origin: String,
    pub(crate) settings: Settings,
    /// The proxy's, once it has been needed.
    pub(crate) authority: Mutex<Option<Arc<Authority>>>,
    pub(crate) state: Mutex<State>,
    /// Notified when something in `state` has changed.
    pub changed: Condvar,
}

/// What changes: read and written under [`Shared::lock`].
#[derive(Default)]
pub struct State {
    /// By the token at the end of the endpoint.
    pub subscriptions: HashMap<String, Arc<Subscription>>,
    /// The browsers that have ever connected, by name; `None`: not connected now.
    pub(crate) browsers: HashMap<String, Option<Arc<dyn BrowserChannel>>>,
    /// Each Chromium's secret, by the id that the check-in gave it.
    pub(crate) chromium_tokens: HashMap<u64, u64>,
    /// For real browsers, until acknowledged or expired, oldest first.
    pub(crate) stored: Vec<StoredMessage>,
    /// The Authorization headers of late whose signature is good.
    pub(crate) signed: HashMap<String, Authorization>,
    /// What tests have chosen.
    pub answers: Answers,
    /// What has arrived.
    pub record: Record,
    /// Requests of any kind by senders.
    pub calls: usize,
    /// How far this push service's clock is ahead.
    pub(crate) ahead: Duration,
    pub(crate) stopping: bool,
}

impl Shared {
    /// What changes.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Waits for `pause`, or until the push service stops, which `true` means.
    pub(crate) fn pause(&self, pause: Duration) -> bool {
        let mut state = self.lock();
        self.changed.wait_while_for(&mut state, |state| !state.stopping, pause);
        state.stopping
    }

    /// Puts this push service's clock ahead, so that TTLs and tokens end without waiting.
    pub fn let_pass(&self, time: Duration) {
        self.lock().ahead += time;
    }

    pub(crate) fn report(&self, line: &str) {
        (self.settings.log)(line);
    }
}

impl State {
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    /// Seconds since 1970.
    pub(crate) fn now_seconds(&self) -> u64 {
        let since = self.now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }
}

//! What a push service remembers: subscriptions, browsers, messages that wait. In memory alone.

use crate::answer::{Answer, Then};
use crate::autoconnect::Line;
use crate::autoendpoint::Received;
use crate::decryption::BrowserKeys;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Shared by the threads of one push service.
pub struct Shared {
    /// Scheme, name and port: the only `aud` taken, the base of every endpoint.
    pub origin: String,
    /// Hold senders to more than Mozilla's push service does, as the tests want it.
    pub strict: bool,
    /// Told one line about each thing that happens, never a secret.
    pub report: Box<dyn Fn(&str) + Send + Sync>,
    pub state: Mutex<State>,
    pub changed: Condvar,
}

#[derive(Default)]
pub struct State {
    /// By the token at the end of the endpoint. Ended ones stay, to be answered with 410.
    pub subscriptions: HashMap<String, Subscription>,
    /// The browsers that are connected, by uaid.
    pub lines: HashMap<String, Option<Arc<Mutex<Line>>>>,
    /// Until acknowledged or out of time, oldest first.
    pub waiting: Vec<Waiting>,
    pub answers: Answers,
    /// Messages in which nothing was wrong.
    pub received: Vec<Received>,
    /// What was wrong with the others.
    pub refused: Vec<String>,
    /// Requests of any kind by senders.
    pub calls: usize,
    /// The test wants nobody to call.
    pub no_calls: bool,
    /// How far this push service's clock is ahead.
    pub ahead: Duration,
    pub stopping: bool,
}

pub struct Subscription {
    /// The browser's name for itself; of no use in a simulated browser.
    pub uaid: String,
    /// The browser's name for the subscription.
    pub channel_id: String,
    /// The application server's key, 65 bytes, that the subscription is restricted to (RFC 8292 §4).
    pub key: Option<Vec<u8>>,
    /// A simulated browser's keys; a real browser keeps them to itself.
    pub browser: Option<BrowserKeys>,
    pub ended: bool,
}

#[derive(Clone)]
pub struct Waiting {
    /// Names the message in `Location`, and to the browser as `version`.
    pub id: String,
    pub token: String,
    pub topic: Option<String>,
    pub body: Vec<u8>,
    pub ttl: u64,
    pub until: SystemTime,
}

/// What the test told the stand-in to answer: the next ones first, then a subscription's own.
#[derive(Default)]
pub struct Answers {
    pub next: VecDeque<Answer>,
    pub of_subscription: HashMap<String, Answer>,
    pub always: Option<Answer>,
}

impl Answers {
    pub fn take(&mut self, token: &str) -> Answer {
        self.next.pop_front().unwrap_or_else(|| self.standing(token))
    }

    /// Whether the message that is about to be read will be answered by a reset.
    pub fn reset_is_next(&self, token: &str) -> bool {
        let next = self.next.front().cloned();
        let next = next.unwrap_or_else(|| self.standing(token));
        matches!(next.then, Then::Reset)
    }

    fn standing(&self, token: &str) -> Answer {
        let told = self.of_subscription.get(token).or(self.always.as_ref());
        told.cloned().unwrap_or_else(Answer::created)
    }
}

impl Shared {
    /// A thread that panicked took nothing away that the others need.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `pause`, or until the push service stops, which it says by `true`.
    pub fn pause(&self, pause: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), pause, |state| !state.stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    pub fn say(&self, line: &str) {
        (self.report)(line);
    }
}

impl State {
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    /// Seconds since 1970.
    pub fn now_seconds(&self) -> u64 {
        let since = self.now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }

    /// Drops the messages whose TTL is over (RFC 8030 §5.2) and says how many they were.
    pub fn drop_expired(&mut self) -> usize {
        let (now, before) = (self.now(), self.waiting.len());
        self.waiting.retain(|message| message.until > now);
        before - self.waiting.len()
    }
}

/// The end of an endpoint or token: enough to tell one from another, too little to send to it.
pub fn tail(token: &str) -> &str {
    token.get(token.len().saturating_sub(8)..).unwrap_or_default()
}

//! Which push of a fan-out is made next: a retry that is due, else what was read from the list. Both are bounded, so memory is too.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::push::Subscription;

/// How many pushes may wait for their next try, about 1 KiB each. When there are more, a push that would have to wait is over at
/// once: reading no further would hold up other push services.
const MAX_WAITING: usize = 8192;

pub(super) struct Push {
    /// The line of the list that the subscription began on, from 1.
    pub(super) line: usize,
    pub(super) subscription: Subscription,
    /// How often it was tried already.
    pub(super) tried: u32,
}

/// The queue between the thread that reads the list and those that push.
pub struct Queue {
    state: Mutex<State>,
    /// A thread that pushes waits for this: there may be something to push, or nothing more to come.
    work: Condvar,
    /// The thread that reads waits for this: `State::read` may have space.
    space: Condvar,
    /// How many pushes are under way at once.
    pub(super) jobs: usize,
}

#[derive(Default)]
struct State {
    /// At most as many as jobs.
    read: VecDeque<Push>,
    /// By the time when they are due, and a number that distinguishes those due at the same time.
    waiting: BTreeMap<(Instant, usize), Push>,
    /// How many pushes were ever put into `waiting`.
    retries: usize,
    under_way: usize,
    /// The list was read to its end.
    ended: bool,
    stopped: bool,
}

impl Queue {
    /// For `jobs` pushes under way at once (at least one).
    pub fn new(jobs: usize) -> Queue {
        Queue { state: Mutex::default(), work: Condvar::new(), space: Condvar::new(), jobs: jobs.max(1) }
    }

    /// Begins no further push. Those under way are finished.
    pub fn stop(&self) {
        self.state.lock().stopped = true;
        self.work.notify_all();
        self.space.notify_all();
    }

    /// Whether [`Queue::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.state.lock().stopped
    }

    /// Adds what was read, when there is space. `false`: the queue was stopped.
    pub(super) fn add(&self, push: Push) -> bool {
        let mut state = self.state.lock();
        self.space.wait_while(&mut state, |state| state.read.len() >= self.jobs && !state.stopped);
        state.read.push_back(push);
        self.work.notify_one();
        !state.stopped
    }

    /// The list has ended.
    pub(super) fn end(&self) {
        self.state.lock().ended = true;
        self.work.notify_all();
    }

    /// The next push, waited for; under way until [`Queue::finish`] or [`Queue::retry`]. `None`: there will be no more.
    pub(super) fn next(&self) -> Option<Push> {
        let mut state = self.state.lock();
        let push = loop {
            if state.is_over() {
                return None;
            }
            match state.take() {
                Ok(push) => break push,
                Err(Some(due)) => drop(self.work.wait_until(&mut state, due)),
                Err(None) => self.work.wait(&mut state),
            }
        };
        state.under_way += 1;
        // Not at each push: the reader would be woken for one line at a time.
        if state.read.len() == self.jobs / 2 {
            self.space.notify_one();
        }
        Some(push)
    }

    /// A push is over.
    pub(super) fn finish(&self) {
        let mut state = self.state.lock();
        state.under_way -= 1;
        if state.is_over() {
            self.work.notify_all();
        }
    }

    /// Lets a push that was tried wait for `pause`. It is given back when too many wait already.
    pub(super) fn retry(&self, push: Push, pause: Duration) -> Option<Push> {
        let mut state = self.state.lock();
        if state.waiting.len() >= MAX_WAITING {
            return Some(push);
        }
        state.under_way -= 1;
        state.retries += 1;
        let key = (Instant::now() + pause, state.retries);
        state.waiting.insert(key, Push { tried: push.tried + 1, ..push });
        // Those that wait may all wait for longer than `pause`.
        self.work.notify_one();
        None
    }

    /// Whether the list was read to its end and every push is over.
    pub(super) fn is_done(&self) -> bool {
        self.state.lock().is_done()
    }
}

impl State {
    fn is_done(&self) -> bool {
        self.ended && self.read.is_empty() && self.waiting.is_empty() && self.under_way == 0
    }

    fn is_over(&self) -> bool {
        self.stopped || self.is_done()
    }

    /// What can be pushed now; else when a retry is due, if one waits.
    fn take(&mut self) -> Result<Push, Option<Instant>> {
        let retry = self.waiting.first_entry();
        let due = retry.as_ref().map(|retry| retry.key().0);
        match retry {
            Some(retry) if retry.key().0 <= Instant::now() => Ok(retry.remove()),
            _ => self.read.pop_front().ok_or(due),
        }
    }
}

#[cfg(test)]
mod tests;

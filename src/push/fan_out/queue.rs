//! What is to be done next: retries that are due, then what was read. Bounded both ways, so that memory is.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::push::subscription::{Subscription, SubscriptionError};
use crate::store::subscriptions::StoreError;

/// How many pushes may wait for their next try, some 500 bytes each: with more, a push that would have to wait is told as busy
/// at once, because a list read no further would hold up other push services, and one held in memory has no end.
const MAX_WAITING: usize = 8192;

/// One thing to do.
pub(super) enum Task {
    /// Push.
    Push(Box<Push>),
    /// Tell that this entry is no subscription.
    Unusable { line: usize, error: SubscriptionError },
    /// Tell that an earlier run was done with it.
    Done,
}

/// One push to make.
pub(super) struct Push {
    /// Where the subscription stood in the list, from 1.
    pub(super) line: usize,
    pub(super) subscription: Subscription,
    /// How often it was tried.
    pub(super) tried: u32,
}

/// A push that waits for its next try.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    /// First, because the earliest comes first.
    due: Instant,
    line: usize,
    tried: u32,
    /// The subscription, in its smallest form.
    json: Box<str>,
}

/// What a fan-out that was stopped leaves undone, beside what was never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Whether it was stopped before the end of the list.
    pub stopped: bool,
    /// Entries read, or waiting for their next try, and not told.
    pub untold: usize,
}

/// The queue between the reader of the list and the threads that push.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    /// There may be something to do.
    work: Condvar,
    /// There may be room for what is read.
    room: Condvar,
    jobs: usize,
}

#[derive(Default)]
struct State {
    read: VecDeque<Task>,
    waiting: BinaryHeap<Reverse<Waiting>>,
    threads: usize,
    under_way: usize,
    /// Threads that wait for something to do: with none, nobody is woken, which would be a system call each time.
    idle: usize,
    ended: bool,
    stopped: bool,
    broken: Option<StoreError>,
}

impl Queue {
    /// For at most `jobs` threads.
    pub fn new(jobs: usize) -> Queue {
        let state = State { threads: 1, ..State::default() };
        Queue { state: Mutex::new(state), work: Condvar::new(), room: Condvar::new(), jobs: jobs.max(1) }
    }

    /// Nothing more is begun; what is under way is finished.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// Whether [`Queue::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Adds what was read, waiting for room; `false`: nobody wants it any more.
    pub(super) fn add(&self, task: Task) -> bool {
        let full = |state: &mut State| state.read.len() >= self.jobs && !state.stopped;
        let mut state = self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        state.read.push_back(task);
        self.wake_one(&state);
        !state.stopped
    }

    /// Nothing more will be read: the list ended, or broke off.
    pub(super) fn end(&self, broken: Option<StoreError>) {
        let mut state = self.lock();
        (state.ended, state.broken) = (true, broken);
        self.work.notify_all();
    }

    /// Puts a push that was tried once more aside for `pause`; `false`: there is no room.
    pub(super) fn wait(&self, push: &Push, pause: Duration) -> bool {
        let mut state = self.lock();
        let room = state.waiting.len() < MAX_WAITING;
        if room {
            state.waiting.push(Reverse(Waiting {
                due: Instant::now() + pause,
                line: push.line,
                tried: push.tried + 1,
                json: push.subscription.json().into(),
            }));
            self.wake_one(&state);
        }
        room
    }

    /// The next thing to do, waited for; `None`: there will be none.
    pub(super) fn next(&self) -> Option<Lease<'_>> {
        let mut state = self.lock();
        loop {
            if state.is_over() {
                return None;
            }
            let wait = match state.pop() {
                Ok(task) => {
                    state.under_way += 1;
                    let help = !state.read.is_empty() && state.threads < self.jobs;
                    state.threads += usize::from(help);
                    // Not for each place: the reader would be woken for one line at a time.
                    if state.read.len() == self.jobs / 2 {
                        self.room.notify_one();
                    }
                    return Some(Lease { queue: self, task, help });
                }
                Err(wait) => wait,
            };
            state.idle += 1;
            state = match wait {
                Some(wait) => self.work.wait_timeout(state, wait).map_or_else(|e| e.into_inner().0, |(state, _)| state),
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.idle -= 1;
        }
    }

    fn wake_one(&self, state: &State) {
        if state.idle > 0 {
            self.work.notify_one();
        }
    }

    /// A thread that [`Lease::help`] asked for could not be started.
    pub(super) fn one_less(&self) {
        self.lock().threads -= 1;
    }

    /// What is left when all threads have ended.
    pub(super) fn left(&self) -> Result<Left, StoreError> {
        let mut state = self.lock();
        let untold = state.read.len() + state.waiting.len();
        let stopped = state.stopped && (untold > 0 || !state.ended);
        state.broken.take().map_or(Ok(Left { stopped, untold }), Err)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Stopped; or read to the end, done with all, and nobody at work who could put one back.
    fn is_over(&self) -> bool {
        let idle = self.read.is_empty() && self.waiting.is_empty() && self.under_way == 0;
        self.stopped || self.ended && idle
    }

    /// What can be done now; else how long until a retry is due, if any waits.
    fn pop(&mut self) -> Result<Task, Option<Duration>> {
        let now = Instant::now();
        let wait = self.waiting.peek().map(|Reverse(first)| first.due.saturating_duration_since(now));
        if wait == Some(Duration::ZERO)
            && let Some(Reverse(Waiting { line, tried, json, .. })) = self.waiting.pop()
        {
            return Ok(match Subscription::from_json(&json) {
                Ok(subscription) => Task::Push(Box::new(Push { line, subscription, tried })),
                Err(error) => Task::Unusable { line, error },
            });
        }
        self.read.pop_front().ok_or(wait)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({} read, {} waiting, {} under way)", self.read.len(), self.waiting.len(), self.under_way)
    }
}

/// A task that somebody works on, until dropped.
pub(super) struct Lease<'a> {
    queue: &'a Queue,
    task: Task,
    /// There is more to do, and room for one more thread.
    pub(super) help: bool,
}

impl Lease<'_> {
    /// The task; once.
    pub(super) fn take(&mut self) -> Task {
        std::mem::replace(&mut self.task, Task::Done)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.under_way -= 1;
        if state.is_over() {
            self.queue.work.notify_all();
        }
    }
}

#[cfg(test)]
mod tests;

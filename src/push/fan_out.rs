//! One message to many: the list is read while it is sent, some pushes are under way at once, and one that must wait holds up
//! nobody. Memory does not grow with the list.

mod queue;

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope};

use crate::push::endpoint::Endpoint;
use crate::push::message::Message;
use crate::push::result::PushResult;
use crate::push::results::Done;
use crate::push::sender::{Attempt, Sender};
use crate::push::subscription::SubscriptionError;
use crate::store::subscriptions::{Entries, StoreError};

pub use queue::{Left, Queue};
use queue::{Push, Task};

/// Stack of a thread that pushes. TLS and encryption use a quarter of it in a debug build; what is not used takes no memory.
const STACK_BYTES: usize = 512 * 1024;

/// How every push of a fan-out is made.
#[derive(Debug)]
pub struct FanOut<'a> {
    /// Makes each push; let it keep as many connections as there are jobs.
    pub sender: &'a Sender,
    /// What is sent to everybody.
    pub message: &'a Message,
}

/// A push that is over.
#[derive(Debug)]
pub struct Pushed {
    /// Where the subscription stood, from 1.
    pub line: usize,
    /// Whose it is.
    pub endpoint: Endpoint,
    /// What became of it.
    pub outcome: PushResult,
}

/// What became of one entry of the list, told as it happens.
#[derive(Debug)]
pub enum Event {
    /// A push is over.
    Pushed(Box<Pushed>),
    /// The entry is no subscription.
    Unusable {
        /// Where it stands, from 1.
        line: usize,
        /// Why.
        error: SubscriptionError,
    },
    /// An earlier run was done with it.
    Done,
}

impl FanOut<'_> {
    /// Pushes to each of `entries` that is not `done`, with at most `queue`'s number of threads, until the end of the list or
    /// until [`Queue::stop`] or `tell` stop it: what is under way then is finished and told.
    ///
    /// # Errors
    /// [`StoreError::Read`] when the list broke off; what was read before was pushed. [`StoreError::Read`] also when not one
    /// thread could be started.
    pub fn run(
        &self,
        queue: &Arc<Queue>,
        entries: Entries,
        done: Done,
        tell: impl FnMut(Event) -> ControlFlow<()> + Send,
    ) -> Result<Left, StoreError> {
        let path = entries.path().to_owned();
        let _release = ReleaseReader(queue);
        let started = read_in_background(Arc::clone(queue), entries, done).and_then(|()| {
            let workers = Workers { fan_out: self, queue, tell: Mutex::new(tell) };
            thread::scope(|scope| workers.start(scope))
        });
        started.map_err(|e| {
            queue.stop();
            StoreError::Read(path, e)
        })?;
        queue.left()
    }

    /// One try. `None`: it waits for the next.
    fn push(&self, queue: &Queue, push: &Push) -> Option<PushResult> {
        match self.sender.attempt(self.message, &push.subscription, push.tried + 1) {
            Attempt::Over(result) => Some(result),
            Attempt::Again(result, pause) => (!queue.wait(push, pause)).then_some(result),
        }
    }
}

/// When a thread that pushes panics nobody makes room any more, and the reader would wait for it for ever.
struct ReleaseReader<'a>(&'a Queue);

impl Drop for ReleaseReader<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

/// Reads on until the list ends or the queue is stopped. Not joined: nothing can interrupt a read from a terminal or a pipe.
fn read_in_background(queue: Arc<Queue>, entries: Entries, done: Done) -> io::Result<()> {
    let reader = move || {
        for entry in entries {
            let task = match entry {
                Err(e) => return queue.end(Some(e)),
                Ok(entry) => match entry.subscription {
                    Ok(subscription) if done.contains(subscription.endpoint()) => Task::Done,
                    Ok(subscription) => Task::Push(Box::new(Push { line: entry.line, subscription, tried: 0 })),
                    Err(error) => Task::Unusable { line: entry.line, error },
                },
            };
            if !queue.add(task) {
                return;
            }
        }
        queue.end(None);
    };
    thread::Builder::new().name("reader".into()).spawn(reader).map(drop)
}

/// The threads that push, and the one place they tell.
struct Workers<'a, T> {
    fan_out: &'a FanOut<'a>,
    queue: &'a Queue,
    tell: Mutex<T>,
}

impl<T: FnMut(Event) -> ControlFlow<()> + Send> Workers<'_, T> {
    /// Starts one more thread; it starts the next when there is more to do than it can.
    fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> io::Result<()> {
        let thread = thread::Builder::new().name("push".into()).stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, move || self.work(scope)).map(drop)
    }

    fn work<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        while let Some(mut lease) = self.queue.next() {
            // With no memory for a thread, those that run do the work.
            if lease.help && self.start(scope).is_err() {
                self.queue.one_less();
            }
            let event = match lease.take() {
                Task::Push(push) => {
                    let outcome = self.fan_out.push(self.queue, &push);
                    let endpoint = || push.subscription.endpoint().clone();
                    outcome.map(|outcome| {
                        let (line, endpoint) = (push.line, endpoint());
                        Event::Pushed(Box::new(Pushed { line, endpoint, outcome }))
                    })
                }
                Task::Unusable { line, error } => Some(Event::Unusable { line, error }),
                Task::Done => Some(Event::Done),
            };
            if let Some(event) = event {
                let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
                if tell(event).is_break() {
                    self.queue.stop();
                }
            }
        }
    }
}

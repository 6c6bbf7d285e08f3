//! One message to many browsers: the list is read while it is pushed to, many pushes are under way at once, and a push that waits
//! for its next try holds up no other. Memory does not grow with the list.

mod queue;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use super::{Endpoint, Message, PushResult, Sender, Subscription};

use queue::Push;
pub use queue::Queue;

/// Stack of a thread that pushes. TLS and encryption use a quarter of it in a debug build; an unused part takes no memory.
const STACK_BYTES: usize = 512 * 1024;

/// A push that is over.
pub struct Pushed {
    /// The line of the list that its subscription began on, from 1.
    pub line: usize,
    /// Where it was sent.
    pub endpoint: Endpoint,
    /// What the push service said.
    pub result: PushResult,
}

impl Sender {
    /// Pushes `message` to each subscription of `list`, which gives the line it begins on too, until the list ends, or until
    /// [`Queue::stop`] or `report` stops it: pushes that are under way then are finished and reported. `report` is called by one thread
    /// at a time. Returns whether every subscription was pushed to. Let the client keep as many connections as the queue has jobs.
    ///
    /// # Errors
    /// The system's, when it could not start a single thread.
    pub fn push_all(
        &self,
        message: &Message,
        queue: &Arc<Queue>,
        list: impl Iterator<Item = (usize, Subscription)> + Send + 'static,
        report: impl FnMut(Pushed) -> ControlFlow<()> + Send,
    ) -> io::Result<bool> {
        let report = Mutex::new(report);
        thread::scope(|scope| {
            for number in 1..=queue.jobs {
                let thread = thread::Builder::new().name("push".into()).stack_size(STACK_BYTES);
                match thread.spawn_scoped(scope, || self.work(message, queue, &report)) {
                    Ok(_) => {}
                    // Too little memory for all of them: those that run do the work.
                    Err(_) if number > 1 => break,
                    Err(e) => return Err(e),
                }
            }
            read_in_background(Arc::clone(queue), list).inspect_err(|_| queue.stop())
        })?;
        Ok(queue.is_done())
    }

    /// One thread's work: push after push until there will be no more.
    fn work(&self, message: &Message, queue: &Queue, report: &Mutex<impl FnMut(Pushed) -> ControlFlow<()>>) {
        let _stop = StopOnPanic(queue);
        while let Some(push) = queue.next() {
            let (result, pause) = self.push(message, &push.subscription, push.tried + 1);
            let over = match pause {
                Some(pause) => queue.retry(push, pause),
                None => Some(push),
            };
            let Some(push) = over else { continue };
            let pushed = Pushed { line: push.line, endpoint: push.subscription.endpoint().clone(), result };
            if report.lock()(pushed).is_break() {
                queue.stop();
            }
            queue.finish();
        }
    }
}

/// Without it, the other threads would wait for ever for the push of one that panicked.
struct StopOnPanic<'a>(&'a Queue);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

/// Reads until the list ends or the queue is stopped. The thread is not joined, because nothing can interrupt a read from a terminal
/// or a pipe.
fn read_in_background(
    queue: Arc<Queue>,
    mut list: impl Iterator<Item = (usize, Subscription)> + Send + 'static,
) -> io::Result<()> {
    let reader = move || {
        let wanted = list.all(|(line, subscription)| queue.add(Push { line, subscription, tried: 0 }));
        if wanted {
            queue.end();
        }
    };
    thread::Builder::new().name("reader".into()).spawn(reader).map(drop)
}

//! The writers of one process take turns, first come, first served: the file lock knows no order, and who polls it can starve.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who waits, the one whose turn it is in front.
#[derive(Debug, Default)]
pub(super) struct Turns {
    queue: Mutex<Queue>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<u64>,
    next: u64,
}

/// The right to write; it passes on when dropped.
#[derive(Debug)]
pub(super) struct Turn<'t>(&'t Turns);

impl Turns {
    /// Waits for a turn; `None` when it has not come within `limit`.
    pub(super) fn wait(&self, limit: Duration) -> Option<Turn<'_>> {
        let mut queue = self.lock();
        let mine = queue.next;
        queue.next += 1;
        queue.waiting.push_back(mine);
        let waited = self.moved.wait_timeout_while(queue, limit, |queue| queue.waiting.front() != Some(&mine));
        let (mut queue, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            queue.waiting.retain(|other| *other != mine);
            return None;
        }
        Some(Turn(self))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting.pop_front();
        self.0.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn turns_come_in_order_and_one_that_gave_up_holds_up_nobody() {
        let turns = Turns::default();
        let first = turns.wait(Duration::ZERO).unwrap();
        assert!(turns.wait(Duration::from_millis(1)).is_none());
        let (done, order) = mpsc::channel();
        std::thread::scope(|scope| {
            for name in 0..4 {
                let (turns, done) = (&turns, done.clone());
                scope.spawn(move || {
                    let _turn = turns.wait(Duration::from_secs(30)).unwrap();
                    done.send(name).unwrap();
                });
                // The next comes when this one stands in the queue, behind the first.
                while turns.lock().waiting.len() < name + 2 {
                    std::thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(turns.lock().waiting.is_empty());
    }
}

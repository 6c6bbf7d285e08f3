//! Pushes for a page: to one or to every subscription, now or after a delay; each is logged, and the last is remembered.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::{ApiError, ApiResult};
use super::{Application, none_stored};
use crate::push::{Class, Endpoint, FanOut, Message, PushResult, Pushed, Queue, Subscription};
use crate::store::{Change, StoreError};

/// How many delayed pushes may wait at once; each is a thread that sleeps.
const MAX_DELAYED: usize = 16;
/// How many pushes of one notify-all are under way at once.
const JOBS: usize = 16;
/// How many results of one notify-all are in its answer, of those that stand first in the list: as many as a page can show.
const MAX_RESULTS: usize = 100;

impl Application {
    /// Does `push` and answers 200 with what it gives; or promises it for later with 202.
    pub(super) fn now_or_later(
        self: &Arc<Self>,
        delay: Duration,
        push: impl FnOnce(&Application) -> Result<Value, ApiError> + Send + 'static,
    ) -> ApiResult {
        if delay.is_zero() {
            return Ok((200, push(self)?));
        }
        let busy = || ApiError::new(500, "too many delayed pushes are waiting", "wait for them to be sent");
        let delayed = Delayed(Arc::clone(self));
        if self.memory.delayed.fetch_add(1, Ordering::Relaxed) >= MAX_DELAYED {
            return Err(busy());
        }
        let later = std::thread::Builder::new().name("delayed".into()).spawn(move || {
            std::thread::sleep(delay);
            if let Err(e) = push(&delayed.0) {
                delayed.0.log.event(&format!("cannot push: {}", e.error));
            }
        });
        later.map_err(|_| busy())?;
        Ok((202, json!({"scheduled": delay.as_secs()})))
    }

    /// To be called when the server ends: logs how many delayed pushes will not be sent.
    pub fn log_dropped_pushes(&self) {
        match self.memory.delayed.load(Ordering::Relaxed) {
            0 => {}
            1 => self.log.event("dropped 1 delayed push"),
            dropped => self.log.event(&format!("dropped {dropped} delayed pushes")),
        }
    }

    /// Pushes to every stored subscription, 16 at once, and moves expired ones to the neighbour `.gone`. Returns the number of
    /// results of each class, and the first results in the order of the list.
    pub(super) fn push_all(&self, message: &Message) -> Result<Value, ApiError> {
        let list = match self.store.read() {
            Err(StoreError::Missing(_)) => return Err(none_stored()),
            list => list?,
        };
        let path = list.path().to_owned();
        let (broken, breaks) = mpsc::channel();
        let list = list.map_while(move |entry| entry.map_err(|e| broken.send(e)).ok());
        let list = list.filter_map(|entry| Some((entry.line, entry.subscription.ok()?)));
        let mut results = Results::default();
        let report = |pushed: Pushed| {
            self.report(&pushed.result);
            results.add(pushed);
            ControlFlow::Continue(())
        };
        let ran = FanOut { sender: &self.sender, message }.run(&Arc::new(Queue::new(JOBS)), list, report);
        if !results.gone.is_empty() {
            self.move_to_gone(|endpoint| results.gone.contains(endpoint.as_str()));
        }
        ran.map_err(|e| StoreError::Read(path, e))?;
        match breaks.try_recv() {
            Ok(error) => Err(error.into()),
            // The last line went between the check and the reading.
            Err(_) if results.counts.is_empty() => Err(none_stored()),
            Err(_) => Ok(results.to_json()),
        }
    }

    /// Moves expired subscriptions to the file's neighbour `.gone`. Returns how many are stored then, if that worked.
    pub(super) fn move_to_gone(&self, is_gone: impl Fn(&Endpoint) -> bool) -> Option<usize> {
        match self.store.move_to_gone(is_gone) {
            Ok(Change { found, stored }) => {
                let gone = self.store.gone_path();
                self.log.event(&format!("expired subscriptions moved to {}: {found}", gone.display()));
                Some(stored)
            }
            Err(e) => {
                self.log.event(&format!("cannot move expired subscriptions: {:#}", anyhow::Error::new(e)));
                None
            }
        }
    }

    /// Pushes once, logs the result and remembers it.
    pub(super) fn push(&self, message: &Message, subscription: &Subscription) -> PushResult {
        let result = self.sender.push(message, subscription, |_, _| ());
        self.report(&result);
        result
    }

    fn report(&self, result: &PushResult) {
        self.log.event(&format!("push: {} …{}", result.says, result.tail));
        *self.memory.last_push.lock() = Some(result.clone());
    }
}

/// What became of one notify-all. Of a long list only the counts grow.
#[derive(Default)]
struct Results {
    counts: Vec<(Class, usize)>,
    /// By line.
    first: BTreeMap<usize, PushResult>,
    gone: HashSet<String>,
}

impl Results {
    fn add(&mut self, Pushed { line, endpoint, result }: Pushed) {
        match self.counts.iter_mut().find(|(class, _)| *class == result.class) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((result.class, 1)),
        }
        if result.class == Class::Gone {
            self.gone.insert(endpoint.as_str().to_owned());
        }
        self.first.insert(line, result);
        if self.first.len() > MAX_RESULTS {
            self.first.pop_last();
        }
    }

    fn to_json(&self) -> Value {
        let count = |(class, count): &(Class, usize)| Some((json!(class).as_str()?.to_owned(), json!(count)));
        let counts: Map<String, Value> = self.counts.iter().filter_map(count).collect();
        json!({"counts": counts, "pushes": self.first.values().collect::<Vec<_>>()})
    }
}

/// One delayed push; counted until dropped, however its thread ends, or when it never began.
struct Delayed(Arc<Application>);

impl Drop for Delayed {
    fn drop(&mut self) {
        self.0.memory.delayed.fetch_sub(1, Ordering::Relaxed);
    }
}

//! Pushes for a page: to one or to everybody, now or after a delay; each remembered and said.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Application, Done, Failed};
use crate::push::endpoint::Endpoint;
use crate::push::fan_out::{FanOut, Pushed, Queue};
use crate::push::message::Message;
use crate::push::result::{Class, PushResult};
use crate::push::subscription::Subscription;
use crate::store::subscriptions::{Change, StoreError};

/// How many delayed pushes may wait at once; each is a thread that sleeps.
const MAX_DELAYED: usize = 16;
/// How many pushes of one notify-all are under way at once.
const JOBS: usize = 16;

impl Application {
    /// Does `push` and answers 200 with what it tells; or promises it for later with 202.
    pub(super) fn now_or_later(
        self: &Arc<Self>,
        delay: Duration,
        push: impl FnOnce(&Application) -> Result<Value, StoreError> + Send + 'static,
    ) -> Done {
        if delay.is_zero() {
            return Ok((200, push(self)?));
        }
        let busy = || Failed::Ours("too many delayed pushes are waiting".into(), "wait for them to be sent".into());
        if self.state.delayed.fetch_add(1, Ordering::Relaxed) >= MAX_DELAYED {
            self.state.delayed.fetch_sub(1, Ordering::Relaxed);
            return Err(busy());
        }
        let waiting = Waiting(Arc::clone(self));
        let later = std::thread::Builder::new().name("delayed".into()).spawn(move || {
            std::thread::sleep(delay);
            if let Err(e) = push(&waiting.0) {
                let why = anyhow::Error::new(e);
                waiting.0.log.event(&format!("cannot push: {why:#}"));
            }
        });
        later.map_err(|_| busy())?;
        Ok((202, json!({"scheduled": delay.as_secs()})))
    }

    /// Pushes to everybody stored by now, some at once, outcomes in the order of the list; sets aside those that are gone.
    pub(super) fn push_all(&self, message: &Message) -> Result<Vec<PushResult>, StoreError> {
        let list = self.store.read()?;
        let path = list.path().to_owned();
        let (broken, breaks) = mpsc::channel();
        let list = list.map_while(move |entry| entry.map_err(|e| broken.send(e)).ok());
        let list = list.filter_map(|entry| Some((entry.line, entry.subscription.ok()?)));
        let mut pushes = Vec::new();
        let report = |pushed: Pushed| {
            self.tell(&pushed.result);
            pushes.push(pushed);
            ControlFlow::Continue(())
        };
        let ran = FanOut { sender: &self.sender, message }.run(&Arc::new(Queue::new(JOBS)), list, report);
        pushes.sort_by_key(|pushed| pushed.line);
        let gone = pushes.iter().filter(|p| p.result.class == Class::Gone);
        self.set_aside(&gone.map(|p| &p.endpoint).collect::<Vec<_>>());
        ran.map_err(|e| StoreError::Read(path, e))?;
        match breaks.try_recv() {
            Ok(error) => Err(error),
            Err(_) => Ok(pushes.into_iter().map(|pushed| pushed.result).collect()),
        }
    }

    pub(super) fn set_aside(&self, gone: &[&Endpoint]) {
        if gone.is_empty() {
            return;
        }
        match self.store.set_aside(|endpoint| gone.contains(&endpoint)) {
            Ok(Change { found, .. }) => {
                self.log.event(&format!("set aside: {found} to {}", self.store.gone_path().display()))
            }
            Err(e) => self.log.event(&format!("cannot set aside what is gone: {e}")),
        }
    }

    /// Pushes once, remembers and says the outcome.
    pub(super) fn push(&self, message: &Message, subscription: &Subscription) -> PushResult {
        let outcome = self.sender.push(message, subscription, |_, _| ());
        self.tell(&outcome);
        outcome
    }

    fn tell(&self, outcome: &PushResult) {
        self.log.event(&format!("push: {} …{}", outcome.says, outcome.tail));
        *self.last_push() = Some(outcome.clone());
    }

    pub(super) fn last_push(&self) -> MutexGuard<'_, Option<PushResult>> {
        self.state.last_push.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One delayed push; counted until dropped, however its thread ends, or when it never began.
struct Waiting(Arc<Application>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.state.delayed.fetch_sub(1, Ordering::Relaxed);
    }
}

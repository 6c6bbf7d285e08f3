//! The one way a push is made: build the request, post it, and post it again while the failure is temporary. Edit this file to
//! change what happens between a message and its result.

use std::time::{Duration, Instant};

use super::{Client, Interface, Message, PushRequest, PushResult, Retry, Subscription, Trace, VapidKey};

/// Everything that every push of a program has in common.
#[derive(Debug)]
pub struct Sender {
    /// Posts. It keeps connections: one for each push under way at once.
    pub client: Client,
    /// Signs each push.
    pub key: VapidKey,
    /// When a push is tried again.
    pub retry: Retry,
    /// Whether everything is done except the posting.
    pub dry_run: bool,
    /// Where the hints of its results are shown.
    pub interface: Interface,
}

/// What one try led to.
pub(super) enum Attempt {
    /// The push is over.
    Over(PushResult),
    /// It failed for now: it is to be tried again after this pause.
    Again(PushResult, Duration),
}

impl Sender {
    /// Pushes `message` to one browser. Before each pause `retrying` is given the failure and the pause.
    pub fn push(
        &self,
        message: &Message,
        subscription: &Subscription,
        retrying: impl FnMut(&PushResult, Duration),
    ) -> PushResult {
        match PushRequest::new(message, subscription, &self.key) {
            Ok(request) => self.send(&request, retrying),
            Err(e) => PushResult::not_built(subscription.endpoint(), &e, self.interface),
        }
    }

    /// The same push, shown: before it is sent, `show` is given the request and what was derived on the way to its body.
    ///
    /// # Errors
    /// That of `show`; then nothing was sent.
    pub fn push_traced<E>(
        &self,
        message: &Message,
        subscription: &Subscription,
        show: impl FnOnce(&PushRequest, &Trace) -> Result<(), E>,
        retrying: impl FnMut(&PushResult, Duration),
    ) -> Result<PushResult, E> {
        match PushRequest::traced(message, subscription, &self.key) {
            Ok((request, trace)) => {
                show(&request, &trace)?;
                Ok(self.send(&request, retrying))
            }
            Err(e) => Ok(PushResult::not_built(subscription.endpoint(), &e, self.interface)),
        }
    }

    /// One try, the number `number` (from 1): for a fan-out, which does not sleep between tries.
    pub(super) fn attempt(&self, message: &Message, subscription: &Subscription, number: u32) -> Attempt {
        match PushRequest::new(message, subscription, &self.key) {
            Ok(request) => self.post(&request, number),
            Err(e) => Attempt::Over(PushResult::not_built(subscription.endpoint(), &e, self.interface)),
        }
    }

    fn send(&self, request: &PushRequest, mut retrying: impl FnMut(&PushResult, Duration)) -> PushResult {
        let mut number = 1;
        loop {
            match self.post(request, number) {
                Attempt::Over(result) => return result,
                Attempt::Again(result, pause) => {
                    retrying(&result, pause);
                    std::thread::sleep(pause);
                    number += 1;
                }
            }
        }
    }

    fn post(&self, request: &PushRequest, number: u32) -> Attempt {
        if self.dry_run {
            return Attempt::Over(PushResult::dry_run(request));
        }
        let start = Instant::now();
        let outcome = self.client.send(request);
        let pause = outcome.as_ref().err().and_then(|error| self.retry.pause(number, error));
        let result = PushResult::sent(request.endpoint(), outcome, start.elapsed(), self.interface);
        let result = PushResult { attempts: number, ..result };
        match pause {
            Some(pause) => Attempt::Again(result, pause),
            None => Attempt::Over(result),
        }
    }
}

//! The one way a push is made: build the request, post it, and post it again while the failure is temporary. Edit this file to
//! change what happens between a message and its result.

use std::time::{Duration, Instant};

use super::{Client, Interface, Message, PushRequest, PushResult, Subscription, VapidKey, retry};

/// Everything that every push of a program has in common.
pub struct Sender {
    /// Posts. It keeps connections: one for each push under way at once.
    pub client: Client,
    /// Signs each push.
    pub key: VapidKey,
    /// How often each push is tried at most: [`MAX_TRIES`](super::MAX_TRIES), or once.
    pub tries: u32,
    /// Whether everything is done except the posting.
    pub dry_run: bool,
    /// Where the hints of its results are shown.
    pub interface: Interface,
}

impl Sender {
    /// Pushes `message` to one browser by one try, the number `number` (from 1). Returns how it ended, and how long to wait before the
    /// next try; `None`: the push is over.
    pub fn push(&self, message: &Message, to: &Subscription, number: u32) -> (PushResult, Option<Duration>) {
        match PushRequest::new(message, to, &self.key) {
            Ok(request) => self.post(&request, number),
            Err(e) => (PushResult::not_built(to.endpoint(), &e, self.interface), None),
        }
    }

    /// Posts `request`, and again while the failure is temporary. Before each pause `retrying` is given the failure and the pause.
    pub fn send(&self, request: &PushRequest, mut retrying: impl FnMut(&PushResult, Duration)) -> PushResult {
        let mut number = 1;
        loop {
            let (result, pause) = self.post(request, number);
            let Some(pause) = pause else { return result };
            retrying(&result, pause);
            std::thread::sleep(pause);
            number += 1;
        }
    }

    fn post(&self, request: &PushRequest, number: u32) -> (PushResult, Option<Duration>) {
        if self.dry_run {
            return (PushResult::dry_run(request), None);
        }
        let start = Instant::now();
        let outcome = self.client.send(request);
        let pause = outcome.as_ref().err().and_then(|error| retry::pause(self.tries, number, error));
        let result = PushResult::sent(&request.endpoint, outcome, start.elapsed(), self.interface);
        (PushResult { attempts: number, ..result }, pause)
    }
}

//! The sender's side: a message is checked, then stored or delivered (RFC 8030 §5). The order of the checks is that of
//! Mozilla's autoendpoint.

use crate::{
    Answer, Authorization, Fault, First, Kind, Owner, Received, Refusal, RequestHead, Response, Shared, StoredMessage,
    Subscription, Vendor, accepted, checks, tail,
};

/// The push service that a request is for: whose it is, and its origin.
pub(crate) struct Destination {
    pub(crate) vendor: Vendor,
    /// The only `aud` accepted (RFC 8292 §2).
    pub(crate) origin: String,
}

impl Shared {
    /// Accepts a message or refuses it, then answers as a test has chosen.
    pub(crate) fn post(&self, to: &Destination, head: &RequestHead, body: Vec<u8>) -> Answer {
        let mut message = Received::unchecked(to, head, body);
        let answer = match self.check(to, head, &mut message) {
            Ok(()) => {
                message.accepted = true;
                self.report(&describe(&message));
                self.lock().answers.take(to.vendor, &message.token)
            }
            Err(fault) => {
                let refusal = Refusal::of(to.vendor, &fault);
                self.report(&format!("refused: {} {}", refusal.status, fault.why));
                message.wrong = Some(fault.why);
                Answer::response(&refusal.response(to.vendor).dated(self.lock().now()))
            }
        };
        message.status = answer.status_code();
        let created = matches!(answer.first, First::Created);
        let to_deliver = created.then(|| StoredMessage::new(&message, self.lock().now()));
        self.keep(message);
        let Some(message) = to_deliver else {
            return answer;
        };
        let response = accepted(to.vendor, &to.origin, &message.id, message.ttl).dated(self.lock().now());
        self.deliver(message);
        Answer { first: First::Bytes(response.to_bytes()), ..answer }
    }

    /// Adds to the record of what arrived.
    fn keep(&self, message: Received) {
        let mut state = self.lock();
        let dropped = state.record.dropped;
        state.record.add(message, !self.settings.strict);
        if dropped == 0 && state.record.dropped > 0 {
            self.report("dropped the oldest message from the record, which is full");
        }
        self.changed.notify_all();
    }

    /// DELETE on a message's Location: it is not delivered any more (RFC 8030 §5.3).
    pub(crate) fn delete(&self, id: &str) -> Answer {
        let mut state = self.lock();
        let before = state.stored.len();
        state.stored.retain(|message| message.id != id);
        let found = state.stored.len() < before;
        self.report(if found { "deleted a stored message" } else { "cannot delete a message: it is not stored" });
        Answer::response(&Response::new(if found { 204 } else { 404 }))
    }

    /// Fills in what the message says. Nothing is locked while signature and body are checked.
    fn check(&self, to: &Destination, head: &RequestHead, message: &mut Received) -> Result<(), Fault> {
        let (subscription, now) = {
            let state = self.lock();
            (state.subscriptions.get(&message.token).cloned(), state.now_seconds())
        };
        let subscription = subscription.filter(|subscription| subscription.vendor == to.vendor);
        let subscription = subscription.ok_or_else(|| Fault::new(Kind::Endpoint, "Not Found"))?;
        let authorization = self.authorize(&subscription, &to.origin, head.header("Authorization"), now)?;
        message.claims = authorization.claims;
        message.key = authorization.key;
        checks::subject(to.vendor, &message.claims)?;
        if subscription.ended {
            return Err(Fault::new(Kind::Gone, "No such subscription"));
        }
        message.ttl = checks::ttl(to.vendor, head)?;
        message.topic = checks::topic(to.vendor, head.header("Topic"))?;
        checks::urgency(to.vendor, head.header("Urgency"))?;
        checks::body(head, &message.body)?;
        match &subscription.owner {
            Owner::Simulated(browser) if !message.body.is_empty() => match browser.decrypt(&message.body) {
                Ok(payload) => message.payload = Some(payload),
                Err(why) if self.settings.strict => return Err(Fault::strict(&why)),
                // The vendors do not see it; a browser will.
                Err(why) => message.wrong = Some(why),
            },
            _ => {}
        }
        Ok(())
    }

    /// (RFC 8292 §4.2) Only the holder of the key that the subscription names may send to it.
    fn authorize(
        &self,
        subscription: &Subscription,
        origin: &str,
        header: Option<&str>,
        now: u64,
    ) -> Result<Authorization, Fault> {
        if header.is_none() && subscription.key.is_none() && !self.settings.strict {
            // A token is optional when the subscription does not name a key (RFC 8292 §4).
            return Ok(Authorization::default());
        }
        let authorization = self.signed(header.unwrap_or_default())?;
        authorization.verify(origin, now)?;
        if subscription.key.as_ref().is_some_and(|key| *key != authorization.key) {
            return Err(Fault::new(Kind::Key, "VAPID public key mismatch"));
        }
        if self.settings.strict {
            authorization.verify_strictly(now)?;
        }
        Ok(authorization)
    }
}

fn describe(message: &Received) -> String {
    format!(
        "accepted a message for ...{}: {} bytes, TTL {} s, urgency {}, topic {}",
        tail(&message.token),
        message.body.len(),
        message.ttl,
        message.urgency.as_deref().unwrap_or("not given"),
        message.topic.as_deref().unwrap_or("not given"),
    )
}

//! The sender's side: a message is checked, then stored or delivered (RFC 8030 §5). The order of the checks is that of
//! Mozilla's autoendpoint.

use crate::answers::{Answer, First};
use crate::authorization::{self, Authorization};
use crate::checks;
use crate::decryption::random;
use crate::delivery::StoredMessage;
use crate::fault::{Fault, Kind};
use crate::http::RequestHead;
use crate::record::Entry;
use crate::response::Response;
use crate::state::Shared;
use crate::subscriptions::{Owner, Subscription, tail};
use crate::vendor::Vendor;
use crate::vendor_answers::{Refusal, accepted};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;
use std::time::Duration;

/// The push service that a request is for: whose it is, and its origin.
pub(crate) struct Destination {
    pub(crate) vendor: Vendor,
    /// The only `aud` accepted (RFC 8292 §2).
    pub(crate) origin: String,
}

/// A message in which nothing was wrong.
#[derive(Clone, Debug)]
pub struct Received {
    /// The endpoint it was sent to.
    pub endpoint: String,
    /// As sent, in the order sent.
    pub headers: Vec<(String, String)>,
    /// As sent: encrypted, or empty.
    pub body: Vec<u8>,
    /// Decrypted; `None` when there was no body, or a real browser has the keys.
    pub payload: Option<Vec<u8>>,
    /// Seconds.
    pub ttl: u64,
    /// `Urgency`, unchecked.
    pub urgency: Option<String>,
    /// `Topic`.
    pub topic: Option<String>,
    /// The VAPID token's.
    pub claims: Value,
    /// The VAPID key, 65 bytes.
    pub key: Vec<u8>,
}

impl Received {
    /// As it arrived, before anything is checked.
    fn unchecked(to: &Destination, head: &RequestHead, body: Vec<u8>) -> Self {
        Self {
            endpoint: format!("{}{}", to.origin, head.path),
            headers: head.headers.clone(),
            body,
            payload: None,
            ttl: 0,
            urgency: head.header("Urgency").map(str::to_owned),
            topic: None,
            claims: Value::Null,
            key: Vec::new(),
        }
    }

    /// The first header of this name, upper and lower case alike.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    /// The payload as text, empty when there is none.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.payload.as_deref().unwrap_or_default()).into_owned()
    }

    /// The payload as JSON, null when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_default()
    }
}

impl Shared {
    /// Accepts a message or refuses it, then answers as told.
    pub(crate) fn post(&self, to: &Destination, head: &RequestHead, body: Vec<u8>) -> Answer {
        let mut received = Received::unchecked(to, head, body);
        let checked = self.check(to, head, &mut received);
        let token = to.vendor.token(&head.path).unwrap_or_default().to_owned();
        let answer = match &checked {
            Ok(_) => {
                self.report(&describe(&token, &received));
                self.lock().answers.take(to.vendor, &token)
            }
            Err(fault) => {
                let refusal = Refusal::of(to.vendor, fault);
                self.report(&format!("refused: {} {}", refusal.status, fault.why));
                Answer::response(&refusal.response(to.vendor).dated(self.lock().now()))
            }
        };
        let message = matches!(answer.first, First::Created).then(|| self.stored_message(&token, &received));
        let wrong = match &checked {
            Ok(wrong) => wrong.clone(),
            Err(fault) => Some(fault.why.clone()),
        };
        self.keep(Entry {
            number: 0,
            vendor: to.vendor,
            token,
            status: answer.status_code(),
            accepted: checked.is_ok(),
            wrong,
            received,
        });
        let Some(message) = message else {
            return answer;
        };
        let response = accepted(to.vendor, &to.origin, &message.id, message.ttl).dated(self.lock().now());
        self.deliver(message);
        answer.with_response(&response)
    }

    /// Adds to the record of what arrived.
    fn keep(&self, entry: Entry) {
        let mut state = self.lock();
        let dropped = state.record.dropped;
        state.record.add(entry, !self.strict);
        if dropped == 0 && state.record.dropped > 0 {
            self.report("dropped the oldest message from the record, which is full");
        }
        self.changed.notify_all();
    }

    fn stored_message(&self, token: &str, received: &Received) -> StoredMessage {
        StoredMessage {
            id: Base64UrlUnpadded::encode_string(&random::<24>()),
            expires: self.lock().now() + Duration::from_secs(received.ttl),
            token: token.to_owned(),
            topic: received.topic.clone(),
            body: received.body.clone(),
            ttl: received.ttl,
            key: received.key.clone(),
        }
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

    /// Fills in what `received` says. Returns what a browser will find wrong, which the vendors do not see. Nothing is locked
    /// while signature and body are checked.
    fn check(&self, to: &Destination, head: &RequestHead, received: &mut Received) -> Result<Option<String>, Fault> {
        let unknown = || Fault::new(Kind::Endpoint, "Not Found");
        let token = to.vendor.token(&head.path).ok_or_else(unknown)?;
        let (subscription, now) = {
            let state = self.lock();
            (state.subscriptions.get(token).cloned(), state.now_seconds())
        };
        let subscription = subscription.filter(|s| s.vendor == to.vendor).ok_or_else(unknown)?;
        let authorization = self.authorized(&subscription, &to.origin, head, now)?;
        received.claims = authorization.claims;
        received.key = authorization.key;
        checks::subject(to.vendor, &received.claims)?;
        if subscription.ended {
            return Err(Fault::new(Kind::Gone, "No such subscription"));
        }
        received.ttl = checks::ttl(to.vendor, head)?;
        received.topic = checks::topic(to.vendor, head.header("Topic"))?;
        checks::urgency(to.vendor, head.header("Urgency"))?;
        checks::body(head, &received.body)?;
        let Owner::Simulated(browser) = &subscription.owner else {
            return Ok(None);
        };
        if received.body.is_empty() {
            return Ok(None);
        }
        match browser.decrypt(&received.body) {
            Ok(payload) => received.payload = Some(payload),
            Err(why) if self.strict => return Err(Fault::strict(&why)),
            Err(why) => return Ok(Some(why)),
        }
        Ok(None)
    }

    /// (RFC 8292 §4.2) Only the holder of the key that the subscription names may send to it.
    fn authorized(
        &self,
        subscription: &Subscription,
        origin: &str,
        head: &RequestHead,
        now: u64,
    ) -> Result<Authorization, Fault> {
        let header = head.header("Authorization");
        if header.is_none() && subscription.key.is_none() && !self.strict {
            // A token is optional when the subscription does not name a key (RFC 8292 §4).
            return Ok(Authorization::default());
        }
        let authorization = authorization::verify(header, origin, now)?;
        let named = subscription.key.as_ref();
        if named.is_some_and(|key| *key != authorization.key) {
            return Err(Fault::new(Kind::Key, "VAPID public key mismatch"));
        }
        if self.strict {
            authorization::verify_strictly(&authorization.claims, now)?;
        }
        Ok(authorization)
    }
}

fn describe(token: &str, received: &Received) -> String {
    format!(
        "accepted a message for ...{}: {} bytes, TTL {} s, urgency {}, topic {}",
        tail(token),
        received.body.len(),
        received.ttl,
        received.urgency.as_deref().unwrap_or("not given"),
        received.topic.as_deref().unwrap_or("not given"),
    )
}

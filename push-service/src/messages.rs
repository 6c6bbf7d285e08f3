//! The sender's side: a message is checked, then stored or delivered (RFC 8030 §5). The checks, their order and the answers
//! are those of Mozilla's autoendpoint.

use crate::answers::{Answer, First};
use crate::authorization::{self, Authorization, unauthorized};
use crate::decryption::random;
use crate::delivery::StoredMessage;
use crate::http::RequestHead;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::Shared;
use crate::subscriptions::{Owner, Subscription, tail};
use crate::vendor::Vendor;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;
use std::time::Duration;

/// What every push service must accept, and so the most a sender may send (RFC 8030 §7.2).
const MAX_BODY_BYTES: usize = 4096;
/// 30 days, Mozilla's longest.
const MAX_TTL_SECONDS: u64 = 2_592_000;
const MAX_TOPIC_CHARACTERS: usize = 32;

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
    /// As sent: encrypted.
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
    /// The first header of this name, upper and lower case alike.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    /// The payload as text, empty when there is none.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.payload.as_deref().unwrap_or_default()).into_owned()
    }

    /// The payload as JSON, null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_default()
    }
}

impl Shared {
    /// Accepts a message or refuses it, then answers as told.
    pub(crate) fn post(&self, to: &Destination, head: &RequestHead, body: Vec<u8>) -> Answer {
        let (token, received) = match self.checked(to, head, body) {
            Ok(checked) => checked,
            Err(refusal) => {
                let line = format!("refused: {} {}", refusal.status, refusal.message);
                self.report(&line);
                if self.strict {
                    self.lock().refused.push(line);
                }
                self.changed.notify_all();
                return Answer::response(&refusal.response());
            }
        };
        self.report(&describe(&token, &received));
        let mut state = self.lock();
        // A learner's push service reports and keeps no record.
        if self.strict {
            state.received.push(received.clone());
        }
        self.changed.notify_all();
        let answer = state.answers.take(&token);
        if matches!(answer.first, First::Bytes(_)) {
            return answer;
        }
        let message = StoredMessage {
            id: Base64UrlUnpadded::encode_string(&random::<24>()),
            expires: state.now() + Duration::from_secs(received.ttl),
            token,
            topic: received.topic,
            body: received.body,
            ttl: received.ttl,
            key: received.key,
        };
        let created = created(to, &message);
        self.deliver(state, message);
        created
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

    /// The rows of autoendpoint's table, in its order. Nothing is locked while signature and body are checked.
    fn checked(&self, to: &Destination, head: &RequestHead, body: Vec<u8>) -> Result<(String, Received), Refusal> {
        let unknown = || Refusal::of_status(404);
        let token = to.vendor.token(&head.path).ok_or_else(unknown)?;
        let (subscription, now) = {
            let state = self.lock();
            (state.subscriptions.get(token).cloned(), state.now_seconds())
        };
        let subscription = subscription.filter(|s| s.vendor == to.vendor).ok_or_else(unknown)?;
        let authorization = self.authorized(&subscription, &to.origin, head, now)?;
        if subscription.ended {
            return Err(Refusal::of_status(410));
        }
        let ttl = ttl(head.header("TTL"))?;
        let topic = topic(head.header("Topic"))?;
        let payload = payload(&subscription, head, &body)?;
        let received = Received {
            endpoint: format!("{}{}", to.origin, head.path),
            headers: head.headers.clone(),
            body,
            payload,
            ttl,
            urgency: head.header("Urgency").map(str::to_owned),
            topic,
            claims: authorization.claims,
            key: authorization.key,
        };
        Ok((token.to_owned(), received))
    }

    /// (RFC 8292 §4.2) Only the holder of the key that the subscription names may send to it.
    fn authorized(
        &self,
        subscription: &Subscription,
        origin: &str,
        head: &RequestHead,
        now: u64,
    ) -> Result<Authorization, Refusal> {
        let header = head.header("Authorization");
        if header.is_none() && subscription.key.is_none() && !self.strict {
            // Mozilla wants no token when the subscription names no key.
            return Ok(Authorization::default());
        }
        let authorization = authorization::verify(header, origin, now)?;
        let named = subscription.key.as_ref();
        if named.is_some_and(|key| *key != authorization.key) {
            return Err(unauthorized("VAPID public key mismatch"));
        }
        if self.strict {
            authorization::verify_strictly(&authorization.claims, now)?;
        }
        Ok(authorization)
    }
}

/// (RFC 8030 §5) 201 with the message's own address.
fn created(to: &Destination, message: &StoredMessage) -> Answer {
    let location = format!("{}/m/{}", to.origin, message.id);
    let response = Response::new(201).header("Location", &location);
    Answer::response(&response.header("TTL", &message.ttl.to_string()))
}

/// Checks the body's encoding and size, and decrypts it for a simulated browser.
fn payload(subscription: &Subscription, head: &RequestHead, body: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    if head.header("Content-Encoding") != Some("aes128gcm") {
        return Err(Refusal::of_status(400));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(Refusal::of_status(413));
    }
    match &subscription.owner {
        Owner::Simulated(browser) => browser.decrypt(body).map(Some).map_err(Refusal::strict),
        Owner::Browser { .. } => Ok(None),
    }
}

/// (RFC 8030 §5.2) Without a TTL a message is refused.
fn ttl(header: Option<&str>) -> Result<u64, Refusal> {
    let missing = || Refusal::new(400, 111, "Missing TTL value");
    // Mozilla's number for a TTL it cannot read; 114 for one below zero.
    let ttl: i128 = header.and_then(|ttl| ttl.parse().ok()).ok_or_else(missing)?;
    if ttl < 0 {
        return Err(Refusal::new(400, 114, "Invalid TTL value"));
    }
    let ttl = u64::try_from(ttl).map_err(|_| missing())?;
    Ok(ttl.min(MAX_TTL_SECONDS))
}

/// (RFC 8030 §5.4) 1 to 32 characters of base64url.
fn topic(header: Option<&str>) -> Result<Option<String>, Refusal> {
    let base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    match header {
        None => Ok(None),
        Some(topic) if (1..=MAX_TOPIC_CHARACTERS).contains(&topic.len()) && topic.bytes().all(base64url) => {
            Ok(Some(topic.to_owned()))
        }
        Some(_) => Err(Refusal::new(400, 113, "Invalid topic")),
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

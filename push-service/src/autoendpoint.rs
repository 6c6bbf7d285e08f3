//! The sender's side: a message is checked, then stored or delivered (RFC 8030 §5). The checks, their
//! order and the answers are those of Mozilla's autoendpoint.

use crate::answer::{Answer, First};
use crate::authorization::{self, Authorization, unauthorized};
use crate::decryption::random;
use crate::http::Head;
use crate::reply::{Refusal, Reply};
use crate::state::{Shared, State, Subscription, Waiting, tail};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;
use std::time::Duration;

/// What every push service must take, and so the most a sender may send (RFC 8030 §7.2).
const LONGEST_BODY_BYTES: usize = 4096;
/// 30 days, Mozilla's longest.
const LONGEST_TTL_SECONDS: u64 = 2_592_000;
const LONGEST_TOPIC: usize = 32;

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

/// The token of an endpoint's path.
pub fn token(path: &str) -> Option<&str> {
    let token = path.strip_prefix("/wpush/v1/");
    token.or_else(|| path.strip_prefix("/wpush/v2/"))
}

impl Shared {
    /// Takes a message, or says why not; then answers as told.
    pub fn post(&self, head: &Head, body: Vec<u8>) -> Answer {
        let mut state = self.lock();
        let (token, received) = match self.checked(&state, head, body) {
            Ok(checked) => checked,
            Err(refusal) => {
                let line = format!("refused: {} {}", refusal.status, refusal.message);
                self.say(&line);
                self.record(|| state.refused.push(line));
                return Answer::reply(&refusal.into());
            }
        };
        self.say(&describe(&token, &received));
        self.record(|| state.received.push(received.clone()));
        let answer = state.answers.take(&token);
        if matches!(answer.first, First::Bytes(_)) {
            return answer;
        }
        let message = Waiting {
            id: Base64UrlUnpadded::encode_string(&random::<24>()),
            until: state.now() + Duration::from_secs(received.ttl),
            token,
            topic: received.topic,
            body: received.body,
            ttl: received.ttl,
        };
        let created = self.created(&message);
        let simulated = |s: &Subscription| s.browser.is_some();
        if !state.subscriptions.get(&message.token).is_some_and(simulated) {
            self.pass_on(state, message);
        }
        created
    }

    /// Lets a test see what came; a learner's push service reads its lines and keeps no record.
    fn record(&self, add: impl FnOnce()) {
        if self.strict {
            add();
        }
        self.changed.notify_all();
    }

    /// (RFC 8030 §5) 201 with the message's own address.
    fn created(&self, message: &Waiting) -> Answer {
        let location = format!("{}/m/{}", self.origin, message.id);
        let reply = Reply::status(201).header("Location", &location);
        Answer::reply(&reply.header("TTL", &message.ttl.to_string()))
    }

    /// DELETE on a message's Location: it is not delivered any more (RFC 8030 §5.3).
    pub fn delete(&self, id: &str) -> Answer {
        let mut state = self.lock();
        let before = state.waiting.len();
        state.waiting.retain(|message| message.id != id);
        let found = state.waiting.len() < before;
        self.say(if found { "deleted a stored message" } else { "asked to delete a message that does not wait here" });
        Answer::reply(&Reply::status(if found { 204 } else { 404 }))
    }

    /// The rows of autoendpoint's table, in its order.
    fn checked(&self, state: &State, head: &Head, body: Vec<u8>) -> Result<(String, Received), Refusal> {
        let unknown = || Refusal::of_status(404);
        let token = token(&head.path).ok_or_else(unknown)?;
        let subscription = state.subscriptions.get(token).ok_or_else(unknown)?;
        let authorization = self.authorized(state, subscription, head)?;
        if subscription.ended {
            return Err(Refusal::of_status(410));
        }
        let ttl = ttl(head.header("TTL"))?;
        let topic = topic(head.header("Topic"))?;
        let payload = payload(subscription, head, &body)?;
        let received = Received {
            endpoint: format!("{}{}", self.origin, head.path),
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

    /// (RFC 8292 §4.2) Only who has the key that the subscription names may send to it.
    fn authorized(&self, state: &State, subscription: &Subscription, head: &Head) -> Result<Authorization, Refusal> {
        let (header, now) = (head.header("Authorization"), state.now_seconds());
        if header.is_none() && subscription.key.is_none() && !self.strict {
            // Mozilla asks nobody who he is when the subscription names no key.
            return Ok(Authorization::default());
        }
        let authorization = authorization::verify(header, &self.origin, now)?;
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

/// Checks the body's encoding and size, and decrypts it for a simulated browser.
fn payload(subscription: &Subscription, head: &Head, body: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    if head.header("Content-Encoding") != Some("aes128gcm") {
        return Err(Refusal::of_status(400));
    }
    if body.len() > LONGEST_BODY_BYTES {
        return Err(Refusal::of_status(413));
    }
    let browser = subscription.browser.as_ref();
    let decrypted = browser.map(|browser| browser.decrypt(body).map_err(Refusal::strict));
    decrypted.transpose()
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
    Ok(ttl.min(LONGEST_TTL_SECONDS))
}

/// (RFC 8030 §5.4) 1 to 32 characters of base64url.
fn topic(header: Option<&str>) -> Result<Option<String>, Refusal> {
    let base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    match header {
        None => Ok(None),
        Some(topic) if (1..=LONGEST_TOPIC).contains(&topic.len()) && topic.bytes().all(base64url) => {
            Ok(Some(topic.to_owned()))
        }
        Some(_) => Err(Refusal::new(400, 113, "Invalid topic")),
    }
}

fn describe(token: &str, received: &Received) -> String {
    format!(
        "took a message for ...{}: {} bytes, TTL {} s, urgency {}, topic {}",
        tail(token),
        received.body.len(),
        received.ttl,
        received.urgency.as_deref().unwrap_or("not given"),
        received.topic.as_deref().unwrap_or("not given"),
    )
}

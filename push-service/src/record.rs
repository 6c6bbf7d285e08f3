//! The record of what arrived, for tests: every message to an endpoint, accepted or refused, oldest first. Bounded.

use crate::{Destination, RequestHead, Vendor};
use serde_json::Value;
use std::collections::VecDeque;

/// A learner's push service keeps at most so many messages.
const MAX_MESSAGES: usize = 1000;
/// And at most so many bytes, headers and decrypted payloads included.
const MAX_BYTES: usize = 16 << 20;

/// One message. Of a refused one, the members below `body` are filled in as far as it was checked.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Counts from 1.
    pub number: u64,
    /// Of the endpoint.
    pub vendor: Vendor,
    /// Of the subscription it was sent to, known or not.
    pub token: String,
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
    /// Whether nothing was wrong that this vendor checks.
    pub accepted: bool,
    /// What was wrong with it.
    pub wrong: Option<String>,
    /// The status it was answered with; `None`: not answered with a status.
    pub status: Option<u16>,
}

impl Received {
    /// As it arrived, before anything is checked.
    pub(crate) fn unchecked(to: &Destination, head: &RequestHead, body: Vec<u8>) -> Self {
        Self {
            vendor: to.vendor,
            token: to.vendor.token(&head.path).unwrap_or_default().to_owned(),
            endpoint: format!("{}{}", to.origin, head.path),
            headers: head.headers.clone(),
            body,
            urgency: head.header("Urgency").map(str::to_owned),
            ..Self::default()
        }
    }

    fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let payload = self.payload.as_ref().map_or(0, Vec::len);
        // The claims are a part of the Authorization header.
        size_of::<Self>() + self.endpoint.len() + 2 * headers + self.body.len() + payload
    }
}

/// The messages kept.
#[derive(Default)]
pub struct Record {
    /// Oldest first.
    pub messages: VecDeque<Received>,
    bytes: usize,
    /// How many there were.
    pub(crate) count: u64,
    /// How many of them are not kept any more.
    pub(crate) dropped: u64,
}

impl Record {
    /// Adds a message and drops the oldest ones beyond the limits, if it is `bounded`.
    pub(crate) fn add(&mut self, mut message: Received, bounded: bool) {
        self.count += 1;
        message.number = self.count;
        self.bytes += message.bytes();
        self.messages.push_back(message);
        while bounded && (self.messages.len() > MAX_MESSAGES || self.bytes > MAX_BYTES) {
            self.bytes -= self.messages.pop_front().map_or(0, |oldest| oldest.bytes());
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_messages_make_room_at_1000_messages_or_16_mebibytes() {
        let message = |body_bytes| Received { body: vec![0; body_bytes], ..Received::default() };
        let mut record = Record::default();
        for _ in 0..1001 {
            record.add(message(10), true);
        }
        assert_eq!((record.messages.len(), record.dropped, record.messages[0].number), (1000, 1, 2));
        let mut record = Record::default();
        for _ in 0..20 {
            record.add(message(1 << 20), true);
        }
        assert_eq!((record.messages.len(), record.dropped), (15, 5));
        assert!(record.bytes <= 16 << 20);
    }
}

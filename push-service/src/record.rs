//! The record of what arrived, for tests: every message to an endpoint, accepted or refused, oldest first. Bounded.

use crate::messages::Received;
use crate::vendor::Vendor;
use std::collections::VecDeque;

/// A learner's push service keeps at most so many messages.
const MAX_MESSAGES: usize = 1000;
/// And at most so many bytes, headers and decrypted payloads included.
const MAX_BYTES: usize = 16 << 20;

/// One message.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Counts from 1.
    pub number: u64,
    /// Of the endpoint.
    pub vendor: Vendor,
    /// Of the subscription it was sent to, known or not.
    pub token: String,
    /// The status it was answered with; `None`: not answered with a status.
    pub status: Option<u16>,
    /// Whether nothing was wrong that this vendor checks.
    pub accepted: bool,
    /// What was wrong with it.
    pub wrong: Option<String>,
    /// Of a refused message, as far as it was checked.
    pub received: Received,
}

/// The messages kept.
#[derive(Default)]
pub struct Record {
    /// Oldest first.
    pub entries: VecDeque<Entry>,
    bytes: usize,
    /// How many there were.
    pub(crate) count: u64,
    /// How many of them are not kept any more.
    pub(crate) dropped: u64,
}

impl Record {
    /// Adds a message and drops the oldest ones beyond the limits, if it is `bounded`.
    pub(crate) fn add(&mut self, mut entry: Entry, bounded: bool) {
        self.count += 1;
        entry.number = self.count;
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while bounded && (self.entries.len() > MAX_MESSAGES || self.bytes > MAX_BYTES) {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
            self.dropped += 1;
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        let received = &self.received;
        let headers: usize = received.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let payload = received.payload.as_ref().map_or(0, Vec::len);
        // The claims are a part of the Authorization header.
        size_of::<Self>() + received.endpoint.len() + 2 * headers + received.body.len() + payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn entry(body_bytes: usize) -> Entry {
        let received = Received {
            endpoint: String::new(),
            headers: Vec::new(),
            body: vec![0; body_bytes],
            payload: None,
            ttl: 0,
            urgency: None,
            topic: None,
            claims: Value::Null,
            key: Vec::new(),
        };
        let token = String::new();
        Entry { number: 0, vendor: Vendor::Local, token, status: None, accepted: true, wrong: None, received }
    }

    #[test]
    fn the_oldest_messages_make_room_at_1000_messages_or_16_mebibytes() {
        let mut record = Record::default();
        for _ in 0..1001 {
            record.add(entry(10), true);
        }
        assert_eq!((record.entries.len(), record.dropped, record.entries[0].number), (1000, 1, 2));
        let mut record = Record::default();
        for _ in 0..20 {
            record.add(entry(1 << 20), true);
        }
        assert_eq!((record.entries.len(), record.dropped), (15, 5));
        assert!(record.bytes <= 16 << 20);
    }
}

//! What a test sets the push service to answer: every honest status, and every way to misbehave.

use crate::{Refusal, Response, Vendor};
use std::time::Duration;

/// Something that is not HTTP.
pub const GARBAGE: &[u8] = b"\0\x01SSH-2.0-not-a-push-service\r\n\r\n";

/// The answer to a message in which nothing is wrong. A wrong one is refused whatever was set.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Before anything is sent.
    pub delay: Duration,
    /// At first.
    pub first: First,
    /// Afterwards.
    pub then: Then,
}

/// What is sent at first.
#[derive(Clone, Debug)]
pub enum First {
    /// 201 as the vendor has it: the message is accepted.
    Created,
    /// This status as the vendor has it.
    Status(Refusal),
    /// These bytes as they are.
    Bytes(Vec<u8>),
}

/// What happens afterwards.
#[derive(Clone, Debug)]
pub enum Then {
    /// Wait for the next request on the same connection.
    KeepAlive,
    /// Close in order.
    Close,
    /// Close by RST.
    Reset,
    /// Send nothing more until the sender leaves.
    Hang,
    /// These bytes over and over.
    Repeat {
        /// Sent together.
        bytes: Vec<u8>,
        /// How often, at most.
        times: usize,
        /// After each time.
        pause: Duration,
    },
}

impl Answer {
    /// Without a delay.
    pub fn new(first: First, then: Then) -> Self {
        Self { delay: Duration::ZERO, first, then }
    }

    pub(crate) fn response(response: &Response) -> Self {
        Self::new(First::Bytes(response.to_bytes()), Then::KeepAlive)
    }

    /// The status that it begins with, unless it is not HTTP.
    pub(crate) fn status_code(&self) -> Option<u16> {
        match &self.first {
            First::Created => Some(201),
            First::Status(chosen) => Some(chosen.status),
            First::Bytes(bytes) => {
                let line = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
                std::str::from_utf8(line).ok()?.parse().ok()
            }
        }
    }
}

/// Which messages an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All messages.
    Any,
    /// Messages to this vendor's subscriptions.
    Vendor(Vendor),
    /// The token of a subscription.
    Subscription(String),
}

pub(crate) struct Rule {
    scope: Scope,
    answer: Answer,
    /// How many messages still get this answer; `None`: all.
    times: Option<u32>,
}

/// The answers set so far. Those for a number of messages come first, in the order set; then those for all messages: a
/// subscription's, a vendor's, everybody's.
#[derive(Default)]
pub struct Answers(pub(crate) Vec<Rule>);

impl Answers {
    /// Answers the next `times` messages in `scope` like this; `None`: all, in place of an earlier answer for all of them.
    pub fn set(&mut self, scope: Scope, answer: Answer, times: Option<u32>) {
        if times.is_none() {
            self.0.retain(|rule| rule.times.is_some() || rule.scope != scope);
        }
        self.0.push(Rule { scope, answer, times });
    }

    /// The answer to a good message to this subscription.
    pub(crate) fn take(&mut self, vendor: Vendor, token: &str) -> Answer {
        let Some(index) = self.find(vendor, token) else {
            return Answer::new(First::Created, Then::KeepAlive);
        };
        let rule = &mut self.0[index];
        let answer = rule.answer.clone();
        if let Some(times) = &mut rule.times {
            *times = times.saturating_sub(1);
        }
        if rule.times == Some(0) {
            self.0.remove(index);
        }
        answer
    }

    fn find(&self, vendor: Vendor, token: &str) -> Option<usize> {
        let scopes = [Scope::Subscription(token.to_owned()), Scope::Vendor(vendor), Scope::Any];
        let next = self.0.iter().position(|rule| rule.times.is_some() && scopes.contains(&rule.scope));
        let standing = |scope: &Scope| self.0.iter().position(|rule| rule.times.is_none() && rule.scope == *scope);
        next.or_else(|| scopes.iter().find_map(standing))
    }
}

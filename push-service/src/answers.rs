//! What a test tells the push service to answer: every honest status, and every way to misbehave.

use crate::response::Response;
use crate::vendor::Vendor;
use crate::vendor_answers::Refusal;
use std::time::Duration;

/// The answer to a message in which nothing is wrong. A wrong one is refused whatever was told.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Before anything is sent.
    pub(crate) delay: Duration,
    pub(crate) first: First,
    pub(crate) then: Then,
}

/// What is sent at first.
#[derive(Clone, Debug)]
pub(crate) enum First {
    /// 201 as the vendor has it: the message is accepted.
    Created,
    /// This status as the vendor has it.
    Status(Refusal),
    Bytes(Vec<u8>),
}

/// What happens afterwards.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// Wait for the next request on the same connection.
    KeepAlive,
    /// Close in order.
    Close,
    /// Close with unread bytes in the socket, which makes the system send RST.
    Reset,
    /// Send nothing more until the sender leaves.
    Hang,
    /// These bytes over and over.
    Repeat { bytes: Vec<u8>, times: usize, pause: Duration },
}

impl Answer {
    fn raw(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        Self { delay: Duration::ZERO, first: First::Bytes(bytes.into()), then }
    }

    pub(crate) fn response(response: &Response) -> Self {
        Self::raw(response.to_bytes(), Then::KeepAlive)
    }

    /// The same with these bytes at first.
    pub(crate) fn with_response(self, response: &Response) -> Self {
        Self { first: First::Bytes(response.to_bytes()), ..self }
    }

    /// The status that it begins with, unless it is not HTTP.
    pub(crate) fn status_code(&self) -> Option<u16> {
        match &self.first {
            First::Created => Some(201),
            First::Status(told) => Some(told.status),
            First::Bytes(bytes) => {
                let line = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
                std::str::from_utf8(line).ok()?.parse().ok()
            }
        }
    }

    fn told(told: Refusal) -> Self {
        Self { delay: Duration::ZERO, first: First::Status(told), then: Then::KeepAlive }
    }

    /// 201 as the vendor has it: accepted.
    pub fn created() -> Self {
        Self { delay: Duration::ZERO, first: First::Created, then: Then::KeepAlive }
    }

    /// `status` with the headers and the body that the vendor gives it.
    pub fn status(status: u16) -> Self {
        Self::told(Refusal::status(status))
    }

    /// 429 or 503 with this value of `Retry-After`, valid or not.
    pub fn retry_after(status: u16, value: &str) -> Self {
        Self::told(Refusal { retry_after: Some(value.to_owned()), ..Refusal::status(status) })
    }

    /// 307 to another address.
    pub fn redirect(location: &str) -> Self {
        Self::told(Refusal { words: Some(location.to_owned()), ..Refusal::status(307) })
    }

    /// These bytes as they are, then the connection is closed.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::raw(bytes, Then::Close)
    }

    /// Something that is not HTTP.
    pub fn garbage() -> Self {
        Self::bytes("\u{0}\u{1}SSH-2.0-not-a-push-service\r\n\r\n")
    }

    /// Closed without a byte.
    pub fn nothing() -> Self {
        Self::bytes("")
    }

    /// These bytes (none, half an answer, ...), then silence.
    pub fn hang_after(bytes: &str) -> Self {
        Self::raw(bytes, Then::Hang)
    }

    /// Half an answer, then RST. Over TLS: an end without close_notify.
    pub fn reset() -> Self {
        Self::raw("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nhalf", Then::Reset)
    }

    /// Header lines until the sender has enough (at most 64 MiB).
    pub fn endless_headers() -> Self {
        let line = format!("X-More: {}\r\n", "y".repeat(1014));
        Self::repeat("HTTP/1.1 201 Created\r\n", line.repeat(16), 4096, Duration::ZERO)
    }

    /// `status` with a body of `mebibytes` MiB.
    pub fn huge_body(status: u16, mebibytes: usize) -> Self {
        let head = format!("HTTP/1.1 {status} Huge\r\nContent-Length: {}\r\n\r\n", mebibytes << 20);
        Self::repeat(&head, "y".repeat(1 << 16), mebibytes << 4, Duration::ZERO)
    }

    /// An answer of which one byte arrives every `pause`, `times` bytes of it at most.
    pub fn drip(pause: Duration, times: usize) -> Self {
        let head = format!("HTTP/1.1 201 Created\r\nContent-Length: {times}\r\n\r\n");
        Self::repeat(&head, "y", times, pause)
    }

    /// `100 Continue` every `pause`, `times` times.
    pub fn continues(pause: Duration, times: usize) -> Self {
        Self::repeat("", "HTTP/1.1 100 Continue\r\n\r\n", times, pause)
    }

    fn repeat(first: &str, bytes: impl Into<Vec<u8>>, times: usize, pause: Duration) -> Self {
        let bytes = bytes.into();
        Self::raw(first, Then::Repeat { bytes, times, pause })
    }
}

/// Which messages an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Any,
    Vendor(Vendor),
    /// The token of a subscription.
    Subscription(String),
}

struct Rule {
    scope: Scope,
    answer: Answer,
    /// How many messages still get this answer; `None`: all.
    times: Option<u32>,
}

/// The answers told so far. Those for a number of messages come first, in the order told; then those for all messages: a
/// subscription's, a vendor's, everybody's.
#[derive(Default)]
pub(crate) struct Answers(Vec<Rule>);

impl Answers {
    /// Answers the next `times` messages in `scope` like this; `None`: all, in place of an earlier answer for all of them.
    pub(crate) fn tell(&mut self, scope: Scope, answer: Answer, times: Option<u32>) {
        if times.is_none() {
            self.0.retain(|rule| rule.times.is_some() || rule.scope != scope);
        }
        self.0.push(Rule { scope, answer, times });
    }

    /// How many answers are told.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The answer to a good message to this subscription.
    pub(crate) fn take(&mut self, vendor: Vendor, token: &str) -> Answer {
        let Some(index) = self.find(vendor, token) else {
            return Answer::created();
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

    /// Whether the message that is about to be read will be answered by a reset.
    pub(crate) fn reset_is_next(&self, vendor: Vendor, token: &str) -> bool {
        self.find(vendor, token).is_some_and(|index| matches!(self.0[index].answer.then, Then::Reset))
    }

    fn find(&self, vendor: Vendor, token: &str) -> Option<usize> {
        let scopes = [Scope::Subscription(token.to_owned()), Scope::Vendor(vendor), Scope::Any];
        let next = self.0.iter().position(|rule| rule.times.is_some() && scopes.contains(&rule.scope));
        let standing = |scope: &Scope| self.0.iter().position(|rule| rule.times.is_none() && rule.scope == *scope);
        next.or_else(|| scopes.iter().find_map(standing))
    }
}

//! What a test tells the push service to answer: every honest status, and every way to misbehave.

use crate::refusal::Refusal;
use crate::response::Response;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// The answer to a message in which nothing is wrong. A wrong one is refused whatever was told.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) first: First,
    pub(crate) then: Then,
}

/// What is sent at first.
#[derive(Clone, Debug)]
pub(crate) enum First {
    /// 201 with Location and TTL.
    Created,
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
        Self { first: First::Bytes(bytes.into()), then }
    }

    pub(crate) fn response(response: &Response) -> Self {
        Self::raw(response.to_bytes(), Then::KeepAlive)
    }

    /// 201 with Location and TTL: accepted.
    pub fn created() -> Self {
        Self { first: First::Created, then: Then::KeepAlive }
    }

    /// `status` with the body Mozilla's push service gives it (2xx, 404 and 405: none).
    pub fn status(status: u16) -> Self {
        if status < 300 {
            return Self::response(&Response::new(status));
        }
        Self::response(&Refusal::of_status(status).response())
    }

    /// 429 or 503 with this value of `Retry-After`, valid or not.
    pub fn retry_after(status: u16, value: &str) -> Self {
        let response = Refusal::of_status(status).response();
        Self::response(&response.header("Retry-After", value))
    }

    /// 307 to another address.
    pub fn redirect(location: &str) -> Self {
        Self::response(&Response::new(307).header("Location", location))
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

/// The answers told so far: the next ones first, then a subscription's own.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) next: VecDeque<Answer>,
    pub(crate) of_subscription: HashMap<String, Answer>,
    pub(crate) always: Option<Answer>,
}

impl Answers {
    /// The answer to a good message to this subscription.
    pub(crate) fn take(&mut self, token: &str) -> Answer {
        self.next.pop_front().unwrap_or_else(|| self.standing(token))
    }

    /// Whether the message that is about to be read will be answered by a reset.
    pub(crate) fn reset_is_next(&self, token: &str) -> bool {
        let next = self.next.front().cloned();
        let next = next.unwrap_or_else(|| self.standing(token));
        matches!(next.then, Then::Reset)
    }

    fn standing(&self, token: &str) -> Answer {
        let told = self.of_subscription.get(token).or(self.always.as_ref());
        told.cloned().unwrap_or_else(Answer::created)
    }
}

//! What is refused, by the front itself or by a route: a status, an error and a hint.

use std::borrow::Cow;

use tiny_http::{HTTPVersion, Header, Response, StatusCode};

use super::answer;

/// One refused request: the status and the two members of the JSON body. Never holds what the client sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong.
    pub error: Cow<'static, str>,
    /// What to do next.
    pub hint: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, error: impl Into<Cow<'static, str>>, hint: impl Into<String>) -> Self {
        Self { status, error: error.into(), hint: hint.into() }
    }

    /// A request that is not HTTP/1.1 as RFC 9112 has it.
    pub(super) fn malformed(error: &'static str) -> Self {
        Self::new(400, error, "send a well-formed HTTP/1.1 request (RFC 9112)")
    }

    /// The whole answer. The connection is closed after it, since where the next request begins is unknown.
    pub(crate) fn answer(&self) -> Vec<u8> {
        let body = serde_json::json!({ "error": self.error, "hint": self.hint }).to_string();
        let content_type = Header::from_bytes("Content-Type", "application/json").into_iter().collect();
        let response = Response::new(StatusCode(self.status), content_type, body.as_bytes(), Some(body.len()), None);
        let mut answer = Vec::new();
        // Memory takes every byte.
        let _ = response.raw_print(&mut answer, HTTPVersion(1, 1), &[], false, None);
        answer::complete(&answer, false)
    }
}

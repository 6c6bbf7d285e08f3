//! What is refused, by the front itself or by a route: a status, an error and a hint.

use super::answer;
use std::borrow::Cow;
use std::time::SystemTime;

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
        let reason = match self.status {
            408 => "Request Timeout",
            413 => "Content Too Large",
            417 => "Expectation Failed",
            431 => "Request Header Fields Too Large",
            500 => "Internal Server Error",
            501 => "Not Implemented",
            503 => "Service Unavailable",
            _ => "Bad Request",
        };
        let mut answer = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        answer += &format!("Date: {}\r\n", httpdate::fmt_http_date(SystemTime::now()));
        answer += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        answer::complete(answer.as_bytes(), false)
    }
}

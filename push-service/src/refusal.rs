//! What is wrong with a message, and the words of Mozilla's push service for it.

use crate::response::{Response, reason_phrase};
use serde_json::json;

/// Why a message was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: u16,
    /// Mozilla's number for the reason.
    pub(crate) errno: u16,
    /// The reason.
    pub(crate) message: String,
}

impl Refusal {
    /// A refusal as Mozilla's push service words it.
    pub(crate) fn new(status: u16, errno: u16, message: &str) -> Self {
        Self { status, errno, message: message.to_owned() }
    }

    /// A rule that the vendors do not enforce but strict tests do.
    pub(crate) fn strict(message: String) -> Self {
        Self::new(400, 999, &format!("the stand-in is strict: {message}"))
    }

    /// The usual refusal with this status, as if the push service had found a reason.
    pub(crate) fn of_status(status: u16) -> Self {
        let (errno, message) = match status {
            400 => (110, "Invalid Content-Encoding header"),
            401 | 403 => (109, "Invalid VAPID token"),
            404 => (102, "Not Found"),
            410 => (106, "No such subscription"),
            413 => (104, "payload reached size limit"),
            429 | 503 => (201, "Use exponential back-off for retries"),
            _ => (999, "Unknown error"),
        };
        Self::new(status, errno, message)
    }

    /// The response that says so.
    pub(crate) fn response(&self) -> Response {
        let response = Response::new(self.status);
        let response = match self.status {
            // Mozilla's 404 and 405 have no body.
            404 | 405 => return response,
            410 => response.header("Cache-Control", "max-age=86400"),
            _ => response,
        };
        response.json(&json!({
            "code": self.status,
            "errno": self.errno,
            "error": reason_phrase(self.status),
            "message": self.message,
            "more_info": "http://autopush.readthedocs.io/en/latest/http.html#error-codes",
        }))
    }
}

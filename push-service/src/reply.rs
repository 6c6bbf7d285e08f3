//! What a push service says to a sender: Mozilla's statuses, numbers and bodies, as bytes.

use serde_json::json;

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Mozilla's number for the reason.
    pub errno: u16,
    /// The reason.
    pub message: String,
}

impl Refusal {
    /// A refusal as Mozilla's push service words it.
    pub fn new(status: u16, errno: u16, message: &str) -> Self {
        Self { status, errno, message: message.to_owned() }
    }

    /// A rule that Mozilla's push service does not enforce but the tests do.
    pub fn strict(message: String) -> Self {
        Self::new(400, 999, &format!("the stand-in is strict: {message}"))
    }

    /// The usual refusal with this status, as if the push service had found a reason.
    pub fn of_status(status: u16) -> Self {
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
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let reply = Reply::status(refusal.status);
        match refusal.status {
            // Mozilla's 404 and 405 have no body.
            404 | 405 => reply,
            410 => reply.header("Cache-Control", "max-age=86400"),
            _ => reply,
        }
        .json_of(&refusal)
    }
}

/// One answer, head and body, framed by Content-Length.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn json_of(mut self, refusal: &Refusal) -> Self {
        if matches!(refusal.status, 404 | 405) {
            return self;
        }
        let body = json!({
            "code": refusal.status,
            "errno": refusal.errno,
            "error": reason(refusal.status),
            "message": refusal.message,
            "more_info": "http://autopush.readthedocs.io/en/latest/http.html#error-codes",
        });
        self.body = body.to_string().into_bytes();
        self.header("Content-Type", "application/json")
    }

    /// The answer's HTTP status.
    pub fn code(&self) -> u16 {
        self.status
    }

    /// The bytes on the wire. 1xx and 204 carry no length (RFC 9110 §8.6).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.status >= 200 && self.status != 204 {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        bytes
    }
}

/// The reason phrase (RFC 9110 §15).
fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

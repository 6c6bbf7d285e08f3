//! How each vendor answers: status, headers, body and words. README.md says which were measured and which were read in reports.

use crate::decryption::random;
use crate::fault::{Fault, Kind};
use crate::response::{Response, reason_phrase};
use crate::vendor::Vendor;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// A refusal in a vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: u16,
    /// Mozilla's number for the reason; the other vendors have none.
    pub(crate) errno: u16,
    /// Mozilla's message, Google's sentence, Apple's reason, Windows' error description.
    pub(crate) words: String,
}

/// The status and words that a test chose for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    /// `None`: the vendor's usual one for this status.
    pub(crate) errno: Option<u16>,
    /// `None`: the vendor's usual ones for this status.
    pub(crate) words: Option<String>,
    /// The value of Retry-After, valid or not.
    pub(crate) retry_after: Option<String>,
}

impl Told {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// The response in the vendor's shape. 2xx have no body; 3xx name another address.
    pub(crate) fn response(&self, vendor: Vendor) -> Response {
        let response = match self.status {
            ..300 => Response::new(self.status),
            300..400 => {
                let location = self.words.as_deref().unwrap_or("/elsewhere");
                Response::new(self.status).header("Location", location)
            }
            _ => {
                let usual = usual(vendor, self.status);
                let errno = self.errno.unwrap_or(usual.errno);
                let words = self.words.clone().unwrap_or(usual.words);
                Refusal { status: self.status, errno, words }.response(vendor)
            }
        };
        match &self.retry_after {
            Some(value) => response.header("Retry-After", value),
            None => response,
        }
    }
}

/// 201: the message is accepted (RFC 8030 §5). `id` names it.
pub(crate) fn accepted(vendor: Vendor, origin: &str, id: &str, ttl: u64) -> Response {
    let response = Response::new(201);
    match vendor {
        Vendor::Local | Vendor::Mozilla => {
            response.header("Location", &format!("{origin}/m/{id}")).header("TTL", &ttl.to_string())
        }
        Vendor::Google => response.header("Location", &format!("{origin}/m/{id}")),
        Vendor::Apple => response.header("apns-id", &apns_id()),
        Vendor::Windows => response
            .header("X-WNS-STATUS", "received")
            .header("X-WNS-NOTIFICATIONSTATUS", "received")
            .header("X-WNS-MSG-ID", &hexadecimal(&random::<8>())),
    }
}

impl Refusal {
    fn new(status: u16, errno: u16, words: &str) -> Self {
        Self { status, errno, words: words.to_owned() }
    }

    /// What `vendor` answers to a message with this fault.
    pub(crate) fn of(vendor: Vendor, fault: &Fault) -> Self {
        let status = status(vendor, fault.kind);
        let usual = usual(vendor, status);
        match vendor {
            Vendor::Local | Vendor::Mozilla => match fault.kind {
                Kind::Endpoint | Kind::Method => usual,
                kind => Self::new(status, errno(kind), &fault.why),
            },
            Vendor::Google => match fault.kind {
                Kind::Authorization => Self::new(status, 0, "UnauthorizedRegistration"),
                Kind::Token => Self::new(status, 0, "permission denied: invalid JWT provided"),
                Kind::Audience => {
                    Self::new(status, 0, "aud claim in the token MUST include the origin of the push resource URL")
                }
                Kind::Ttl | Kind::TtlRange => Self::new(status, 0, "InvalidTtlParameter"),
                _ => usual,
            },
            Vendor::Apple => match fault.kind {
                Kind::Authorization => Self::new(status, 0, "BadAuthorizationHeader"),
                Kind::Key => Self::new(status, 0, "VapidPkHashMismatch"),
                Kind::Ttl | Kind::TtlRange => Self::new(status, 0, "BadTtl"),
                Kind::Topic => Self::new(status, 0, "BadWebPushTopic"),
                Kind::Urgency => Self::new(status, 0, "BadUrgency"),
                _ => usual,
            },
            Vendor::Windows => match fault.kind {
                Kind::CachePolicy => Self::new(status, 0, "Ttl value conflicts with X-WNS-Cache-Policy."),
                Kind::Ttl | Kind::TtlRange => Self::new(status, 0, "Ttl value is missing or invalid."),
                _ => usual,
            },
        }
    }

    /// The response in the vendor's shape.
    pub(crate) fn response(&self, vendor: Vendor) -> Response {
        let response = Response::new(self.status);
        match vendor {
            Vendor::Local | Vendor::Mozilla => self.mozilla(response),
            Vendor::Google => self.google(response),
            Vendor::Apple => {
                let mut body = json!({ "reason": self.words });
                if self.status == 410 {
                    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                    body["timestamp"] = json!(now.as_millis() as u64);
                }
                response.header("apns-id", &apns_id()).json(&body)
            }
            Vendor::Windows => {
                let response = response.header("X-WNS-STATUS", "dropped").header("X-WNS-NOTIFICATIONSTATUS", "dropped");
                match self.words.as_str() {
                    "" => response,
                    words => response.header("X-WNS-ERROR-DESCRIPTION", words),
                }
            }
        }
    }

    fn mozilla(&self, response: Response) -> Response {
        if self.words.is_empty() {
            return response;
        }
        let response = match self.status {
            410 => response.header("Cache-Control", "max-age=86400"),
            _ => response,
        };
        response.json(&json!({
            "code": self.status,
            "errno": self.errno,
            "error": reason_phrase(self.status),
            "message": self.words,
            "more_info": "http://autopush.readthedocs.io/en/latest/http.html#error-codes",
        }))
    }

    /// A sentence, or for 400 a page with the code word as its title.
    fn google(&self, response: Response) -> Response {
        let words = &self.words;
        if self.status == 400 {
            let page = format!(
                "<HTML>\n<HEAD>\n<TITLE>{words}</TITLE>\n</HEAD>\n<BODY BGCOLOR=\"#FFFFFF\" TEXT=\"#000000\">\n\
                 <H1>{words}</H1>\n<H2>Error 400</H2>\n</BODY>\n</HTML>\n"
            );
            return response.body("text/html; charset=UTF-8", page);
        }
        response
            .header("X-Content-Type-Options", "nosniff")
            .header("X-Frame-Options", "SAMEORIGIN")
            .header("X-XSS-Protection", "0")
            .body("text/plain; charset=utf-8", format!("{words}\n"))
    }
}

/// The status of each fault. The vendors differ in those about the VAPID token.
fn status(vendor: Vendor, kind: Kind) -> u16 {
    match (kind, vendor) {
        (Kind::Endpoint, _) => 404,
        (Kind::Method, _) => 405,
        (Kind::Gone, _) => 410,
        (Kind::TooLarge, _) => 413,
        (Kind::Authorization | Kind::Token | Kind::Audience | Kind::Key, Vendor::Local | Vendor::Mozilla) => 401,
        (Kind::Authorization, Vendor::Google) | (Kind::Key, Vendor::Apple) => 400,
        (Kind::Authorization | Kind::Token | Kind::Audience, Vendor::Windows) => 401,
        (Kind::Authorization | Kind::Token | Kind::Audience | Kind::Key, _) => 403,
        _ => 400,
    }
}

/// Mozilla's numbers; 999 is for what Mozilla would accept.
fn errno(kind: Kind) -> u16 {
    match kind {
        Kind::Endpoint | Kind::Method => 102,
        Kind::TooLarge => 104,
        Kind::Gone => 106,
        Kind::Authorization | Kind::Token | Kind::Audience | Kind::Key => 109,
        Kind::Encoding => 110,
        Kind::Ttl => 111,
        Kind::Topic => 113,
        Kind::TtlRange => 114,
        Kind::Urgency | Kind::CachePolicy | Kind::Strict => 999,
    }
}

/// The refusal that a vendor most often gives with this status.
fn usual(vendor: Vendor, status: u16) -> Refusal {
    let (errno, words) = match vendor {
        Vendor::Local | Vendor::Mozilla => match status {
            400 => (110, "Invalid Content-Encoding header"),
            401 | 403 => (109, "Invalid VAPID token"),
            // Mozilla's 404 and 405 have no body.
            404 | 405 => (102, ""),
            410 => (106, "No such subscription"),
            413 => (104, "payload reached size limit"),
            429 | 503 => (201, "Use exponential back-off for retries"),
            _ => (999, "Unknown error"),
        },
        Vendor::Google => match status {
            401 | 403 => (
                0,
                "the VAPID credentials in the authorization header do not correspond to the credentials used to create the \
                 subscriptions.",
            ),
            404 | 410 => (0, "push subscription has unsubscribed or expired."),
            _ => (0, reason_phrase(status)),
        },
        Vendor::Apple => match status {
            400 => (0, "BadWebPushRequest"),
            401 | 403 => (0, "BadJwtToken"),
            404 => (0, "BadPath"),
            405 => (0, "MethodNotAllowed"),
            410 => (0, "Unregistered"),
            413 => (0, "PayloadTooLarge"),
            429 => (0, "TooManyRequests"),
            503 => (0, "ServiceUnavailable"),
            _ => (0, "InternalServerError"),
        },
        Vendor::Windows => (0, ""),
    };
    Refusal::new(status, errno, words)
}

/// A random UUID in upper case, as APNs writes it.
fn apns_id() -> String {
    let hex = hexadecimal(&random::<16>());
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests;

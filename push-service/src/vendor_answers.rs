//! How each vendor answers: status, headers, body and words. README.md says which were measured and which were read in reports.

use crate::{Fault, Kind, Response, Vendor, random, reason_phrase};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// An answer with a status: a vendor's to a fault, or the one that a test chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status, 2xx and 3xx included when a test chose it.
    pub status: u16,
    /// Mozilla's number for the reason; `None`: its usual one for this status. The other vendors have none.
    pub errno: Option<u16>,
    /// Mozilla's message, Google's sentence, Apple's reason, Windows' error description; `None`: the usual one.
    pub words: Option<String>,
    /// The value of Retry-After, valid or not.
    pub retry_after: Option<String>,
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
    /// As the vendor most often answers with this status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// What `vendor` answers to a message with this fault.
    pub(crate) fn of(vendor: Vendor, fault: &Fault) -> Self {
        let status = status(vendor, fault.kind);
        let words = match (vendor, fault.kind) {
            (Vendor::Local | Vendor::Mozilla, Kind::Endpoint | Kind::Method) => return Self::status(status),
            (Vendor::Local | Vendor::Mozilla, _) => fault.why.as_str(),
            (Vendor::Google, Kind::Authorization) => "UnauthorizedRegistration",
            (Vendor::Google, Kind::Token) => "permission denied: invalid JWT provided",
            (Vendor::Google, Kind::Audience) => {
                "aud claim in the token MUST include the origin of the push resource URL"
            }
            (Vendor::Google, Kind::Ttl | Kind::TtlRange) => "InvalidTtlParameter",
            (Vendor::Apple, Kind::Authorization) => "BadAuthorizationHeader",
            (Vendor::Apple, Kind::Key) => "VapidPkHashMismatch",
            (Vendor::Apple, Kind::Ttl | Kind::TtlRange) => "BadTtl",
            (Vendor::Apple, Kind::Topic) => "BadWebPushTopic",
            (Vendor::Apple, Kind::Urgency) => "BadUrgency",
            (Vendor::Windows, Kind::CachePolicy) => "Ttl value conflicts with X-WNS-Cache-Policy.",
            (Vendor::Windows, Kind::Ttl | Kind::TtlRange) => "Ttl value is missing or invalid.",
            _ => return Self::status(status),
        };
        Self { errno: Some(errno(fault.kind)), words: Some(words.to_owned()), ..Self::status(status) }
    }

    /// The response in the vendor's shape. 2xx have no body; 3xx name another address.
    pub(crate) fn response(&self, vendor: Vendor) -> Response {
        let (usual_errno, usual_words) = usual(vendor, self.status);
        let words = self.words.as_deref().unwrap_or(usual_words);
        let response = Response::new(self.status);
        let response = match (self.status, vendor) {
            (..300, _) => response,
            (300..400, _) => response.header("Location", self.words.as_deref().unwrap_or("/elsewhere")),
            (_, Vendor::Local | Vendor::Mozilla) => {
                mozilla(response, self.status, self.errno.unwrap_or(usual_errno), words)
            }
            (_, Vendor::Google) => google(response, self.status, words),
            (_, Vendor::Apple) => apple(response, self.status, words),
            (_, Vendor::Windows) => windows(response, words),
        };
        match &self.retry_after {
            Some(value) => response.header("Retry-After", value),
            None => response,
        }
    }
}

fn mozilla(response: Response, status: u16, errno: u16, words: &str) -> Response {
    if words.is_empty() {
        return response;
    }
    let response = if status == 410 { response.header("Cache-Control", "max-age=86400") } else { response };
    response.json(&json!({
        "code": status,
        "errno": errno,
        "error": reason_phrase(status),
        "message": words,
        "more_info": "http://autopush.readthedocs.io/en/latest/http.html#error-codes",
    }))
}

/// A sentence, or for 400 a page with the code word as its title.
fn google(response: Response, status: u16, words: &str) -> Response {
    if status == 400 {
        let page = format!(
            "<HTML>\n<HEAD>\n<TITLE>{words}</TITLE>\n</HEAD>\n<BODY BGCOLOR=\"#FFFFFF\" TEXT=\"#000000\">\n\
             <H1>{words}</H1>\n<H2>Error 400</H2>\n</BODY>\n</HTML>\n"
        );
        return response.body("text/html; charset=UTF-8", page);
    }
    let response = response.header("X-Content-Type-Options", "nosniff").header("X-Frame-Options", "SAMEORIGIN");
    response.header("X-XSS-Protection", "0").body("text/plain; charset=utf-8", format!("{words}\n"))
}

fn apple(response: Response, status: u16, words: &str) -> Response {
    let mut body = json!({ "reason": words });
    if status == 410 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        body["timestamp"] = json!(now.as_millis() as u64);
    }
    response.header("apns-id", &apns_id()).json(&body)
}

fn windows(response: Response, words: &str) -> Response {
    let response = response.header("X-WNS-STATUS", "dropped").header("X-WNS-NOTIFICATIONSTATUS", "dropped");
    if words.is_empty() { response } else { response.header("X-WNS-ERROR-DESCRIPTION", words) }
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

/// The number and the words that a vendor most often gives with this status.
fn usual(vendor: Vendor, status: u16) -> (u16, &'static str) {
    let words = match (vendor, status) {
        (Vendor::Local | Vendor::Mozilla, _) => {
            return match status {
                400 => (110, "Invalid Content-Encoding header"),
                401 | 403 => (109, "Invalid VAPID token"),
                // Mozilla's 404 and 405 have no body.
                404 | 405 => (102, ""),
                410 => (106, "No such subscription"),
                413 => (104, "payload reached size limit"),
                429 | 503 => (201, "Use exponential back-off for retries"),
                _ => (999, "Unknown error"),
            };
        }
        (Vendor::Google, 401 | 403) => {
            "the VAPID credentials in the authorization header do not correspond to the credentials used to create the \
             subscriptions."
        }
        (Vendor::Google, 404 | 410) => "push subscription has unsubscribed or expired.",
        (Vendor::Google, _) => reason_phrase(status),
        (Vendor::Apple, 400) => "BadWebPushRequest",
        (Vendor::Apple, 401 | 403) => "BadJwtToken",
        (Vendor::Apple, 404) => "BadPath",
        (Vendor::Apple, 405) => "MethodNotAllowed",
        (Vendor::Apple, 410) => "Unregistered",
        (Vendor::Apple, 413) => "PayloadTooLarge",
        (Vendor::Apple, 429) => "TooManyRequests",
        (Vendor::Apple, 503) => "ServiceUnavailable",
        (Vendor::Apple, _) => "InternalServerError",
        (Vendor::Windows, _) => "",
    };
    (0, words)
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

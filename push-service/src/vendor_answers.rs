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

/// A fault, Mozilla's status and number for it (999: Mozilla would accept the message), then status and words of Google, Apple
/// and Windows. Mozilla's words are the fault's own; where there are none, they are the usual ones for that status.
type FaultRow = (Kind, (u16, u16), (u16, &'static str), (u16, &'static str), (u16, &'static str));

#[rustfmt::skip]
const FAULTS: [FaultRow; 15] = [
    (Kind::Authorization, (401, 109), (400, "UnauthorizedRegistration"), (403, "BadAuthorizationHeader"), (401, "")),
    (Kind::Token, (401, 109), (403, "permission denied: invalid JWT provided"), (403, "BadJwtToken"), (401, "")),
    (Kind::Audience, (401, 109), (403, WRONG_AUDIENCE), (403, "BadJwtToken"), (401, "")),
    (Kind::Key, (401, 109), (403, OTHER_KEY), (400, "VapidPkHashMismatch"), (403, "")),
    (Kind::Endpoint, (404, 102), (404, ""), (404, ""), (404, "")),
    (Kind::Gone, (410, 106), (410, ""), (410, ""), (410, "")),
    (Kind::Ttl, (400, 111), (400, "InvalidTtlParameter"), (400, "BadTtl"), (400, "Ttl value is missing or invalid.")),
    (Kind::TtlRange, (400, 114), (400, "InvalidTtlParameter"), (400, "BadTtl"), (400, "Ttl value is missing or invalid.")),
    (Kind::Topic, (400, 113), (400, ""), (400, "BadWebPushTopic"), (400, "")),
    (Kind::Urgency, (400, 999), (400, ""), (400, "BadUrgency"), (400, "")),
    (Kind::Encoding, (400, 110), (400, ""), (400, ""), (400, "")),
    (Kind::TooLarge, (413, 104), (413, ""), (413, ""), (413, "")),
    (Kind::CachePolicy, (400, 999), (400, ""), (400, ""), (400, "Ttl value conflicts with X-WNS-Cache-Policy.")),
    (Kind::Method, (405, 102), (405, ""), (405, ""), (405, "")),
    (Kind::Strict, (400, 999), (400, ""), (400, ""), (400, "")),
];

/// A status, the number and the words that Mozilla most often gives with it, then Google's and Apple's words. Windows has none.
type UsualRow = (u16, (u16, &'static str), &'static str, &'static str);

const USUAL: [UsualRow; 9] = [
    (400, (110, "Invalid Content-Encoding header"), "Bad Request", "BadWebPushRequest"),
    (401, (109, "Invalid VAPID token"), OTHER_KEY, "BadJwtToken"),
    (403, (109, "Invalid VAPID token"), OTHER_KEY, "BadJwtToken"),
    // Mozilla's 404 and 405 have no body.
    (404, (102, ""), UNSUBSCRIBED, "BadPath"),
    (405, (102, ""), "Method Not Allowed", "MethodNotAllowed"),
    (410, (106, "No such subscription"), UNSUBSCRIBED, "Unregistered"),
    (413, (104, "payload reached size limit"), "Payload Too Large", "PayloadTooLarge"),
    (429, (201, BACK_OFF), "Too Many Requests", "TooManyRequests"),
    (503, (201, BACK_OFF), "Service Unavailable", "ServiceUnavailable"),
];

const WRONG_AUDIENCE: &str = "aud claim in the token MUST include the origin of the push resource URL";
const OTHER_KEY: &str = "\
    the VAPID credentials in the authorization header do not correspond to the credentials used to create the \
    subscriptions.";
const UNSUBSCRIBED: &str = "push subscription has unsubscribed or expired.";
const BACK_OFF: &str = "Use exponential back-off for retries";

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
            .header("X-WNS-MSG-ID", &format!("{:016X}", u64::from_le_bytes(random()))),
    }
}

impl Refusal {
    /// As the vendor most often answers with this status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// What `vendor` answers to a message with this fault.
    pub(crate) fn of(vendor: Vendor, fault: &Fault) -> Self {
        // `each_fault_has_its_row` holds that the rows are in the order of the kinds.
        let (_, (mozilla, errno), google, apple, windows) = FAULTS[fault.kind as usize];
        let (status, words) = match vendor {
            Vendor::Local | Vendor::Mozilla if matches!(mozilla, 404 | 405) => (mozilla, ""),
            Vendor::Local | Vendor::Mozilla => (mozilla, fault.why.as_str()),
            Vendor::Google => google,
            Vendor::Apple => apple,
            Vendor::Windows => windows,
        };
        Self { errno: Some(errno), words: (!words.is_empty()).then(|| words.to_owned()), ..Self::status(status) }
    }

    /// The response in the vendor's shape. 2xx have no body; 3xx name another address.
    pub(crate) fn response(&self, vendor: Vendor) -> Response {
        let usual = USUAL.iter().find(|(status, ..)| *status == self.status);
        let other = (self.status, (999, "Unknown error"), reason_phrase(self.status), "InternalServerError");
        let (_, (errno, mozillas), googles, apples) = *usual.unwrap_or(&other);
        let words = |usual| self.words.as_deref().unwrap_or(usual);
        let response = Response::new(self.status);
        let response = match (self.status, vendor) {
            (..300, _) => response,
            (300..400, _) => response.header("Location", words("/elsewhere")),
            (_, Vendor::Local | Vendor::Mozilla) => {
                mozilla(response, self.status, self.errno.unwrap_or(errno), words(mozillas))
            }
            (_, Vendor::Google) => google(response, self.status, words(googles)),
            (_, Vendor::Apple) => apple(response, self.status, words(apples)),
            (_, Vendor::Windows) => windows(response, words("")),
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

/// A random UUID in upper case, as APNs writes it.
fn apns_id() -> String {
    let hex = format!("{:032X}", u128::from_le_bytes(random()));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests;

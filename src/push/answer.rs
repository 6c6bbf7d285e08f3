//! What a push service answered: read once, up to a limit, and without the secrets that it may repeat.

use std::fmt;
use std::io::Read;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use ureq::http::{HeaderMap, Response, StatusCode};

use super::{Place, PushRequest};

/// How much of an answer's body is read. Reasons are a few hundred bytes, and a push service is not to be trusted with more.
const MAX_ANSWER_BYTES: u64 = 4 * 1024;
/// How much of a reason is kept.
const MAX_REASON_CHARS: usize = 300;
/// A run of a secret's characters that is at least this long is a piece of the secret, not a word.
const SECRET_CHARS: usize = 16;

/// How much of a message's id is shown.
const MAX_ID_CHARS: usize = 8;

/// What a push service answered.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Its own words: from where its vendor puts them, or the body's title or text. At most 300 characters.
    pub reason: Option<String>,
    /// Mozilla's number of the reason.
    pub errno: Option<u16>,
    /// Its clock, from `Date`.
    pub date: Option<SystemTime>,
    /// Our clock when the answer came.
    pub received: SystemTime,
    /// How long to wait, from `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The message's own resource, from `Location` (RFC 8030 section 5). It is a secret like an endpoint.
    pub location: Option<String>,
    /// How long the message is really kept, from `TTL`.
    pub ttl: Option<Duration>,
}

impl Answer {
    /// An answer with nothing but a status.
    pub fn new(status: StatusCode) -> Answer {
        Answer {
            status,
            reason: None,
            errno: None,
            date: None,
            received: SystemTime::now(),
            retry_after: None,
            location: None,
            ttl: None,
        }
    }

    /// Reads at most 4 KiB of the body. The secrets of `request` are left out of the words that are kept.
    pub fn read(response: Response<ureq::Body>, request: &PushRequest) -> Answer {
        let (head, body) = response.into_parts();
        let mut text = Vec::new();
        // A body that is cut off or never sent is as good as none: the status has been read.
        let _ = body.into_reader().take(MAX_ANSWER_BYTES).read_to_end(&mut text);
        let header = |name| header(&head.headers, name);
        let date = header("date").and_then(|text| httpdate::parse_http_date(text).ok());
        let places = request.endpoint.vendor().rules().reason;
        let (words, errno) = reason(places, &head.headers, &String::from_utf8_lossy(&text));
        Answer {
            reason: words.map(|words| clean(&words, request)).filter(|words| !words.is_empty()),
            errno,
            date,
            retry_after: header("retry-after").and_then(|text| retry_after(text, date)),
            location: header("location").map(str::to_owned),
            ttl: header("ttl").and_then(|text| text.parse().ok()).map(Duration::from_secs),
            ..Answer::new(head.status)
        }
    }

    /// The status and the push service's own words: `401 Unauthorized: VAPID public key mismatch (errno 109)`.
    pub fn in_its_words(&self) -> String {
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let errno = self.errno.map(|errno| format!(" (errno {errno})")).unwrap_or_default();
        format!("{}{reason}{errno}", self.status)
    }

    /// The end of `Location`: at most 8 characters and at most half of its last segment. It names the message and is too little to
    /// delete it.
    pub fn message_id(&self) -> Option<&str> {
        let id = self.location.as_deref()?.rsplit('/').next()?;
        let shown = MAX_ID_CHARS.min(id.chars().count() / 2);
        let start = id.char_indices().rev().take(shown).last().map_or(id.len(), |(at, _)| at);
        id.get(start..).filter(|tail| !tail.is_empty())
    }
}

/// Without `Location`, which is a secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.in_its_words())
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Seconds, or a date (RFC 9110 section 10.2.3) by the push service's own clock where `date` gives it.
fn retry_after(text: &str, date: Option<SystemTime>) -> Option<Duration> {
    let text = text.trim();
    let seconds = text.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| {
        let until = httpdate::parse_http_date(text).ok()?;
        Some(until.duration_since(date.unwrap_or_else(SystemTime::now)).unwrap_or_default())
    })
}

/// Why it was refused, from where the vendor's rules say, and Mozilla's `errno`, which is a number only there.
fn reason(places: &[Place], headers: &HeaderMap, body: &str) -> (Option<String>, Option<u16>) {
    let json = serde_json::from_str::<Value>(body).unwrap_or_default();
    let errno = json.get("errno").and_then(Value::as_u64).and_then(|errno| u16::try_from(errno).ok());
    let words = places.iter().find_map(|place| match place {
        Place::Header(name) => header(headers, name),
        Place::Member(name) => json.get(name)?.as_str(),
    });
    if words.is_some() || errno.is_some() {
        return (words.map(str::to_owned), errno);
    }
    // FCM's older answers, and those of proxies, are pages whose title is the reason.
    let title = body.split_once("<TITLE>").or_else(|| body.split_once("<title>"));
    let words = title.map_or(body, |(_, rest)| rest.split('<').next().unwrap_or_default());
    (Some(words.to_owned()), None)
}

/// One line of at most 300 printable characters, without any piece of the endpoint or the token.
fn clean(words: &str, request: &PushRequest) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    // Before the search: otherwise removing them could join two halves of a secret.
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    let mut cleaned = String::new();
    let mut rest = line.as_str();
    while let Some(first) = rest.chars().next() {
        let secret = secret_bytes(rest, request);
        match secret {
            0 => cleaned.push(first),
            _ => cleaned.push('…'),
        }
        rest = &rest[secret.max(first.len_utf8())..];
    }
    cleaned.chars().take(MAX_REASON_CHARS).collect()
}

/// How many bytes at the beginning of `text` are a piece of a secret. Fewer than `SECRET_CHARS` count as 0.
fn secret_bytes(text: &str, request: &PushRequest) -> usize {
    let mut bytes = SECRET_CHARS;
    // Secrets are ASCII, so a text that is not ASCII here is not a piece of one.
    while text.get(..bytes).is_some_and(|piece| request.holds(piece)) {
        bytes += 1;
    }
    if bytes > SECRET_CHARS { bytes - 1 } else { 0 }
}

#[cfg(test)]
mod tests;

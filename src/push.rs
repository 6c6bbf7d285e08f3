//! One push: message, subscription and VAPID key become a request (pure), the request is posted, the answer is read once
//! and cut by what to do next (RFC 8030 section 5).

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};

use crate::encryption::{self, EncryptionError, Trace};
use crate::endpoint::{Endpoint, Vendor};
use crate::message::{Message, Urgency};
use crate::subscription::Subscription;
use crate::vapid::{VapidError, VapidKey};

/// How much of an answer is read: reasons are a few hundred bytes, and a push service is a stranger.
const MAX_ANSWER_BYTES: u64 = 4 * 1024;
/// Longest answer head; ureq refuses more.
const MAX_ANSWER_HEAD_BYTES: usize = 16 * 1024;
/// Buffers of one connection: a body is at most 4096 bytes, ureq's own 2 x 128 KiB would be all of our memory.
const BUFFER_BYTES: usize = 8 * 1024;
/// A reason longer than this says no more.
const MAX_REASON_CHARS: usize = 300;
/// What we call ourselves to push services.
const USER_AGENT: &str = concat!("barepush/", env!("CARGO_PKG_VERSION"));

/// A push message, ready to be posted: nothing in it needs a network or a key any more.
pub struct PushRequest {
    endpoint: Endpoint,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// Why a request could not be made. Our side: nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The subscription was made with another application server key, so every push service would refuse (RFC 8292 §4.2).
    #[error("the subscription {0} was made with another VAPID key")]
    OtherKey(String),
    /// Apple refuses such a contact.
    #[error("{0}")]
    Subject(String),
    /// The payload could not be encrypted.
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
    /// The token could not be signed.
    #[error(transparent)]
    Vapid(#[from] VapidError),
}

impl RequestError {
    /// What to do next, in one sentence.
    pub fn hint(&self) -> String {
        match self {
            RequestError::OtherKey(_) => {
                "open the page, it subscribes anew with the server's key; or put the key back that it \
                was made with"
                    .into()
            }
            RequestError::Subject(_) => "give a contact at a public domain: --subject mailto:you@your.domain".into(),
            RequestError::Encryption(EncryptionError::TooLong(_)) => {
                "shorten it, or send a URL and let the worker fetch the rest".into()
            }
            RequestError::Encryption(EncryptionError::Ece(_)) => "subscribe again in the page".into(),
            RequestError::Vapid(e) => e.hint(),
        }
    }
}

impl PushRequest {
    /// Encrypts the payload, signs the token, sets the headers. Pure but for randomness and the clock.
    ///
    /// # Errors
    /// [`RequestError`]; above all when the subscription was made with another key.
    pub fn new(
        message: &Message,
        subscription: &Subscription,
        key: &VapidKey,
    ) -> Result<PushRequest, RequestError> {
        PushRequest::build(message, subscription, key, |s, payload| {
            encryption::encrypt(s, payload)
        })
    }

    /// [`PushRequest::new`], and what was derived on the way: for `--explain`.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn traced(
        message: &Message,
        subscription: &Subscription,
        key: &VapidKey,
    ) -> Result<(PushRequest, Trace), RequestError> {
        let mut trace = Trace::default();
        let request = PushRequest::build(message, subscription, key, |s, payload| {
            let (body, derived) = encryption::encrypt_traced(s, payload)?;
            trace = derived;
            Ok(body)
        })?;
        Ok((request, trace))
    }

    fn build(
        message: &Message,
        subscription: &Subscription,
        key: &VapidKey,
        encrypt: impl FnOnce(&Subscription, &[u8]) -> Result<Vec<u8>, EncryptionError>,
    ) -> Result<PushRequest, RequestError> {
        let endpoint = subscription.endpoint();
        if subscription
            .application_server_key()
            .is_some_and(|made_with| made_with != key.public_key())
        {
            return Err(RequestError::OtherKey(endpoint.to_string()));
        }
        if let Some(why) = key.subject().refused_by(endpoint.vendor()) {
            return Err(RequestError::Subject(why));
        }
        let mut headers = vec![
            ("TTL", message.ttl.as_secs().to_string()),
            ("Urgency", message.urgency.to_string()),
            ("Authorization", key.authorization(&endpoint.origin())?),
        ];
        if message.urgency == Urgency::Normal {
            headers.retain(|(name, _)| *name != "Urgency"); // it is the default (RFC 8030 §5.3)
        }
        if let Some(topic) = &message.topic {
            headers.push(("Topic", topic.to_string()));
        }
        if message.ttl.is_zero() && endpoint.vendor() == Vendor::Windows {
            headers.push(("X-WNS-Cache-Policy", "no-cache".into())); // WNS refuses TTL 0 without it
        }
        let mut body = Vec::new();
        // An encrypted nothing is dropped by Chromium; no body at all is an event without data in every browser.
        if !message.payload.is_empty() {
            body = encrypt(subscription, &message.payload)?;
            headers.push(("Content-Encoding", "aes128gcm".into()));
            headers.push(("Content-Type", "application/octet-stream".into()));
        }
        Ok(PushRequest {
            endpoint: endpoint.clone(),
            headers,
            body,
        })
    }

    /// Where it goes.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its headers; Authorization is a secret.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Its body, at most 4096 bytes; empty when the message has no payload.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// What a push service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Its own words: Mozilla's `errno` and `message`, Apple's `reason`, WNS's headers, or the body's text.
    pub reason: Option<String>,
    /// Its clock, from `Date`.
    pub date: Option<SystemTime>,
    /// How long to wait, from `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The message's own resource, from `Location` (RFC 8030 section 5). A secret, as an endpoint is.
    pub location: Option<String>,
    /// How long it is really kept, from `TTL`.
    pub ttl: Option<Duration>,
}

/// Why a push service did not accept a message. Cut by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// 404, 410: this subscription is over; set it aside and subscribe again.
    #[error("gone")]
    Gone(Answer),
    /// 429, 5xx: later.
    #[error("busy")]
    Busy(Answer),
    /// Any other answer: the same request will be refused again.
    #[error("refused")]
    Refused(Answer),
    /// No answer: network, name, TLS, time.
    #[error("{0}")]
    Unreachable(String),
}

/// Posts requests, over connections that it keeps. Cheap to share between threads.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    timeout: Duration,
}

impl Client {
    /// `timeout` bounds each push, from name to answer; up to `connections` a host are kept.
    pub fn new(timeout: Duration, connections: usize) -> Client {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(timeout))
            .user_agent(USER_AGENT)
            .input_buffer_size(BUFFER_BYTES)
            .output_buffer_size(BUFFER_BYTES)
            .max_response_header_size(MAX_ANSWER_HEAD_BYTES)
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .build();
        Client {
            agent: config.new_agent(),
            timeout,
        }
    }

    /// Posts `request` once. Any 2xx is accepted (RFC 8030 section 5 says 201; 202 has been seen).
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, request: &PushRequest) -> Result<Answer, SendError> {
        let mut post = self.agent.post(request.endpoint.as_str());
        for (name, value) in &request.headers {
            post = post.header(*name, value);
        }
        let mut config = post.config();
        if request.endpoint.is_loopback() {
            config = config.proxy(None); // a proxy's loopback is another machine
        }
        let post = config.build();
        let response = match request.body.is_empty() {
            true => post.send_empty(),
            false => post.send(&request.body[..]),
        };
        let response = response.map_err(|e| SendError::Unreachable(self.in_our_words(&e)))?;
        let answer = Answer::read(response);
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            404 | 410 => Err(SendError::Gone(answer)),
            429 | 500..=599 => Err(SendError::Busy(answer)),
            _ => Err(SendError::Refused(answer)),
        }
    }

    fn in_our_words(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Timeout(_) => format!("no answer within {} s", self.timeout.as_secs_f32()),
            ureq::Error::HostNotFound => "its host name is not known to the DNS".into(),
            ureq::Error::ConnectionFailed => "no connection".into(),
            ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
                "connection refused".into()
            }
            ureq::Error::Io(e) => match e
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            {
                Some(tls) => format!("TLS: {tls}"),
                None => format!("connection lost: {e}"),
            },
            ureq::Error::Rustls(tls) => format!("TLS: {tls}"),
            ureq::Error::Protocol(_) | ureq::Error::Http(_) => "its answer is not HTTP".into(),
            other => other.to_string(),
        }
    }
}

impl Answer {
    fn read(response: Response<ureq::Body>) -> Answer {
        let (head, body) = response.into_parts();
        let mut text = Vec::new();
        // A body cut off or never sent says nothing, and the status has been read.
        let _ = body
            .into_reader()
            .take(MAX_ANSWER_BYTES)
            .read_to_end(&mut text);
        let header = |name| header(&head.headers, name);
        let date = header("date").and_then(|text| httpdate::parse_http_date(text).ok());
        Answer {
            status: head.status,
            reason: reason(&head.headers, &text),
            date,
            retry_after: header("retry-after").and_then(|text| retry_after(text, date)),
            location: header("location").map(str::to_owned),
            ttl: header("ttl")
                .and_then(|text| text.parse().ok())
                .map(Duration::from_secs),
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Seconds, or a date (RFC 9110 section 10.2.3), taken by the push service's own clock when it told it.
fn retry_after(text: &str, date: Option<SystemTime>) -> Option<Duration> {
    let text = text.trim();
    let seconds = text.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| {
        let until = httpdate::parse_http_date(text).ok()?;
        Some(
            until
                .duration_since(date.unwrap_or_else(SystemTime::now))
                .unwrap_or_default(),
        )
    })
}

/// The push service's own words for what it did not like, at most 300 printable characters.
fn reason(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let wns = [
        "X-WNS-Error-Description",
        "X-WNS-Status",
        "X-WNS-NotificationStatus",
    ];
    let words = wns
        .iter()
        .find_map(|name| header(headers, name).map(str::to_owned))
        .or_else(|| {
            let text = String::from_utf8_lossy(body);
            let json: Option<Value> = serde_json::from_str(&text).ok();
            let member = |name| {
                json.as_ref()
                    .and_then(|json: &Value| json.get(name)?.as_str())
                    .map(str::to_owned)
            };
            let words = member("reason")
                .or_else(|| member("message"))
                .unwrap_or_else(|| text.trim().to_owned());
            Some(
                match json.as_ref().and_then(|json| json.get("errno")?.as_u64()) {
                    Some(errno) => format!("{words} (errno {errno})"),
                    None => words,
                },
            )
        })?;
    let words: String = words
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_REASON_CHARS)
        .collect();
    (!words.is_empty()).then_some(words)
}

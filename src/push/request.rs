//! The request that carries a message to a push service (RFC 8030 section 5): built from message, subscription and VAPID key,
//! without a network. To add a header, see `headers`.

use super::diagnosis::{Cure, SAME_KEY};
use super::{Endpoint, Hkdf, Interface, MAX_PAYLOAD_BYTES, Message, Subscription, Urgency, VapidKey, Vendor, encrypt};

/// A push message, ready to be posted.
pub struct PushRequest {
    /// Where it goes.
    pub endpoint: Endpoint,
    /// Its headers; Authorization is a secret.
    pub headers: Vec<Header>,
    /// Its body, at most 4096 bytes; empty when the message has no payload.
    pub body: Vec<u8>,
    /// What was derived on the way to the body, a secret, for `notify --explain`: see [`encrypt`]. Empty when there is no body.
    pub derived: Vec<Hkdf>,
}

/// A header of a request.
#[derive(Clone)]
pub struct Header {
    /// Its name, as RFCs write it.
    pub name: &'static str,
    /// What is sent.
    pub value: String,
    /// What it is for, and which RFC rules it: a phrase for people, empty where the name says it.
    pub meaning: &'static str,
}

/// Why a request could not be built. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The subscription was made with another application server key, so every push service would refuse (RFC 8292 §4.2).
    #[error("the subscription {0} was made with another VAPID key")]
    OtherKey(String),
    /// The push service would refuse the contact in the token.
    #[error("{0}")]
    Subject(String),
    /// The payload would not fit into one record of a 4096-byte body.
    #[error("the payload is {0} bytes long, at most {MAX_PAYLOAD_BYTES} fit into one message")]
    TooLong(usize),
    /// The payload could not be encrypted.
    #[error("cannot encrypt the payload")]
    Encryption(#[source] ece::Error),
    /// The token could not be signed.
    #[error("cannot sign the VAPID token")]
    Signing,
}

impl RequestError {
    /// What to do next, in one sentence, as `interface` words it.
    pub fn hint(&self, interface: Interface) -> String {
        let cure = match self {
            RequestError::OtherKey(_) => Cure::Both(SAME_KEY),
            RequestError::Subject(_) => Cure::Each(
                "set VAPID_SUBJECT to a contact at a public domain: mailto:you@your.domain",
                "give a contact at a public domain: --subject mailto:you@your.domain",
            ),
            RequestError::TooLong(_) => Cure::Both("shorten it, or send a URL and let the worker fetch the rest"),
            RequestError::Encryption(_) => Cure::Both("subscribe again in the page"),
            RequestError::Signing => Cure::Both("report this with the version of barepush"),
        };
        cure.for_interface(interface).to_owned()
    }
}

impl PushRequest {
    /// Encrypts the payload, signs the token and sets the headers. Needs no network.
    ///
    /// # Errors
    /// [`RequestError`]; above all when the subscription was made with another key.
    pub fn new(message: &Message, subscription: &Subscription, key: &VapidKey) -> Result<PushRequest, RequestError> {
        let endpoint = subscription.endpoint();
        if subscription.application_server_key().is_some_and(|made_with| made_with != key.public_key()) {
            return Err(RequestError::OtherKey(endpoint.to_string()));
        }
        if let Some(why) = key.subject.refused_by(endpoint.vendor()) {
            return Err(RequestError::Subject(why));
        }
        let authorization = key.authorization(&endpoint.origin())?;
        // Chromium drops an encrypted empty payload. A push without a body is an event without data in every browser.
        let (body, derived) = match message.payload.is_empty() {
            true => Default::default(),
            false => encrypt(subscription, &message.payload)?,
        };
        let headers = headers(message, endpoint.vendor(), authorization);
        Ok(PushRequest { endpoint: endpoint.clone(), headers, body, derived })
    }

    /// Whether `word` is a piece of the endpoint or of the token.
    pub(super) fn holds(&self, word: &str) -> bool {
        let secrets =
            self.headers.iter().filter(|header| header.name == "Authorization").map(|header| header.value.as_str());
        secrets.chain([self.endpoint.as_str()]).any(|secret| secret.contains(word))
    }
}

/// Every header that a push service acts on. To add a header, add it here: client, `--curl` and `--explain` take it from here.
fn headers(message: &Message, vendor: Vendor, authorization: String) -> Vec<Header> {
    let header = |name, value, meaning| Header { name, value, meaning };
    let ttl = match message.ttl.is_zero() {
        true => "now or never, RFC 8030 section 5.2",
        false => "seconds to wait for the browser, RFC 8030 section 5.2",
    };
    let mut headers = vec![header("TTL", message.ttl.as_secs().to_string(), ttl)];
    // Normal is the default (RFC 8030 §5.3).
    if message.urgency != Urgency::Normal {
        headers.push(header("Urgency", message.urgency.to_string(), "RFC 8030 section 5.3"));
    }
    headers.push(header("Authorization", authorization, "the token and k, RFC 8292 section 3"));
    if let Some(topic) = &message.topic {
        let meaning = "replaces a waiting message of this topic, RFC 8030 section 5.4";
        headers.push(header("Topic", topic.to_string(), meaning));
    }
    if let Some((name, value, meaning)) = vendor.rules().ttl_0_header.filter(|_| message.ttl.is_zero()) {
        headers.push(header(name, value.to_owned(), meaning));
    }
    if !message.payload.is_empty() {
        headers.push(header("Content-Encoding", "aes128gcm".into(), ""));
        headers.push(header("Content-Type", "application/octet-stream".into(), ""));
    }
    headers
}

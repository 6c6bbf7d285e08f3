//! What can be wrong with a message. How each vendor answers to it is in `vendor_answers`.

/// One thing that is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// For the vendor's answer.
    pub kind: Kind,
    /// In words, for the log and for tests. A vendor may say less.
    pub why: String,
}

/// The faults that some vendor answers in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The Authorization header is missing or malformed.
    Authorization,
    /// The VAPID token is malformed, badly signed, expired, too long valid, or has a subject that Apple refuses.
    Token,
    /// `aud` is not the push service's origin.
    Audience,
    /// The subscription was made with another key.
    Key,
    /// Not an endpoint of this push service.
    Endpoint,
    /// The subscription has ended.
    Gone,
    /// The TTL is missing or unreadable.
    Ttl,
    /// The TTL is outside what the vendor accepts.
    TtlRange,
    /// The topic is not base64url of 1 to 32 characters.
    Topic,
    /// The urgency is not one of the four.
    Urgency,
    /// Content-Encoding is not aes128gcm.
    Encoding,
    /// The body is over 4096 bytes.
    TooLarge,
    /// TTL 0 without `X-WNS-Cache-Policy: no-cache`.
    CachePolicy,
    /// Not POST.
    Method,
    /// Broken only in strict tests.
    Strict,
}

impl Fault {
    pub(crate) fn new(kind: Kind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into() }
    }

    /// A rule that the vendors do not enforce but strict tests do.
    pub(crate) fn strict(why: &str) -> Self {
        Self::new(Kind::Strict, format!("strict test: {why}"))
    }
}

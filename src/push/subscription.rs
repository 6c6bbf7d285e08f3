//! What a browser gives us when it subscribes: a PushSubscription (Push API section 8), parsed and checked once.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use crate::push::endpoint::{Endpoint, EndpointError};

/// An uncompressed P-256 point: 0x04, 32 bytes of x, 32 bytes of y (RFC 8291 section 3.1).
pub const PUBLIC_KEY_BYTES: usize = 65;
/// The authentication secret (RFC 8291 section 3.2).
pub const AUTH_BYTES: usize = 16;

/// A subscription whose endpoint is a URI we may call, whose p256dh is a point on P-256 and whose auth has 16 bytes.
#[derive(Clone)]
pub struct Subscription {
    endpoint: Endpoint,
    p256dh: [u8; PUBLIC_KEY_BYTES],
    auth: [u8; AUTH_BYTES],
    application_server_key: Option<String>,
    json: String,
}

/// Why a text is no subscription we can push to. Names the member, never its value.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// Not JSON at all; where the parser stopped.
    #[error("not JSON: it breaks off at line {line}, column {column}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON, but an array, a string, ...
    #[error("not a PushSubscription: not a JSON object")]
    NotAnObject,
    /// A member is missing or of another type.
    #[error("not a PushSubscription: the member \"{0}\" is missing or not a string")]
    Member(&'static str),
    /// The endpoint cannot be called.
    #[error("endpoint")]
    Endpoint(#[from] EndpointError),
    /// A key does not decode to its size.
    #[error("{member} is not {bytes} bytes of base64url")]
    Length {
        /// `p256dh`, `auth` or `applicationServerKey`.
        member: &'static str,
        /// The size it must have.
        bytes: usize,
    },
    /// 65 bytes, but no public key.
    #[error("p256dh is not a point on the curve P-256")]
    OffCurve,
}

impl Subscription {
    /// Parses the JSON of `PushSubscription.toJSON()`, with the member `applicationServerKey` (base64url) if the
    /// page added it. Members not known are kept as they are.
    ///
    /// # Errors
    /// [`SubscriptionError`] names the member that is wrong.
    pub fn from_json(json: &str) -> Result<Subscription, SubscriptionError> {
        let value: Value =
            serde_json::from_str(json).map_err(|e| SubscriptionError::Json { line: e.line(), column: e.column() })?;
        if !value.is_object() {
            return Err(SubscriptionError::NotAnObject);
        }
        let endpoint = Endpoint::parse(member(&value, "/endpoint", "endpoint")?)?;
        let p256dh = decode("p256dh", member(&value, "/keys/p256dh", "keys.p256dh")?)?;
        // (RFC 8291 §7: check that the key is on the curve before using it)
        p256::PublicKey::from_sec1_bytes(&p256dh).map_err(|_| SubscriptionError::OffCurve)?;
        let application_server_key = match value.get("applicationServerKey") {
            None | Some(Value::Null) => None,
            Some(_) => {
                let text = member(&value, "/applicationServerKey", "applicationServerKey")?;
                let raw = decode::<PUBLIC_KEY_BYTES>("applicationServerKey", text)?;
                Some(Base64UrlUnpadded::encode_string(&raw))
            }
        };
        Ok(Subscription {
            endpoint,
            p256dh,
            auth: decode("auth", member(&value, "/keys/auth", "keys.auth")?)?,
            application_server_key,
            // A line break cannot stand inside a JSON string, so joining the lines changes no value.
            json: json.lines().map(str::trim).collect(),
        })
    }

    /// Where to post messages to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The user agent's public key, an uncompressed point (RFC 8291 section 3.1).
    pub fn p256dh(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.p256dh
    }

    /// The authentication secret (RFC 8291 section 3.2).
    pub fn auth(&self) -> &[u8; AUTH_BYTES] {
        &self.auth
    }

    /// The VAPID key it was made with, base64url, when the page told (RFC 8292 section 4).
    pub fn application_server_key(&self) -> Option<&str> {
        self.application_server_key.as_deref()
    }

    /// The JSON it was parsed from, on one line.
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({})", self.endpoint)
    }
}

/// A string member at `pointer` (RFC 6901), `name` for people.
fn member<'a>(value: &'a Value, pointer: &str, name: &'static str) -> Result<&'a str, SubscriptionError> {
    value.pointer(pointer).and_then(Value::as_str).ok_or(SubscriptionError::Member(name))
}

/// base64url without padding, as browsers write it; padding and the two other letters of plain base64 are taken too,
/// because key tools and hand-made files have them.
pub(crate) fn decode<const N: usize>(member: &'static str, text: &str) -> Result<[u8; N], SubscriptionError> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let mut bytes = [0; N];
    match Base64UrlUnpadded::decode(&text, &mut bytes) {
        Ok(decoded) if decoded.len() == N => Ok(bytes),
        _ => Err(SubscriptionError::Length { member, bytes: N }),
    }
}

//! What a browser gives us when it subscribes: a PushSubscription (Push API section 8), parsed and checked once.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::Endpoint;

/// An uncompressed P-256 point: 0x04, 32 bytes of x, 32 bytes of y (RFC 8291 section 3.1).
const PUBLIC_KEY_BYTES: usize = 65;
/// The authentication secret (RFC 8291 section 3.2).
const AUTH_BYTES: usize = 16;

/// A subscription that was checked: its endpoint can be called, its p256dh is a point on P-256 and its auth has 16 bytes.
#[derive(Clone)]
pub struct Subscription {
    endpoint: Endpoint,
    p256dh: [u8; PUBLIC_KEY_BYTES],
    auth: [u8; AUTH_BYTES],
    application_server_key: Option<String>,
    json: String,
}

impl Subscription {
    /// Parses the JSON of `PushSubscription.toJSON()`, with the member `applicationServerKey` (base64url) if the
    /// page added it. Unknown members stay in [`Subscription::json`].
    ///
    /// # Errors
    /// Why it cannot be pushed to. It names the member, never its value.
    pub fn from_json(json: &str) -> Result<Subscription, String> {
        // serde_json's own words could repeat a value.
        let not_json =
            |e: serde_json::Error| format!("not JSON: it breaks off at line {}, column {}", e.line(), e.column());
        let value: Value = serde_json::from_str(json).map_err(not_json)?;
        if !value.is_object() {
            return Err("not a PushSubscription: not a JSON object".into());
        }
        let endpoint = member(&value, "/endpoint", "endpoint")?;
        let endpoint = Endpoint::parse(endpoint).map_err(|e| format!("endpoint: {e}"))?;
        let p256dh = decode("p256dh", member(&value, "/keys/p256dh", "keys.p256dh")?)?;
        // (RFC 8291 §7: check that the key is on the curve before using it)
        p256::PublicKey::from_sec1_bytes(&p256dh).map_err(|_| "p256dh is not a point on the curve P-256")?;
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

    /// Where its messages are posted to: a secret.
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

    /// The VAPID key it was made with, base64url, when the page sent it (RFC 8292 section 4).
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

/// The string at `pointer` (RFC 6901); `name` is what errors call it.
fn member<'a>(value: &'a Value, pointer: &str, name: &str) -> Result<&'a str, String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.ok_or_else(|| format!("not a PushSubscription: the member \"{name}\" is missing or not a string"))
}

/// Decodes base64url without padding, as browsers write it. Padding and the two other characters of plain base64 are accepted too,
/// because key tools and hand-made files have them.
fn decode<const N: usize>(member: &str, text: &str) -> Result<[u8; N], String> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let mut bytes = [0; N];
    match Base64UrlUnpadded::decode(&text, &mut bytes) {
        Ok(decoded) if decoded.len() == N => Ok(bytes),
        _ => Err(format!("{member} is not {N} bytes of base64url")),
    }
}

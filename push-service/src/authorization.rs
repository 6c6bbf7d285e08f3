//! Checks the sender's `vapid` Authorization header as Mozilla's push service does (RFC 8292).

use crate::refusal::Refusal;
use base64ct::{Base64UrlUnpadded, Encoding};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;

/// The clocks of sender and push service may differ by this much.
const LEEWAY_SECONDS: u64 = 60;
/// (RFC 8292 §2) `exp` at most 24 hours ahead.
const MAX_SECONDS: u64 = 24 * 60 * 60;

/// An Authorization header whose signature and claims are good.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorization {
    /// `k`: the application server's key, 65 bytes.
    pub(crate) key: Vec<u8>,
    /// The token's claims, at least `aud` and `exp`.
    pub(crate) claims: Value,
}

/// Checks `header` against the push service's own `origin` and `now` (unix seconds).
pub(crate) fn verify(header: Option<&str>, origin: &str, now: u64) -> Result<Authorization, Refusal> {
    let missing = || unauthorized("Missing VAPID public key");
    let (token, key) = header.and_then(parameters).ok_or_else(missing)?;
    let key = decode(key.trim_end_matches('=')).ok_or_else(missing)?;
    let claims = signed_claims(token, &key)?;
    let exp = claims["exp"].as_u64().ok_or_else(|| unauthorized("Invalid VAPID token: exp must be an integer"))?;
    if exp + LEEWAY_SECONDS < now {
        return Err(unauthorized("ExpiredSignature"));
    }
    if exp > now + MAX_SECONDS + LEEWAY_SECONDS {
        return Err(unauthorized("The VAPID token expiration is too long"));
    }
    match claims["aud"].as_str() {
        None => Err(unauthorized("Invalid VAPID token: aud must be a string")),
        Some(aud) if aud != origin => Err(unauthorized("Invalid VAPID audience")),
        Some(_) => Ok(Authorization { key, claims }),
    }
}

/// `vapid t=TOKEN, k=KEY` -> (TOKEN, KEY) (RFC 8292 §3).
fn parameters(header: &str) -> Option<(&str, &str)> {
    let (scheme, parameters) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("vapid") {
        return None;
    }
    let (mut token, mut key) = (None, None);
    for parameter in parameters.split(',') {
        match parameter.trim().split_once('=')? {
            ("t", value) => token = Some(value),
            ("k", value) => key = Some(value),
            _ => {}
        }
    }
    Some((token?, key?))
}

/// The claims of an ES256 token that `key` signed.
fn signed_claims(token: &str, key: &[u8]) -> Result<Value, Refusal> {
    let invalid = || unauthorized("Invalid VAPID token");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
    let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
    let json = |part| serde_json::from_slice::<Value>(&decode(part)?).ok();
    if json(header).ok_or_else(invalid)?["alg"] != "ES256" {
        return Err(unauthorized("Invalid VAPID token: InvalidAlgorithm"));
    }
    let signature = decode(signature)
        .and_then(|bytes| Signature::from_slice(&bytes).ok())
        .ok_or_else(|| unauthorized("InvalidSignature"))?;
    VerifyingKey::from_sec1_bytes(key)
        .and_then(|key| key.verify(signed.as_bytes(), &signature))
        .map_err(|_| unauthorized("InvalidSignature"))?;
    json(claims).filter(Value::is_object).ok_or_else(invalid)
}

/// What strict tests demand besides: exactly `aud`, `exp` and a `sub` that every push service accepts, and `exp` without
/// Mozilla's leeway.
pub(crate) fn verify_strictly(claims: &Value, now: u64) -> Result<(), Refusal> {
    let names: Vec<_> = claims.as_object().into_iter().flat_map(|c| c.keys()).collect();
    if names.len() != 3 || claims["sub"].is_null() {
        return Err(Refusal::strict(format!("claims are {names:?}, not exactly aud, exp and sub")));
    }
    let sub = claims["sub"].as_str().unwrap_or_default();
    if !sub.starts_with("mailto:") && !sub.starts_with("https://") {
        return Err(Refusal::strict("sub is neither mailto: nor https:".to_owned()));
    }
    let exp = claims["exp"].as_u64().unwrap_or_default();
    if exp <= now || exp > now + MAX_SECONDS {
        return Err(Refusal::strict("exp is not within the next 24 h".to_owned()));
    }
    Ok(())
}

/// Decodes base64url without padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// A 401 with Mozilla's number for everything wrong with VAPID.
pub(crate) fn unauthorized(message: &str) -> Refusal {
    Refusal::new(401, 109, message)
}

//! Checks the sender's `vapid` Authorization header (RFC 8292), in the order and with the leeway of Mozilla's push service.

use crate::{Fault, Kind, Shared};
use base64ct::{Base64UrlUnpadded, Encoding};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

/// The clocks of sender and push service may differ by this much.
const LEEWAY_SECONDS: u64 = 60;
/// (RFC 8292 §2) `exp` at most 24 hours ahead.
const MAX_SECONDS: u64 = 24 * 60 * 60;
/// How many signatures are remembered: a head of 16 KiB each makes 4 MiB.
const MAX_REMEMBERED: usize = 256;

/// An Authorization header whose signature is good.
#[derive(Clone, Debug, Default)]
pub struct Authorization {
    /// `k`: the application server's key, 65 bytes.
    pub key: Vec<u8>,
    /// The token's claims, at least `aud` and `exp`.
    pub claims: Value,
}

impl Authorization {
    /// The key and the claims in an Authorization header, once the key is shown to have signed them.
    ///
    /// # Errors
    /// What is wrong first. An absent header is an empty one.
    pub fn signed(header: &str) -> Result<Self, Fault> {
        let missing = || Fault::new(Kind::Authorization, "Missing VAPID public key");
        let (token, key) = parameters(header).ok_or_else(missing)?;
        let key = decode(key.trim_end_matches('=')).ok_or_else(missing)?;
        let claims = signed_claims(token, &key)?;
        Ok(Self { key, claims })
    }

    /// Checks the claims against the push service's own `origin` and `now` (unix seconds).
    ///
    /// # Errors
    /// What is wrong first.
    pub fn verify(&self, origin: &str, now: u64) -> Result<(), Fault> {
        let integer = || bad_token("Invalid VAPID token: exp must be an integer");
        match self.claims["exp"].as_u64().ok_or_else(integer)? {
            exp if exp + LEEWAY_SECONDS < now => return Err(bad_token("ExpiredSignature")),
            exp if exp > now + MAX_SECONDS + LEEWAY_SECONDS => {
                return Err(bad_token("The VAPID token expiration is too long"));
            }
            _ => {}
        }
        match self.claims["aud"].as_str() {
            None => Err(bad_token("Invalid VAPID token: aud must be a string")),
            Some(aud) if aud != origin => Err(Fault::new(Kind::Audience, "Invalid VAPID audience")),
            Some(_) => Ok(()),
        }
    }

    /// What strict tests demand besides: exactly `aud`, `exp` and a `sub` that every push service accepts, and `exp` without
    /// Mozilla's leeway.
    pub(crate) fn verify_strictly(&self, now: u64) -> Result<(), Fault> {
        let names: Vec<_> = self.claims.as_object().into_iter().flat_map(|claims| claims.keys()).collect();
        if names.len() != 3 || self.claims["sub"].is_null() {
            return Err(Fault::strict(&format!("claims are {names:?}, not exactly aud, exp and sub")));
        }
        let sub = self.claims["sub"].as_str().unwrap_or_default();
        if !sub.starts_with("mailto:") && !sub.starts_with("https://") {
            return Err(Fault::strict("sub is neither mailto: nor https:"));
        }
        let exp = self.claims["exp"].as_u64().unwrap_or_default();
        if exp <= now || exp > now + MAX_SECONDS {
            return Err(Fault::strict("exp is not within the next 24 h"));
        }
        Ok(())
    }
}

impl Shared {
    /// [`Authorization::signed`], which is remembered: a sender uses one token for hours.
    pub(crate) fn signed(&self, header: &str) -> Result<Authorization, Fault> {
        if let Some(known) = self.lock().signed.get(header) {
            return Ok(known.clone());
        }
        let authorization = Authorization::signed(header)?;
        let mut state = self.lock();
        if state.signed.len() >= MAX_REMEMBERED {
            state.signed.clear();
        }
        state.signed.insert(header.to_owned(), authorization.clone());
        Ok(authorization)
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
fn signed_claims(token: &str, key: &[u8]) -> Result<Value, Fault> {
    let invalid = || bad_token("Invalid VAPID token");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
    let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
    let json = |part| serde_json::from_slice::<Value>(&decode(part)?).ok();
    if json(header).ok_or_else(invalid)?["alg"] != "ES256" {
        return Err(bad_token("Invalid VAPID token: InvalidAlgorithm"));
    }
    let signature = decode(signature).ok_or_else(|| bad_token("InvalidSignature"))?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| bad_token("InvalidSignature"))?;
    json(claims).filter(Value::is_object).ok_or_else(invalid)
}

/// Decodes base64url without padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// The VAPID token is not good.
fn bad_token(why: &str) -> Fault {
    Fault::new(Kind::Token, why)
}

//! Subscriptions without a browser: the push service decrypts what is sent to them.

use super::{Refused, Request, Result};
use crate::{BrowserKeys, Owner, Response, Shared, Vendor, authorization::decode};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    /// `local` when it is left out.
    vendor: Option<String>,
    /// base64url, 65 bytes.
    #[serde(rename = "applicationServerKey")]
    key: Option<String>,
}

/// A PushSubscription as a browser's `toJSON()` gives it.
pub(super) fn create(shared: &Shared, request: &Request) -> Result<Response> {
    let New { vendor, key } = request.json()?;
    let vendor = vendor.as_deref().map_or(Ok(Vendor::Local), by_name)?;
    let key = key.as_deref().map(parse_key).transpose()?;
    let keys = BrowserKeys::generate();
    let [p256dh, auth] = [&keys.p256dh, &keys.auth].map(|bytes| Base64UrlUnpadded::encode_string(bytes));
    let Some((_, endpoint)) = shared.subscribe(vendor, key, Owner::Simulated(keys)) else {
        let hint = "end some, or DELETE /control/everything";
        return Err(Refused(409, "there are 10,000 subscriptions already".to_owned(), hint));
    };
    let subscription = json!({
        "endpoint": endpoint,
        "expirationTime": null,
        "keys": { "p256dh": p256dh, "auth": auth },
    });
    Ok(Response::new(201).json(&subscription))
}

/// The next push to it is answered as the vendor answers to an ended subscription.
pub(super) fn end(shared: &Shared, request: &Request) -> Result<Response> {
    let missing = || Refused::bad("the query names no subscription", "add ?subscription=ENDPOINT");
    let name = request.query.get("subscription").ok_or_else(missing)?;
    let mut state = shared.lock();
    let token = state.find_token(name)?;
    state.end(&token);
    Ok(Response::new(204))
}

pub(super) fn by_name(name: &str) -> Result<Vendor> {
    let unknown = || Refused::bad(format!("unknown vendor '{name}'"), "use local, mozilla, google, apple or windows");
    Vendor::of_name(name).ok_or_else(unknown)
}

fn parse_key(text: &str) -> Result<Vec<u8>> {
    let key = decode(text.trim_end_matches('=')).filter(|key| p256::PublicKey::from_sec1_bytes(key).is_ok());
    let hint = "give the VAPID public key in base64url, 65 bytes";
    key.filter(|key| key.len() == 65)
        .ok_or_else(|| Refused::bad("applicationServerKey is not a P-256 public key", hint))
}

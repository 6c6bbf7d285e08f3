//! What has arrived, decrypted.

use super::{Request, Result};
use crate::{Received, Response, Shared, State, tail};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A test waits seconds; longer, and its client's own limit ends the wait.
const MAX_WAIT_SECONDS: u64 = 60;

/// `?subscription=ENDPOINT&after=NUMBER&wait=SECONDS`, each optional.
pub(super) fn list(shared: &Shared, request: &Request) -> Result<Response> {
    let wait = Duration::from_secs(request.number("wait", MAX_WAIT_SECONDS)?.unwrap_or_default());
    let after = request.number("after", u64::MAX)?.unwrap_or_default();
    let mut state = shared.lock();
    let token = request.query.get("subscription").map(|name| state.find_token(name)).transpose()?;
    let wanted =
        |message: &&Received| message.number > after && token.as_ref().is_none_or(|token| *token == message.token);
    let none = |state: &mut State| !state.stopping && !state.record.messages.iter().any(|message| wanted(&message));
    shared.changed.wait_while_for(&mut state, none, wait);
    let messages: Vec<_> = state.record.messages.iter().filter(wanted).cloned().collect();
    let dropped = state.record.dropped;
    drop(state);
    let messages: Vec<_> = messages.iter().map(to_json).collect();
    Ok(Response::new(200).json(&json!({ "messages": messages, "dropped": dropped })))
}

fn to_json(message: &Received) -> Value {
    let payload = message.payload.as_deref();
    json!({
        "number": message.number,
        "vendor": message.vendor.name(),
        "endpoint": message.endpoint,
        "subscription": tail(&message.token),
        "accepted": message.accepted,
        "status": message.status,
        "wrong": message.wrong,
        "headers": headers(&message.headers),
        "ttl": message.ttl,
        "urgency": message.urgency,
        "topic": message.topic,
        "claims": message.claims,
        "applicationServerKey": (!message.key.is_empty()).then(|| Base64UrlUnpadded::encode_string(&message.key)),
        "body_bytes": message.body.len(),
        "payload": payload.and_then(|bytes| std::str::from_utf8(bytes).ok()),
        "payload_base64url": payload.map(Base64UrlUnpadded::encode_string),
    })
}

/// Names in lower case; the values of one name joined (RFC 9110 §5.3).
fn headers(headers: &[(String, String)]) -> Value {
    let mut all = Map::new();
    for (name, value) in headers {
        let earlier = all.get(&name.to_ascii_lowercase()).and_then(Value::as_str);
        let value = earlier.map_or(value.clone(), |earlier| format!("{earlier}, {value}"));
        all.insert(name.to_ascii_lowercase(), value.into());
    }
    all.into()
}

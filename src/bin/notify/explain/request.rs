//! The steps from body to notification: the token, the request, the answer, and the browser's half (RFC 8292, RFC 8030).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value as Json;

use super::printer::{Printer, Value};
use super::{masked_endpoint, readable, steps};
use barepush::push::answer::Answer;
use barepush::push::message::{Message, Urgency};
use barepush::push::request::{Header, PushRequest};
use barepush::push::vapid::VapidKey;

pub(super) fn token(printer: &mut Printer, key: &VapidKey, request: &PushRequest) {
    printer.step(&steps::TOKEN);
    let header = request.headers().iter().find(|header| header.name == "Authorization");
    let token = header.and_then(|header| header.value.strip_prefix("vapid t=")?.split(',').next()).unwrap_or_default();
    let mut parts = token.split('.').map(|part| Base64UrlUnpadded::decode_vec(part).unwrap_or_default());
    let mut text = || String::from_utf8_lossy(&parts.next().unwrap_or_default()).into_owned();
    printer.text("header", text());
    let claims: Json = serde_json::from_str(&text()).unwrap_or_default();
    let mut claim = |name: &str, meaning: &str| printer.row(name, Value::Text(claims[name].to_string()), meaning);
    claim("aud", "the endpoint's origin: no other push service accepts this token");
    claim("exp", &expiry(claims["exp"].as_u64().unwrap_or_default()));
    claim("sub", "where the push service's operator can reach you");
    let meaning = "header.claims.signature, signed with ES256 by the VAPID private key";
    printer.row("token", Value::SecretText(token, masked(token)), meaning);
    printer.row("k", Value::Text(key.public_key().into()), "the VAPID public key");
}

/// `in 12 hours, Sun, 22 Nov 2026 07:30:00 GMT`
fn expiry(seconds: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(seconds);
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    // The seconds since signing would make it 11 hours.
    format!("in {} hours, {}", (left.as_secs() + 60) / 3600, httpdate::fmt_http_date(at))
}

/// The first letters of a token, which are the same in every token.
fn masked(token: &str) -> String {
    format!("{}...(masked)", token.get(..3).unwrap_or_default())
}

/// `vapid t=eyJ...(masked), k=<public key>`
fn masked_header(value: &str) -> String {
    let parts = value.strip_prefix("vapid t=").and_then(|parts| parts.split_once(", "));
    parts.map_or_else(|| "(masked)".into(), |(token, k)| format!("vapid t={}, {k}", masked(token)))
}

pub(super) fn request(printer: &mut Printer, message: &Message, request: &PushRequest) {
    printer.step(&steps::REQUEST);
    let endpoint = request.endpoint();
    printer.row("POST", Value::SecretText(endpoint.as_str(), masked_endpoint(endpoint)), "");
    for Header { name, value, meaning } in request.headers() {
        let shown = match *name {
            "Authorization" => Value::SecretText(value, masked_header(value)),
            _ => Value::Text(value.clone()),
        };
        printer.row(name, shown, meaning);
    }
    if message.urgency == Urgency::Normal {
        printer.note("no Urgency header: a push service assumes normal, RFC 8030 section 5.3");
    }
    printer.text("body", format!("{} bytes", request.body().len()));
}

pub(super) fn answer(printer: &mut Printer, answer: &Answer, message: &Message) {
    printer.text("status", answer.in_its_words());
    if let Some(ttl) = answer.ttl {
        let meaning = "seconds that the push service really waits for the browser";
        printer.row("TTL", Value::Text(ttl.as_secs().to_string()), meaning);
        if ttl < message.ttl {
            printer.note(&format!("the push service lowered it from {}", message.ttl.as_secs()));
        }
    }
    if let Some(location) = &answer.location {
        let tail = location.get(location.len().saturating_sub(8)..).unwrap_or_default();
        let value = Value::SecretText(location, format!("...{tail} (masked)"));
        printer.row("Location", value, "the message's own address: DELETE there takes it back");
    }
    if let Some(wait) = answer.retry_after {
        printer.row("Retry-After", Value::Text(wait.as_secs().to_string()), "seconds");
    }
}

/// What follows an accepted message, where no sender can look.
pub(super) fn browser(printer: &mut Printer, message: &Message) {
    if !message.payload.is_empty() {
        printer.step(&steps::DECRYPTION);
        printer.text("ecdh_secret", "ECDH(ua_private, as_public); as_public is the keyid in the body");
        printer.text("IKM, CEK, NONCE", "derived as above, with the browser's own auth_secret");
        printer.text("payload", "the record, decrypted, up to the delimiter 02");
    }
    printer.step(&steps::PUSH_EVENT);
    printer.text(
        "event.data",
        match message.payload.is_empty() {
            true => "null: there was no body".into(),
            false => readable(&message.payload),
        },
    );
    if serde_json::from_slice(&message.payload).is_ok_and(|payload: Json| payload["web_push"] == 8030) {
        printer.note("Safari shows this declarative message without the service worker");
    }
    printer.step(&steps::NOTIFICATION);
    printer.text("call", "registration.showNotification(title, options)");
}

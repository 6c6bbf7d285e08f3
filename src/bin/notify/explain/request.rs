//! The steps from body to notification: the token, the request, the answer, and the browser's half (RFC 8292, RFC 8030).

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value as Json;

use super::printer::{Printer, Value};
use super::{masked_endpoint, readable, steps};
use barepush::push::{Answer, Header, Message, PushRequest, TOKEN_HEADER, Token, Urgency, VapidKey};

pub(super) fn token(printer: &mut Printer, key: &VapidKey, origin: &str, token: &Token) {
    printer.step(&steps::TOKEN);
    printer.text("header", TOKEN_HEADER);
    let exp = token.expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut claim = |name: &str, value: Json, meaning: &str| printer.row(name, Value::Text(value.to_string()), meaning);
    claim("aud", origin.into(), "the endpoint's origin: no other push service accepts this token");
    claim("exp", exp.into(), &expiry(token.expires));
    claim("sub", key.subject().to_string().into(), "where the push service's operator can reach you");
    let meaning = "header.claims.signature, signed with ES256 by the VAPID private key";
    printer.row("token", Value::SecretText(&token.text, masked(&token.text)), meaning);
    printer.row("k", Value::Text(key.public_key().into()), "the VAPID public key");
}

/// `in 12 hours, Sun, 22 Nov 2026 07:30:00 GMT`
fn expiry(at: SystemTime) -> String {
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
    let endpoint = &request.endpoint;
    printer.row("POST", Value::SecretText(endpoint.as_str(), masked_endpoint(endpoint)), "");
    for Header { name, value, meaning } in &request.headers {
        let shown = match *name {
            "Authorization" => Value::SecretText(value, masked_header(value)),
            _ => Value::Text(value.clone()),
        };
        printer.row(name, shown, meaning);
    }
    if message.urgency == Urgency::Normal {
        printer.note("no Urgency header: a push service assumes normal, RFC 8030 section 5.3");
    }
    printer.text("body", format!("{} bytes", request.body.len()));
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

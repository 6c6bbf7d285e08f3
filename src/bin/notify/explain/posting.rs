//! The walk from body to answer: the token, the request, what comes back (RFC 8292, RFC 8030).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::page::Page;
use barepush::push::answer::Answer;
use barepush::push::message::{Message, Urgency};
use barepush::push::request::{Header, PushRequest};
use barepush::push::vapid::VapidKey;

pub(super) fn of_vapid(page: &mut Page, key: &VapidKey, request: &PushRequest) {
    page.step("the token that says who sends", "RFC 8292");
    let header = request.headers().iter().find(|header| header.name == "Authorization");
    let token = header.and_then(|header| header.value.strip_prefix("vapid t=")?.split(',').next()).unwrap_or_default();
    let mut parts = token.split('.').map(|part| Base64UrlUnpadded::decode_vec(part).unwrap_or_default());
    let mut text = || String::from_utf8_lossy(&parts.next().unwrap_or_default()).into_owned();
    page.value("header", &text());
    let claims: Value = serde_json::from_str(&text()).unwrap_or_default();
    page.value("aud", &format!("{}  the endpoint's origin", claims["aud"]));
    page.value("exp", &format!("{}  {}", claims["exp"], expiry(claims["exp"].as_u64().unwrap_or_default())));
    page.value("sub", &format!("{}  whom the push service may write to", claims["sub"]));
    page.secret("token", token, "header.claims.signature, signed with ES256 by the VAPID private key");
    page.value("k", &format!("{}  the VAPID public key", key.public_key()));
}

/// `in 12 hours, Sun, 22 Nov 2026 07:30:00 GMT`
fn expiry(seconds: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(seconds);
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    // The seconds since signing would make it 11 hours.
    format!("in {} hours, {}", (left.as_secs() + 60) / 3600, httpdate::fmt_http_date(at))
}

pub(super) fn of_request(page: &mut Page, message: &Message, request: &PushRequest) {
    page.step("the request", "RFC 8030 section 5");
    page.secret("POST", request.endpoint().as_str(), "");
    for Header { name, value, meaning } in request.headers() {
        match *name {
            "Authorization" => page.secret(name, value, meaning),
            _ => page.value(name, &format!("{value}  {meaning}")),
        }
    }
    if message.urgency == Urgency::Normal {
        page.note("no Urgency: normal is what a push service assumes, RFC 8030 section 5.3");
    }
    page.value("body", &format!("{} bytes", request.body().len()));
}

pub(super) fn of_answer(page: &mut Page, answer: &Answer, message: &Message) {
    page.value("status", &answer.in_its_words());
    if let Some(ttl) = answer.ttl {
        page.value("TTL", &format!("{}  seconds that it really waits for the browser", ttl.as_secs()));
        if ttl < message.ttl {
            page.note(&format!("the push service lowered it from {}", message.ttl.as_secs()));
        }
    }
    if let Some(location) = &answer.location {
        page.secret("Location", location, "the message's own address: DELETE there takes it back");
    }
    if let Some(wait) = answer.retry_after {
        page.value("Retry-After", &format!("{}  seconds", wait.as_secs()));
    }
}

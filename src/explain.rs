//! The walk through the protocol that `notify --explain` prints: each step of this very message with the values it really
//! had and the RFC that rules it. Secrets are masked unless they are asked for.

mod page;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use crate::advice;
use crate::encryption::{BRIDGED_PAYLOAD_BYTES, Hkdf, MAX_BODY_BYTES, MAX_PAYLOAD_BYTES, Trace};
use crate::endpoint::Vendor;
use crate::message::{Message, Urgency};
use crate::outcome::Outcome;
use crate::push::{Answer, PushRequest, SendError};
use crate::subscription::Subscription;
use crate::vapid::VapidKey;

use page::Page;

/// Salt, record size, length of the key id, key id: what stands before the record (RFC 8188 section 2.1).
const HEADER_FIELDS: [(usize, &str); 4] = [(16, "salt"), (4, "rs"), (1, "idlen"), (65, "keyid")];

/// The walk: its steps are numbered through.
pub struct Walk {
    page: Page,
}

impl Walk {
    /// At its start.
    pub fn new(show_secrets: bool) -> Walk {
        Walk {
            page: Page::new(show_secrets),
        }
    }

    /// The steps up to the request: everything but the answer. `request` and `trace` come from [`PushRequest::traced`] with the
    /// other three.
    pub fn request(
        &mut self,
        message: &Message,
        subscription: &Subscription,
        key: &VapidKey,
        request: &PushRequest,
        trace: &Trace,
    ) -> String {
        let page = &mut self.page;
        of_subscription(page, subscription);
        of_payload(page, &message.payload);
        if !message.payload.is_empty() {
            of_ecdh(page, subscription, trace);
            of_keys(page, trace);
            of_record(page, message, trace);
            of_body(page, request.body());
        }
        of_vapid(page, key, request);
        of_request(page, message, request);
        page.take()
    }

    /// The last step: the answer, and what it means for this push service. `outcome` is that of `result`.
    pub fn answer(
        &mut self,
        outcome: &Outcome,
        vendor: Vendor,
        result: &Result<Answer, SendError>,
        message: &Message,
    ) -> String {
        let page = &mut self.page;
        page.step("the answer", "RFC 8030 section 5");
        match result {
            Ok(answer)
            | Err(SendError::Gone(answer) | SendError::Busy(answer) | SendError::Refused(answer)) =>
            {
                of_answer(page, answer, message);
            }
            Err(SendError::Unreachable(_)) => page.note("there is none"),
        }
        page.value("so", &outcome.says);
        match result {
            Ok(_) => page.note(advice::accepted(vendor)),
            Err(error) => {
                let advice = advice::on(vendor, error);
                page.value("cause", &advice.cause);
                page.value("cure", &advice.cure);
            }
        }
        page.take()
    }

    /// The last step of a dry run.
    pub fn not_sent(&mut self) -> String {
        self.page.step("the answer", "RFC 8030 section 5");
        self.page.note("there is none, nothing was sent: --dry-run");
        self.page.take()
    }
}

fn of_subscription(page: &mut Page, subscription: &Subscription) {
    let endpoint = subscription.endpoint();
    page.step("the subscription", "Push API section 8, RFC 8030 section 4");
    page.value(
        "push service",
        &format!("{} ({})", endpoint.host(), whose(endpoint.vendor())),
    );
    page.secret(
        "endpoint",
        endpoint.as_str(),
        "whoever knows it may send, if the VAPID key is right",
    );
    page.personal(
        "ua_public",
        subscription.p256dh(),
        "p256dh, the browser's public key, an uncompressed point",
    );
    page.secret_bytes(
        "auth_secret",
        subscription.auth(),
        "auth, shared by browser and sender, unknown to the push service",
    );
    page.value(
        "made with",
        match subscription.application_server_key() {
            Some(_) => "this VAPID key, as its member applicationServerKey says",
            None => "it does not say which VAPID key; the push service will",
        },
    );
}

fn of_payload(page: &mut Page, payload: &[u8]) {
    page.step("the payload", "RFC 8291 section 4");
    page.value(
        "size",
        &format!(
            "{} bytes, at most {MAX_PAYLOAD_BYTES} fit into one message",
            payload.len()
        ),
    );
    if payload.is_empty() {
        page.note("nothing to encrypt: the request has no body, and the push event no data");
        return;
    }
    page.value("payload", &readable(payload));
    if payload.len() > BRIDGED_PAYLOAD_BYTES {
        page.note(&format!(
            "phones reached over a bridge may refuse more than {BRIDGED_PAYLOAD_BYTES} bytes"
        ));
    }
}

/// A text, its control characters escaped; or what it is instead.
fn readable(payload: &[u8]) -> String {
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    match std::str::from_utf8(payload) {
        Ok(text) => text.chars().map(escaped).collect(),
        Err(_) => "(bytes that are no UTF-8 text)".into(),
    }
}

fn of_ecdh(page: &mut Page, subscription: &Subscription, trace: &Trace) {
    page.step(
        "an ephemeral key, and the secret it shares with the browser",
        "RFC 8291 section 3.1",
    );
    page.bytes(
        "as_public",
        &trace.ephemeral_public,
        "public half of a key pair made for this message alone",
    );
    page.personal("ua_public", subscription.p256dh(), "from step 1");
    page.secret_bytes(
        "ecdh_secret",
        &trace.ecdh_secret,
        "ECDH(as_private, ua_public) on P-256: the browser gets the same",
    );
}

fn of_keys(page: &mut Page, trace: &Trace) {
    let [ikm, cek, nonce] = trace.hkdf.as_slice() else {
        // ece derives three keys, always.
        return;
    };
    page.step(
        "the secret becomes keying material that needs auth_secret too",
        "RFC 8291 section 3.3",
    );
    of_hkdf(page, ikm, "auth_secret", "ecdh_secret", "key_info", "IKM");
    page.note("key_info is \"WebPush: info\" 0x00 ua_public as_public");
    page.step("the content encryption key", "RFC 8188 section 2.2");
    page.bytes("salt", &cek.salt, "random, sent in front of the record");
    of_hkdf(page, cek, "salt", "IKM", "cek_info", "CEK");
    page.step("the nonce", "RFC 8188 section 2.3");
    of_hkdf(page, nonce, "salt", "IKM", "nonce_info", "NONCE");
    page.note("the record has number 0, so the nonce is used as it is");
}

fn of_hkdf(page: &mut Page, hkdf: &Hkdf, salt: &str, secret: &str, info: &str, output: &str) {
    let bytes = hkdf.output.len();
    // In key_info the browser's public key would stand in full.
    let shown = match info {
        "key_info" => page.masked_bytes(&hkdf.info),
        _ => format!("\"{}\"", hkdf.info.escape_ascii()),
    };
    page.value(info, &shown);
    page.secret_bytes(
        output,
        &hkdf.output,
        &format!("HKDF-SHA-256(salt={salt}, secret={secret}, info={info}, {bytes} bytes)"),
    );
}

fn of_record(page: &mut Page, message: &Message, trace: &Trace) {
    let (payload, record) = (message.payload.len(), trace.record.len());
    page.step("the record", "RFC 8188 section 2, RFC 8291 section 4");
    page.value(
        "plaintext",
        &format!(
            "payload ({payload}), delimiter 02, {} zeros of padding",
            record - payload - 1
        ),
    );
    page.value(
        "sealed",
        &format!("AES-128-GCM with CEK and NONCE: {record} bytes and a tag of 16"),
    );
    page.note("the padding, to a multiple of 128, hides how long the payload is; 02 marks the last record");
}

fn of_body(page: &mut Page, body: &[u8]) {
    page.step("the body", "RFC 8188 section 2.1");
    page.value(
        "size",
        &format!(
            "{} bytes, every push service takes {MAX_BODY_BYTES}",
            body.len()
        ),
    );
    let (mut offset, mut rest) = (0, body);
    for (bytes, name) in HEADER_FIELDS {
        let Some((field, after)) = rest.split_at_checked(bytes) else {
            return;
        };
        let number = field
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let meaning = match name {
            "rs" => format!("record size: {number}"),
            "idlen" => format!("length of keyid: {number}"),
            "keyid" => "as_public".into(),
            _ => String::new(),
        };
        page.hex(offset, name, field, &meaning);
        (offset, rest) = (offset + bytes, after);
    }
    let (sealed, tag) = rest.split_at(rest.len().saturating_sub(16));
    page.hex(
        offset,
        "record",
        sealed,
        "encrypted: payload, delimiter, padding",
    );
    page.hex(
        offset + sealed.len(),
        "tag",
        tag,
        "of AES-128-GCM: shows any change on the way",
    );
}

fn of_vapid(page: &mut Page, key: &VapidKey, request: &PushRequest) {
    page.step("the token that says who sends", "RFC 8292");
    let header = request
        .headers()
        .iter()
        .find(|(name, _)| *name == "Authorization");
    let token = header
        .and_then(|(_, value)| value.strip_prefix("vapid t=")?.split(',').next())
        .unwrap_or_default();
    let mut parts = token
        .split('.')
        .map(|part| Base64UrlUnpadded::decode_vec(part).unwrap_or_default());
    let mut text = || String::from_utf8_lossy(&parts.next().unwrap_or_default()).into_owned();
    page.value("header", &text());
    let claims: Value = serde_json::from_str(&text()).unwrap_or_default();
    page.value("aud", &format!("{}  the endpoint's origin", claims["aud"]));
    page.value(
        "exp",
        &format!(
            "{}  {}",
            claims["exp"],
            expiry(claims["exp"].as_u64().unwrap_or_default())
        ),
    );
    page.value(
        "sub",
        &format!("{}  whom the push service may write to", claims["sub"]),
    );
    page.secret(
        "token",
        token,
        "header.claims.signature, signed with ES256 by the VAPID private key",
    );
    page.value("k", &format!("{}  the VAPID public key", key.public_key()));
}

/// `in 12 hours, Sun, 22 Nov 2026 07:30:00 GMT`
fn expiry(seconds: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(seconds);
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    // The seconds since signing would make it 11 hours.
    format!(
        "in {} hours, {}",
        (left.as_secs() + 60) / 3600,
        httpdate::fmt_http_date(at)
    )
}

fn of_request(page: &mut Page, message: &Message, request: &PushRequest) {
    page.step("the request", "RFC 8030 section 5");
    page.secret("POST", request.endpoint().as_str(), "");
    for (name, value) in request.headers() {
        match *name {
            "Authorization" => page.secret(name, value, "the token and k, RFC 8292 section 3"),
            "TTL" if message.ttl.is_zero() => page.value(
                name,
                &format!("{value}  now or never, RFC 8030 section 5.2"),
            ),
            "TTL" => page.value(
                name,
                &format!("{value}  seconds to wait for the browser, RFC 8030 section 5.2"),
            ),
            "Urgency" => page.value(name, &format!("{value}  RFC 8030 section 5.3")),
            "Topic" => page.value(
                name,
                &format!("{value}  replaces a waiting message of this topic, RFC 8030 section 5.4"),
            ),
            "X-WNS-Cache-Policy" => {
                page.value(name, &format!("{value}  WNS takes TTL 0 only with it"))
            }
            _ => page.value(name, value),
        }
    }
    if message.urgency == Urgency::Normal {
        page.note("no Urgency: normal is what a push service assumes, RFC 8030 section 5.3");
    }
    page.value("body", &format!("{} bytes", request.body().len()));
}

fn of_answer(page: &mut Page, answer: &Answer, message: &Message) {
    page.value("status", &answer.in_its_words());
    if let Some(ttl) = answer.ttl {
        page.value(
            "TTL",
            &format!(
                "{}  seconds that it really waits for the browser",
                ttl.as_secs()
            ),
        );
        if ttl < message.ttl {
            page.note(&format!(
                "the push service lowered it from {}",
                message.ttl.as_secs()
            ));
        }
    }
    if let Some(location) = &answer.location {
        page.secret(
            "Location",
            location,
            "the message's own address: DELETE there takes it back",
        );
    }
    if let Some(wait) = answer.retry_after {
        page.value("Retry-After", &format!("{}  seconds", wait.as_secs()));
    }
}

fn whose(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Mozilla => "Mozilla's, for Firefox",
        Vendor::Google => "Google's FCM, for Chrome and most others",
        Vendor::Apple => "Apple's, for Safari and every browser on iOS",
        Vendor::Windows => "Microsoft's WNS, for Edge on Windows",
        Vendor::Other => "none of the browser vendors'",
    }
}

#[cfg(test)]
mod tests;

//! The steps from body to notification: the token, the request, the answer, and the browser's half (RFC 8292, RFC 8030).

use std::time::{SystemTime, UNIX_EPOCH};

use barepush::push::{
    Answer, Header, Interface, PushRequest, PushResult, SendError, TOKEN_HEADER, Token, Urgency, VapidKey, diagnose,
};
use serde_json::{Value, json};

use super::{Explanation, readable, row};

pub(super) const DECRYPTION: &str = "\
in the browser: the message is decrypted (RFC 8291 section 3, RFC 8188 section 2; push-service/src/decryption.rs does the same)
   The push service passes the body on over a connection that the browser, or its system, keeps open.
   If a key or the tag does not fit, the browser drops the message, and the sender does not learn of it.
   ecdh_secret      ECDH(ua_private, as_public); as_public is the keyid in the body
   IKM, CEK, NONCE  derived as above, with the browser's own auth_secret
   payload          the record, decrypted, up to the delimiter 02";

pub(super) const NOTIFICATION: &str = "\
in the browser: the notification (Notifications API, \"Service worker notifications\"; www/sw.js)
   Our page subscribes with userVisibleOnly: it promises to show a notification for each push.
   The operating system displays the notification, unless its settings or a focus mode prevent it.
   call             registration.showNotification(title, options)";

impl Explanation<'_> {
    pub(super) fn token(&self, key: &VapidKey, token: &Token) -> String {
        let aud = json!(self.subscription.endpoint().origin());
        let exp = token.expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let left = token.expires.duration_since(SystemTime::now()).unwrap_or_default();
        // The seconds since signing would make it 11 hours.
        let (hours, date) = ((left.as_secs() + 60) / 3600, httpdate::fmt_http_date(token.expires));
        let (sub, k) = (json!(key.subject.to_string()), key.public_key());
        let token = self.secret(&token.text, &masked(&token.text));
        format!(
            "the token that identifies the sender (RFC 8292; src/push/vapid.rs)
   Why a token: the browser subscribed with our VAPID public key, and the push service remembers which.
   It accepts only messages signed by the private half, so knowing the endpoint is not enough to send.
   header           {TOKEN_HEADER}
   aud              {aud}  the endpoint's origin: no other push service accepts this token
   exp              {exp}  in {hours} hours, {date}
   sub              {sub}  where the push service's operator can reach you
   token            {token}
                    header.claims.signature, signed with ES256 by the VAPID private key
   k                {k}  the VAPID public key"
        )
    }

    pub(super) fn post(&self, request: &PushRequest) -> String {
        let mut step = format!(
            "the request (RFC 8030 section 5; src/push/request.rs)
   The push service can see the endpoint, these headers, the length of the body, our address and the time.
   It cannot see the payload.
   POST             {}",
            self.endpoint(&request.endpoint)
        );
        for Header { name, value, meaning } in &request.headers {
            step += &match *name {
                "Authorization" => row(name, self.secret(value, &masked_header(value))) + &row("", meaning),
                _ => row(name, format_args!("{value}  {meaning}")),
            };
        }
        if self.message.urgency == Urgency::Normal {
            step += &row("", "no Urgency header: a push service assumes normal, RFC 8030 section 5.3");
        }
        step + &row("body", format_args!("{} bytes", request.body.len()))
    }

    pub(super) fn answered(&self, result: &PushResult) -> String {
        let mut step = "the answer (RFC 8030 section 5; src/push/answer.rs)
   A status of 2xx means that the push service has accepted the message, not that a browser has shown it."
            .to_owned();
        let Some(outcome) = &result.outcome else {
            let none = "none, because nothing was sent: --dry-run; after an accepted message would follow:";
            return step + &row("", none);
        };
        step += &match outcome.as_ref().map_or_else(SendError::answer, Some) {
            Some(answer) => self.answer_rows(answer),
            None => row("", "no answer came"),
        };
        step += &row("result", &result.says);
        let endpoint = self.subscription.endpoint();
        match outcome {
            Ok(_) => step + &row("", endpoint.vendor().rules().accepted),
            Err(error) => {
                let diagnosis = diagnose(endpoint, error, Interface::CommandLine);
                step + &row("cause", diagnosis.cause) + &row("cure", diagnosis.cure)
            }
        }
    }

    fn answer_rows(&self, answer: &Answer) -> String {
        let mut rows = row("status", answer.in_its_words());
        if let Some(ttl) = answer.ttl {
            let seconds = ttl.as_secs();
            rows += &row("TTL", format_args!("{seconds}  seconds that the push service really waits for the browser"));
            if ttl < self.message.ttl {
                rows += &row("", format_args!("the push service lowered it from {}", self.message.ttl.as_secs()));
            }
        }
        if let Some(location) = &answer.location {
            let tail = location.get(location.len().saturating_sub(8)..).unwrap_or_default();
            rows += &row("Location", self.secret(location, &format!("...{tail} (masked)")));
            rows += &row("", "the message's own address: DELETE there takes it back");
        }
        if let Some(wait) = answer.retry_after {
            rows += &row("Retry-After", format_args!("{}  seconds", wait.as_secs()));
        }
        rows
    }

    pub(super) fn push_event(&self) -> String {
        let payload = &self.message.payload;
        let data = if payload.is_empty() { "null: there was no body".into() } else { readable(payload) };
        let mut step = "in the browser: the push event (Push API, \"The push event\"; www/sw.js)
   The browser starts the page's service worker, if it is not running, and hands the payload to it.
   The page itself need not be open."
            .to_owned();
        step += &row("event.data", data);
        if serde_json::from_slice(payload).is_ok_and(|payload: Value| payload["web_push"] == 8030) {
            step += &row("", "Safari shows this declarative message without the service worker");
        }
        step
    }
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

//! The walk through the protocol that `notify --explain` prints: each step of this very message with the values it really
//! had and the RFC that rules it. Secrets are masked unless they are asked for.

mod page;
mod posting;
mod sealing;

use barepush::push::answer::Answer;
use barepush::push::client::SendError;
use barepush::push::diagnosis;
use barepush::push::encryption::{BRIDGED_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES, Trace};
use barepush::push::message::Message;
use barepush::push::request::PushRequest;
use barepush::push::result::PushResult;
use barepush::push::subscription::Subscription;
use barepush::push::vapid::VapidKey;
use barepush::push::vendor::Vendor;

use page::Page;

/// The walk: its steps are numbered through.
pub(crate) struct Walk {
    page: Page,
}

impl Walk {
    /// At its start.
    pub(crate) fn new(show_secrets: bool) -> Walk {
        Walk { page: Page::new(show_secrets) }
    }

    /// The steps up to the request: everything but the answer. `request` and `trace` come from [`PushRequest::traced`] with the
    /// other three.
    pub(crate) fn request(
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
            sealing::of_ecdh(page, subscription, trace);
            sealing::of_keys(page, trace);
            sealing::of_record(page, message, trace);
            sealing::of_body(page, request.body());
        }
        posting::of_vapid(page, key, request);
        posting::of_request(page, message, request);
        page.take()
    }

    /// The last step: the answer, and what it means for this push service. `outcome` is that of `result`.
    pub(crate) fn answer(
        &mut self,
        outcome: &PushResult,
        vendor: Vendor,
        result: &Result<Answer, SendError>,
        message: &Message,
    ) -> String {
        let page = &mut self.page;
        page.step("the answer", "RFC 8030 section 5");
        match result {
            Ok(answer) | Err(SendError::Gone(answer) | SendError::Busy(answer) | SendError::Refused(answer)) => {
                posting::of_answer(page, answer, message);
            }
            Err(SendError::Unreachable(_)) => page.note("there is none"),
        }
        page.value("so", &outcome.says);
        match result {
            Ok(_) => page.note(vendor.rules().accepted),
            Err(error) => {
                let advice = diagnosis::on(vendor, error);
                page.value("cause", &advice.cause);
                page.value("cure", &advice.cure);
            }
        }
        page.take()
    }

    /// The last step of a dry run.
    pub(crate) fn not_sent(&mut self) -> String {
        self.page.step("the answer", "RFC 8030 section 5");
        self.page.note("there is none, nothing was sent: --dry-run");
        self.page.take()
    }
}

fn of_subscription(page: &mut Page, subscription: &Subscription) {
    let endpoint = subscription.endpoint();
    page.step("the subscription", "Push API section 8, RFC 8030 section 4");
    page.value("push service", &format!("{} ({})", endpoint.host(), endpoint.vendor().rules().description));
    page.secret("endpoint", endpoint.as_str(), "whoever knows it may send, if the VAPID key is right");
    page.personal("ua_public", subscription.p256dh(), "p256dh, the browser's public key, an uncompressed point");
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
    page.value("size", &format!("{} bytes, at most {MAX_PAYLOAD_BYTES} fit into one message", payload.len()));
    if payload.is_empty() {
        page.note("nothing to encrypt: the request has no body, and the push event no data");
        return;
    }
    page.value("payload", &readable(payload));
    if payload.len() > BRIDGED_PAYLOAD_BYTES {
        page.note(&format!("phones reached over a bridge may refuse more than {BRIDGED_PAYLOAD_BYTES} bytes"));
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

#[cfg(test)]
mod tests;

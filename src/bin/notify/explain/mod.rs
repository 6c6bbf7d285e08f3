//! `notify --explain`: each step of one real push with its values, the RFC section that defines it, the file that does it
//! and why it exists. Secrets are masked unless they are asked for. The texts are in `steps.rs`.

mod encryption;
mod printer;
mod request;
#[rustfmt::skip] // rows of text
mod steps;

use std::time::SystemTime;

use barepush::push::{
    Answer, BRIDGED_PAYLOAD_BYTES, Endpoint, Interface, MAX_PAYLOAD_BYTES, Message, PushRequest, PushResult, SendError,
    Subscription, VapidKey, diagnose,
};

use printer::{Printer, Value};

/// The explanation of one push, in numbered steps.
pub(crate) struct Explanation<'a> {
    message: &'a Message,
    subscription: &'a Subscription,
    printer: Printer,
}

impl Explanation<'_> {
    pub(crate) fn new<'a>(message: &'a Message, subscription: &'a Subscription, show_secrets: bool) -> Explanation<'a> {
        Explanation { message, subscription, printer: Printer::new(show_secrets) }
    }

    /// The steps up to the request, which was made of the same message, subscription and key.
    pub(crate) fn request(&mut self, key: &VapidKey, request: &PushRequest) -> String {
        let Explanation { message, subscription, printer } = self;
        self::subscription(printer, subscription);
        payload(printer, &message.payload);
        // There are none when there is no payload to encrypt.
        if let [ikm, cek, nonce] = request.derived.as_slice() {
            encryption::shared_secret(printer, subscription, ikm);
            encryption::derived_keys(printer, [ikm, cek, nonce]);
            encryption::record(printer, message, &request.body);
            encryption::body(printer, &request.body);
        }
        let origin = request.endpoint.origin();
        // Signed already for this request, so this is the same token.
        if let Ok(token) = key.token(&origin, SystemTime::now()) {
            request::token(printer, key, &origin, &token);
        }
        request::request(printer, message, request);
        printer.take()
    }

    /// The answer and what it means; for an accepted message also what the browser does with it. `outcome` is that of
    /// `result`.
    pub(crate) fn answer(&mut self, outcome: &PushResult, result: &Result<Answer, SendError>) -> String {
        let Explanation { message, subscription, printer } = self;
        let vendor = subscription.endpoint().vendor();
        printer.step(&steps::ANSWER);
        match result.as_ref().map_or_else(SendError::answer, Some) {
            Some(answer) => request::answer(printer, answer, message),
            None => printer.note("no answer came"),
        }
        printer.text("result", outcome.says.as_str());
        match result {
            Ok(_) => {
                printer.note(vendor.rules().accepted);
                request::browser(printer, message);
            }
            Err(error) => {
                let diagnosis = diagnose(subscription.endpoint(), error, Interface::CommandLine);
                printer.text("cause", diagnosis.cause);
                printer.text("cure", diagnosis.cure);
            }
        }
        printer.take()
    }

    /// The last steps of a dry run.
    pub(crate) fn not_sent(&mut self) -> String {
        self.printer.step(&steps::ANSWER);
        self.printer.note("none, because nothing was sent: --dry-run; after an accepted message would follow:");
        request::browser(&mut self.printer, self.message);
        self.printer.take()
    }
}

fn subscription(printer: &mut Printer, subscription: &Subscription) {
    let endpoint = subscription.endpoint();
    printer.step(&steps::SUBSCRIPTION);
    printer.text("push service", format!("{} ({})", endpoint.host(), endpoint.vendor().rules().description));
    let value = Value::SecretText(endpoint.as_str(), masked_endpoint(endpoint));
    printer.row("endpoint", value, "the address of this browser at the push service");
    printer.row("ua_public", Value::Bytes(subscription.p256dh()), "p256dh, the browser's public key, a point on P-256");
    printer.row(
        "auth_secret",
        Value::SecretBytes(subscription.auth()),
        "auth, known to the browser and to us, but not to the push service",
    );
    printer.text(
        "made with",
        match subscription.application_server_key() {
            Some(_) => "this VAPID key, according to its member applicationServerKey",
            None => "it does not say which VAPID key; the push service will",
        },
    );
}

fn payload(printer: &mut Printer, payload: &[u8]) {
    printer.step(&steps::PAYLOAD);
    printer.text("size", format!("{} bytes; at most {MAX_PAYLOAD_BYTES} fit into one message", payload.len()));
    if payload.is_empty() {
        printer.note("nothing to encrypt: the request has no body, and the push event no data");
        return;
    }
    printer.text("payload", readable(payload));
    if payload.len() > BRIDGED_PAYLOAD_BYTES {
        printer.note(&format!("phones reached over a bridge may refuse more than {BRIDGED_PAYLOAD_BYTES} bytes"));
    }
}

/// `https://push.example/...12345678`: a whole endpoint is a secret.
fn masked_endpoint(endpoint: &Endpoint) -> String {
    format!("{}/...{}", endpoint.origin(), endpoint.tail())
}

/// A text with its control characters escaped, or a remark that it is not a text.
fn readable(payload: &[u8]) -> String {
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    match std::str::from_utf8(payload) {
        Ok(text) => text.chars().map(escaped).collect(),
        Err(_) => "(bytes that are not UTF-8 text)".into(),
    }
}

#[cfg(test)]
mod tests;

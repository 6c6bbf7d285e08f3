//! `notify --explain`: each step of one real push with its values, the RFC section that defines it, the file that does it
//! and why it exists. Each step is a text, laid out as it is printed. Secrets are masked unless they are asked for.

mod delivery;
mod encryption;

use std::time::SystemTime;

use barepush::push::{Endpoint, Message, PushRequest, PushResult, Subscription, VapidKey};
use base64ct::{Base64UrlUnpadded, Encoding};

/// Bytes in one line of hex digits.
const HEX_BYTES: usize = 16;
/// A field of the body longer than this is shown by its first lines, unless everything is asked for.
const SHORT_HEX_BYTES: usize = 8 * HEX_BYTES;

/// The explanation of one push, in numbered steps.
pub(crate) struct Explanation<'a> {
    message: &'a Message,
    subscription: &'a Subscription,
    show_secrets: bool,
    /// How many steps have been explained.
    steps: usize,
}

impl Explanation<'_> {
    pub(crate) fn new<'a>(message: &'a Message, subscription: &'a Subscription, show_secrets: bool) -> Explanation<'a> {
        Explanation { message, subscription, show_secrets, steps: 0 }
    }

    /// The steps up to the request, which was made of the same message, subscription and key.
    pub(crate) fn request(&mut self, key: &VapidKey, request: &PushRequest) -> String {
        let mut steps = vec![self.subscription(), self.payload()];
        // There are none when there is no payload to encrypt.
        if let [ikm, cek, nonce] = request.derived.as_slice() {
            let body = &request.body;
            steps.extend([self.shared_secret(ikm), self.keying_material(ikm), self.content_key(cek)]);
            steps.extend([self.nonce(nonce), self.record(body), self.body(body)]);
        }
        // Signed already for this request, so this is the same token.
        if let Ok(token) = key.token(&request.endpoint.origin(), SystemTime::now()) {
            steps.push(self.token(key, &token));
        }
        steps.push(self.post(request));
        self.numbered(steps)
    }

    /// The answer and what it means; for a message that was accepted, or was not sent as asked, also what the browser does with it.
    pub(crate) fn answer(&mut self, result: &PushResult) -> String {
        let mut steps = vec![self.answered(result)];
        if result.class.exit_code() == 0 {
            if !self.message.payload.is_empty() {
                steps.push(delivery::DECRYPTION.into());
            }
            steps.extend([self.push_event(), delivery::NOTIFICATION.into()]);
        }
        self.numbered(steps)
    }

    fn numbered(&mut self, steps: Vec<String>) -> String {
        let mut text = String::new();
        for step in steps {
            let blank = if self.steps == 0 { "" } else { "\n" };
            self.steps += 1;
            text += &format!("{blank}{}. {step}\n", self.steps);
        }
        text
    }

    /// `text`, or what is shown of it without `--show-secrets`.
    fn secret(&self, text: &str, masked: &str) -> String {
        if self.show_secrets { text } else { masked }.to_owned()
    }

    fn secret_bytes(&self, bytes: &[u8]) -> String {
        self.secret(&base64url(bytes), "(a secret: --show-secrets)")
    }

    /// `https://push.example/...12345678`: a whole endpoint is a secret.
    fn endpoint(&self, endpoint: &Endpoint) -> String {
        self.secret(endpoint.as_str(), &format!("{}/...{}", endpoint.origin(), endpoint.tail()))
    }

    /// Lines of hex digits.
    fn hex(&self, bytes: &[u8]) -> String {
        let shown = if self.show_secrets { bytes.len() } else { bytes.len().min(SHORT_HEX_BYTES) };
        let digits = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let mut lines: String = bytes[..shown].chunks(HEX_BYTES).map(|line| row("", digits(line))).collect();
        if shown < bytes.len() {
            lines += &row("", format_args!("... and {} bytes more: --show-secrets", bytes.len() - shown));
        }
        lines
    }
}

/// As RFC 8291 shows bytes.
fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// One more line of a step: a name to the left of its value, or a remark without a name. All values begin in one column.
fn row(name: &str, value: impl std::fmt::Display) -> String {
    format!("\n   {name:<16} {value}").trim_end().to_owned()
}

/// A text with its control characters escaped, or a remark that it is not a text.
fn readable(payload: &[u8]) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    match std::str::from_utf8(payload) {
        Ok(text) => text.chars().map(escaped).collect(),
        Err(_) => "(bytes that are not UTF-8 text)".into(),
    }
}

#[cfg(test)]
mod tests;

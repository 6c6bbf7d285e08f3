//! How the walk looks: numbered steps, names to the left of values, secrets masked, bytes in base64url or hex.

use std::fmt::Write;

use base64ct::{Base64UrlUnpadded, Encoding};

/// Names are padded to this width, so that values stand in one column.
const NAME_WIDTH: usize = 16;
/// Hex digits a line.
const HEX_BYTES: usize = 16;
/// A field longer than this is shown by its first lines, unless everything is asked for.
const SHORT_HEX_BYTES: usize = 8 * HEX_BYTES;

/// The text so far.
pub(super) struct Page {
    text: String,
    step: usize,
    show_secrets: bool,
}

impl Page {
    pub(super) fn new(show_secrets: bool) -> Page {
        Page { text: String::new(), step: 0, show_secrets }
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Begins a step: `3. the title (RFC 8291 section 3.1)`.
    pub(super) fn step(&mut self, title: &str, source: &str) {
        self.step += 1;
        let blank = if self.step == 1 { "" } else { "\n" };
        let number = self.step;
        self.line(format_args!("{blank}{number}. {title} ({source})"));
    }

    /// A value that may be shown.
    pub(super) fn value(&mut self, name: &str, value: &str) {
        self.line(format_args!("   {name:<NAME_WIDTH$} {value}"));
    }

    /// A remark on the step.
    pub(super) fn note(&mut self, text: &str) {
        self.value("", text);
    }

    /// Bytes that may be shown, in base64url as RFC 8291 shows them.
    pub(super) fn bytes(&mut self, name: &str, bytes: &[u8], meaning: &str) {
        self.value(name, &Base64UrlUnpadded::encode_string(bytes));
        self.note(&format!("{} bytes, {meaning}", bytes.len()));
    }

    /// Bytes that must not be shown.
    pub(super) fn secret_bytes(&mut self, name: &str, bytes: &[u8], meaning: &str) {
        self.value(name, &self.masked_bytes(bytes));
        self.note(&format!("{} bytes, {meaning}", bytes.len()));
    }

    /// A public key that tells whose browser it is: its start will do.
    pub(super) fn personal(&mut self, name: &str, bytes: &[u8], meaning: &str) {
        let text = Base64UrlUnpadded::encode_string(bytes);
        let start = text.get(..8).filter(|_| !self.show_secrets).map(|start| format!("{start}..."));
        self.value(name, start.as_ref().unwrap_or(&text));
        self.note(&format!("{} bytes, {meaning}", bytes.len()));
    }

    /// A text that must not be shown, but for its end.
    pub(super) fn secret(&mut self, name: &str, text: &str, meaning: &str) {
        let tail = text.get(text.len().saturating_sub(8)..).unwrap_or_default();
        match self.show_secrets {
            true => self.value(name, text),
            false => self.value(name, &format!("...{tail}  ({} characters, a secret)", text.len())),
        }
        if !meaning.is_empty() {
            self.note(meaning);
        }
    }

    pub(super) fn masked_bytes(&self, bytes: &[u8]) -> String {
        match self.show_secrets {
            true => Base64UrlUnpadded::encode_string(bytes),
            false => "(a secret: --show-secrets)".into(),
        }
    }

    /// A field of a record: `offset  name  hex`, more lines below the first.
    pub(super) fn hex(&mut self, offset: usize, name: &str, bytes: &[u8], meaning: &str) {
        let shown = if self.show_secrets || bytes.len() <= SHORT_HEX_BYTES { bytes.len() } else { SHORT_HEX_BYTES };
        let meaning = if meaning.is_empty() { String::new() } else { format!(": {meaning}") };
        self.value(name, &format!("at {offset}, {} bytes{meaning}", bytes.len()));
        for line in bytes.get(..shown).unwrap_or_default().chunks(HEX_BYTES) {
            let digits: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            self.note(&digits.join(" "));
        }
        if shown < bytes.len() {
            self.note(&format!("... and {} bytes more: --show-secrets", bytes.len() - shown));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{line}");
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
    }
}

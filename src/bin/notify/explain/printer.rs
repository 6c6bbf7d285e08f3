//! How an explanation is printed: numbered steps, and below each its rows, a name to the left of its value. Edit it to
//! change the layout or what is masked.

use std::fmt::Write;

use base64ct::{Base64UrlUnpadded, Encoding};

use super::steps::Step;

/// Names are padded to this width, so that values are in one column.
const NAME_WIDTH: usize = 16;
/// Bytes in one line of hex digits.
const HEX_BYTES: usize = 16;
/// A field of the body longer than this is shown by its first lines, unless everything is asked for.
const SHORT_HEX_BYTES: usize = 8 * HEX_BYTES;

/// The text so far.
pub(super) struct Printer {
    text: String,
    step: usize,
    show_secrets: bool,
}

/// The value of one row, by how it is shown.
pub(super) enum Value<'a> {
    /// As it is.
    Text(String),
    /// In base64url, as RFC 8291 shows bytes.
    Bytes(&'a [u8]),
    /// In base64url, but only with `--show-secrets`.
    SecretBytes(&'a [u8]),
    /// The whole text with `--show-secrets`, else the second one, which has the secret masked.
    SecretText(&'a str, String),
    /// A field of the body by its offset there, in lines of hex.
    Field(usize, &'a [u8]),
}

impl Printer {
    pub(super) fn new(show_secrets: bool) -> Printer {
        Printer { text: String::new(), step: 0, show_secrets }
    }

    /// What was printed since the last call.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Begins a step: `3. the title (RFC 8291 section 3.1; src/push/encryption.rs)`, then why it exists.
    pub(super) fn step(&mut self, Step { title, source, file, why }: &Step) {
        let blank = if self.step == 0 { "" } else { "\n" };
        self.step += 1;
        let number = self.step;
        self.write(format_args!("{blank}{number}. {title} ({source}; {file})"));
        why.lines().for_each(|line| self.write(format_args!("   {line}")));
    }

    /// One row. `meaning` is printed beside a text, and below anything longer.
    pub(super) fn row(&mut self, name: &str, value: Value, meaning: &str) {
        let (shown, note) = match value {
            Value::Text(text) => (format!("{text}  {meaning}"), String::new()),
            Value::SecretText(text, _) if self.show_secrets => (text.to_owned(), meaning.to_owned()),
            Value::SecretText(_, masked) => (masked, meaning.to_owned()),
            Value::SecretBytes(bytes) if !self.show_secrets => {
                ("(a secret: --show-secrets)".to_owned(), of_bytes(bytes, meaning))
            }
            Value::SecretBytes(bytes) | Value::Bytes(bytes) => {
                (Base64UrlUnpadded::encode_string(bytes), of_bytes(bytes, meaning))
            }
            Value::Field(offset, bytes) => (format!("at {offset}, {}", of_bytes(bytes, meaning)), self.hex(bytes)),
        };
        self.line(name, &shown);
        note.lines().for_each(|line| self.note(line));
    }

    /// A row of a text that explains itself.
    pub(super) fn text(&mut self, name: &str, text: impl Into<String>) {
        self.row(name, Value::Text(text.into()), "");
    }

    /// A remark on the row above.
    pub(super) fn note(&mut self, text: &str) {
        self.line("", text);
    }

    fn hex(&self, bytes: &[u8]) -> String {
        let shown = if self.show_secrets { bytes.len() } else { bytes.len().min(SHORT_HEX_BYTES) };
        let mut lines: Vec<_> = bytes[..shown]
            .chunks(HEX_BYTES)
            .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "))
            .collect();
        if shown < bytes.len() {
            lines.push(format!("... and {} bytes more: --show-secrets", bytes.len() - shown));
        }
        lines.join("\n")
    }

    fn line(&mut self, name: &str, text: &str) {
        self.write(format_args!("   {name:<NAME_WIDTH$} {text}"));
    }

    fn write(&mut self, line: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{line}");
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
    }
}

/// `65 bytes: the meaning`
fn of_bytes(bytes: &[u8], meaning: &str) -> String {
    let colon = if meaning.is_empty() { "" } else { ": " };
    format!("{} bytes{colon}{meaning}", bytes.len())
}

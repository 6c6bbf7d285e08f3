//! The reading of subscription.txt: any run of JSON values, one by one, in linear time and flat memory.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memchr::memchr;
use serde::de::IgnoredAny;

use super::LocalError;
use crate::push::Subscription;

/// A value over several lines that does not end within this is not a subscription: they are under 1 KiB, and `POST` takes
/// 16 KiB.
const MAX_VALUE_BYTES: usize = 16 * 1024;
/// How much is read at once: more than a hundred subscriptions.
const CHUNK_BYTES: usize = 64 * 1024;
/// UTF-8's byte order mark, which some editors put at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One JSON value of the file, or a line that is not one.
#[derive(Debug)]
pub struct Entry {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its bytes, without blanks around them.
    pub(super) text: Vec<u8>,
}

impl Entry {
    /// The subscription.
    ///
    /// # Errors
    /// Why the value is not one.
    pub fn subscription(&self) -> Result<Subscription, String> {
        Subscription::from_json(&String::from_utf8_lossy(&self.text))
    }
}

/// The entries of a text: any run of JSON values, one a line or spread over lines (pasted, pretty-printed). A line that does
/// not begin a value is an unusable entry of its own, and reading continues after it. Memory: 64 KiB, or one value or line
/// that is longer.
pub struct Entries {
    reader: Box<dyn Read + Send>,
    path: PathBuf,
    /// Bytes that were read. Those before `start` were given out; `start` is on line `line`.
    buffer: Vec<u8>,
    start: usize,
    line: usize,
    begun: bool,
    ended: bool,
}

impl Iterator for Entries {
    type Item = Result<Entry, LocalError>;

    /// `None` at the end, and after an error.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().map_err(LocalError::cannot_read(&self.path)).transpose()
    }
}

impl Entries {
    /// Reads from `reader`, 64 KiB at a time; `path` is for errors.
    pub fn new(reader: impl Read + Send + 'static, path: &Path) -> Entries {
        let (reader, path) = (Box::new(reader), path.to_owned());
        Entries { reader, path, buffer: Vec::new(), start: 0, line: 1, begun: false, ended: false }
    }

    fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        self.byte_order_mark()?;
        if !self.skip_blanks()? {
            return Ok(None);
        }
        let length = self.entry_length()?;
        let entry = Entry { line: self.line, text: self.rest()[..length].trim_ascii().to_vec() };
        self.advance(length);
        Ok(Some(entry))
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn advance(&mut self, bytes: usize) {
        self.line += self.rest()[..bytes].iter().filter(|byte| **byte == b'\n').count();
        self.start += bytes;
    }

    /// Skips a byte order mark before the first entry. Returns it, or no bytes.
    pub(super) fn byte_order_mark(&mut self) -> io::Result<&'static [u8]> {
        if std::mem::replace(&mut self.begun, true) || !self.skip_blanks()? {
            return Ok(b"");
        }
        while self.rest().len() < BYTE_ORDER_MARK.len() && !self.ended {
            self.fill()?;
        }
        if !self.rest().starts_with(BYTE_ORDER_MARK) {
            return Ok(b"");
        }
        self.advance(BYTE_ORDER_MARK.len());
        Ok(BYTE_ORDER_MARK)
    }

    /// Returns whether an entry follows.
    fn skip_blanks(&mut self) -> io::Result<bool> {
        loop {
            let blanks = self.rest().len() - self.rest().trim_ascii_start().len();
            self.advance(blanks);
            match self.rest().is_empty() {
                false => return Ok(true),
                true if self.ended => return Ok(false),
                true => self.fill()?,
            }
        }
    }

    /// How many bytes the next entry has: a JSON value, or the line that does not begin one.
    fn entry_length(&mut self) -> io::Result<usize> {
        loop {
            let rest = self.rest();
            let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
            let is_value = match values.next() {
                // At the end of what was read a number may continue.
                Some(Ok(_)) if values.byte_offset() < rest.len() || self.ended => {
                    !is_too_long(&rest[..values.byte_offset()])
                }
                // The same, in the middle of a value: `1.` is not an end, but an error. So its line must be whole.
                Some(Err(e)) if self.ended || is_too_long(rest) || !e.is_eof() && has_lines(rest, e.line()) => false,
                _ => {
                    self.fill()?;
                    continue;
                }
            };
            return if is_value { Ok(values.byte_offset()) } else { self.line_length() };
        }
    }

    fn line_length(&mut self) -> io::Result<usize> {
        loop {
            match memchr(b'\n', self.rest()) {
                None if !self.ended => self.fill()?,
                end => return Ok(end.unwrap_or(self.rest().len())),
            }
        }
    }

    /// Reads on. At least as much as is there already, so that a long value is parsed few times until it is whole.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let kept = self.buffer.len();
        self.buffer.resize(kept + CHUNK_BYTES.max(kept), 0);
        let read = loop {
            match self.reader.read(&mut self.buffer[kept..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        // After an error nothing follows, and what was read of the next value is not one.
        self.buffer.truncate(read.as_ref().map_or(0, |read| kept + read));
        self.ended = !matches!(read, Ok(1..));
        read.map(drop)
    }
}

/// Whether a value of these bytes, or that begins with them, has too many of them before its last line. A line, however long,
/// is read to its end.
fn is_too_long(value: &[u8]) -> bool {
    value.len() > MAX_VALUE_BYTES && value[MAX_VALUE_BYTES..].contains(&b'\n')
}

fn has_lines(bytes: &[u8], count: usize) -> bool {
    bytes.iter().filter(|byte| **byte == b'\n').take(count).count() == count
}

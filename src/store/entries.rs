//! The reading of subscription.txt: any run of JSON values, one by one, the unusable ones named by their line.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::subscriptions::StoreError;
use crate::push::subscription::{Subscription, SubscriptionError};

/// A value that does not end within this is no subscription: they are under 1 KiB, and `POST` takes 16 KiB.
const MAX_VALUE_BYTES: usize = 16 * 1024;
/// One value of the file, as it stands there.
#[derive(Debug)]
pub struct Entry {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its text, on one line.
    pub(super) text: Vec<u8>,
    /// What it is, or why it is unusable.
    pub subscription: Result<Subscription, SubscriptionError>,
}

impl Entry {
    fn new(line: usize, text: &[u8]) -> Entry {
        let subscription = Subscription::from_json(&String::from_utf8_lossy(text));
        let text = match &subscription {
            Ok(subscription) if std::str::from_utf8(text).is_ok() => subscription.json().as_bytes(),
            _ => text,
        };
        Entry { line, text: text.to_owned(), subscription }
    }
}

/// The entries of a text: any run of JSON values, one a line or spread over lines (pasted, pretty-printed). A line that
/// begins no value is an entry of its own, unusable, and reading goes on behind it. Memory: one value or one line, however
/// long the text.
pub struct Entries {
    reader: Box<dyn BufRead + Send>,
    path: PathBuf,
    /// Bytes read but not yet given out; they begin on line `line`.
    pending: Vec<u8>,
    line: usize,
    ended: bool,
}

impl Entries {
    /// Reads from `reader`; `path` is for errors.
    pub fn new(reader: impl BufRead + Send + 'static, path: &Path) -> Entries {
        Entries { reader: Box::new(reader), path: path.to_owned(), pending: Vec::new(), line: 1, ended: false }
    }

    /// The file they are of.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes `bytes` off what is pending, counting lines.
    fn take(&mut self, bytes: usize) -> Vec<u8> {
        let rest = self.pending.split_off(bytes);
        let taken = std::mem::replace(&mut self.pending, rest);
        self.line += newlines(&taken);
        taken
    }

    /// How many of the pending bytes are the next entry: `None` when the next line must be read first.
    fn entry_bytes(&self) -> Option<usize> {
        let mut values = serde_json::Deserializer::from_slice(&self.pending).into_iter::<IgnoredAny>();
        match values.next() {
            None => None,
            Some(Ok(_)) => Some(values.byte_offset()),
            Some(Err(e)) if e.is_eof() && !self.ended && self.pending.len() < MAX_VALUE_BYTES => None,
            Some(Err(_)) => Some(self.pending.iter().position(|b| *b == b'\n').unwrap_or(self.pending.len())),
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let blank = self.pending.len() - self.pending.trim_ascii_start().len();
            self.take(blank);
            if let Some(bytes) = self.entry_bytes() {
                let line = self.line;
                return Some(Ok(Entry::new(line, self.take(bytes).trim_ascii())));
            }
            if self.ended {
                return None;
            }
            match self.reader.read_until(b'\n', &mut self.pending) {
                Ok(read) => self.ended = read == 0,
                Err(e) => {
                    (self.ended, self.pending) = (true, Vec::new());
                    return Some(Err(StoreError::Read(self.path.clone(), e)));
                }
            }
        }
    }
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b == b'\n').count()
}

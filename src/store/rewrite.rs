//! Writes the list again without some of its entries, and adds them to its neighbour `.gone`. Edit it to change how entries are
//! written.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::atomic_file::{AtPath, Replacement};
use super::entries::{RawEntries, RawEntry};
use super::{Overview, StoreError};
use crate::push::{Endpoint, Subscription};

/// A new list, while it is written. Only under the lock.
pub(super) struct Rewrite {
    path: PathBuf,
    old: Option<(File, Metadata)>,
    new: Replacement,
}

/// What was copied from the old list to the new one.
pub(super) struct Copied {
    pub(super) removed: usize,
    /// Of the subscriptions that were parsed and copied.
    pub(super) kept: Overview,
}

impl Rewrite {
    /// When nothing is at `path` yet, the new file gets the owner, group and mode of `model`.
    pub(super) fn begin(path: &Path, model: Option<&Metadata>) -> Result<Rewrite, StoreError> {
        let old = open(path)?;
        let new = Replacement::under_lock(path, old.as_ref().map(|(_, metadata)| metadata).or(model));
        Ok(Rewrite { new: new.map_err(write_failed(path))?, path: path.to_owned(), old })
    }

    /// The old list, if there is one.
    pub(super) fn old(&self) -> Option<&Metadata> {
        self.old.as_ref().map(|(_, metadata)| metadata)
    }

    /// Copies the old entries except subscriptions for which `is_removed` holds. An entry is parsed only when `must_parse` holds for its
    /// bytes, or when it has several lines, which become one.
    pub(super) fn copy(
        &mut self,
        is_removed: impl Fn(&Endpoint) -> bool,
        must_parse: impl Fn(&[u8]) -> bool,
    ) -> Result<Copied, StoreError> {
        let mut copied = Copied { removed: 0, kept: Overview::default() };
        let Some((old, _)) = self.old.take() else {
            return Ok(copied);
        };
        let mut entries = RawEntries::new(old);
        let mark = entries.byte_order_mark().map_err(read_failed(&self.path))?;
        self.new.write_all(mark).map_err(write_failed(&self.path))?;
        while let Some(entry) = entries.next().map_err(read_failed(&self.path))? {
            let parsed = must_parse(entry.text) || entry.text.contains(&b'\n');
            let subscription = parsed.then(|| entry.parse().subscription.ok()).flatten();
            match subscription {
                Some(subscription) if is_removed(subscription.endpoint()) => copied.removed += 1,
                subscription => {
                    self.write_line(line(&entry, subscription.as_ref()))?;
                    subscription.into_iter().for_each(|it| copied.kept.count(it));
                }
            }
        }
        Ok(copied)
    }

    /// Adds `subscription` as the newest.
    pub(super) fn append(&mut self, subscription: &Subscription) -> Result<(), StoreError> {
        self.write_line(subscription.json().as_bytes())
    }

    /// Puts the new list in the old one's place.
    pub(super) fn commit(self) -> Result<Metadata, StoreError> {
        self.new.commit().map_err(write_failed(&self.path))
    }

    fn write_line(&mut self, line: &[u8]) -> Result<(), StoreError> {
        self.new.write_all(line).and_then(|()| self.new.write_all(b"\n")).map_err(write_failed(&self.path))
    }
}

/// Adds the subscriptions of `list` for which `is_gone` holds to the file `gone`. Only under the list's lock.
pub(super) fn append_to_gone(list: &Path, gone: &Path, is_gone: impl Fn(&Endpoint) -> bool) -> Result<(), StoreError> {
    let Some((list_file, model)) = open(list)? else {
        return Ok(());
    };
    let mut rewrite = Rewrite::begin(gone, Some(&model))?;
    if let Some((mut old, _)) = rewrite.old.take() {
        io::copy(&mut old, &mut rewrite.new).map_err(write_failed(gone))?;
    }
    let (mut entries, mut added) = (RawEntries::new(list_file), false);
    while let Some(entry) = entries.next().map_err(read_failed(list))? {
        if let Some(subscription) = entry.parse().subscription.ok().filter(|it| is_gone(it.endpoint())) {
            rewrite.write_line(line(&entry, Some(&subscription)))?;
            added = true;
        }
    }
    if added { rewrite.commit().map(drop) } else { Ok(()) }
}

/// The file to change; `None` when it does not exist.
fn open(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    match AtPath::open(path).map_err(read_failed(path))? {
        AtPath::Nothing => Ok(None),
        AtPath::File(file, metadata) => Ok(Some((file, metadata))),
        AtPath::Other => Err(StoreError::NotRegular(path.to_owned())),
    }
}

/// An entry as it is written: a subscription's JSON on one line. Unusable entries and bytes that are not UTF-8 stay as they are.
fn line<'a>(entry: &RawEntry<'a>, subscription: Option<&'a Subscription>) -> &'a [u8] {
    match subscription {
        Some(subscription) if std::str::from_utf8(entry.text).is_ok() => subscription.json().as_bytes(),
        _ => entry.text,
    }
}

fn read_failed(path: &Path) -> impl Fn(io::Error) -> StoreError {
    |e| StoreError::Read(path.to_owned(), e)
}

fn write_failed(path: &Path) -> impl Fn(io::Error) -> StoreError {
    |e| StoreError::Write(path.to_owned(), e)
}

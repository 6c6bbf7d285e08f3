//! Writes the list, or its neighbour `.gone`, again: the old file is copied to a new one, which then takes its place. Edit it to
//! change how entries are written. Everything here is done under the lock.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::entries::{Entries, Entry};
use super::ownership::{identity, take_over};
use super::{LocalError, Overview, StoreError, atomic_file};
use crate::push::{Endpoint, Subscription};

/// How much is written at once: a long list takes fewer system calls than with the standard library's 8 KiB.
const BUFFER_BYTES: usize = 64 * 1024;

/// An old file, and the new one that is written beside it.
pub(super) struct Rewrite {
    path: PathBuf,
    /// `None` when there is no old file, or when it was copied.
    pub(super) old: Option<(File, Metadata)>,
    new: BufWriter<File>,
    temp: TempPath,
}

impl Rewrite {
    /// The new file gets the owner, group and mode of the old one; when nothing is at `path` yet, of `model`.
    pub(super) fn begin(path: &Path, model: Option<&Metadata>) -> Result<Rewrite, StoreError> {
        let old = open(path)?;
        let cannot_write = LocalError::cannot_write(path);
        let (file, temp) = atomic_file::temp_file(path, 0).map_err(&cannot_write)?.into_parts();
        if let Some(model) = old.as_ref().map(|(_, metadata)| metadata).or(model) {
            take_over(&file, model).map_err(&cannot_write)?;
        }
        Ok(Rewrite { path: path.to_owned(), old, new: BufWriter::with_capacity(BUFFER_BYTES, file), temp })
    }

    /// Copies the old file as it is.
    pub(super) fn copy_all(&mut self) -> Result<(), LocalError> {
        if let Some((mut old, _)) = self.old.take() {
            io::copy(&mut old, &mut self.new).map_err(LocalError::cannot_write(&self.path))?;
        }
        Ok(())
    }

    /// Copies the old entries except subscriptions for which `is_removed` holds, which are added to `gone`. An entry is parsed only
    /// when `must_parse` holds for its bytes, or when it has several lines, which become one. Returns how many were removed, and the
    /// overview of those that were parsed and stay.
    pub(super) fn copy(
        &mut self,
        is_removed: impl Fn(&Endpoint) -> bool,
        must_parse: impl Fn(&[u8]) -> bool,
        mut gone: Option<&mut Rewrite>,
    ) -> Result<(usize, Overview), LocalError> {
        let (mut removed, mut kept) = (0, Overview::default());
        let Some((old, _)) = self.old.take() else {
            return Ok((removed, kept));
        };
        let mut entries = Entries::new(old, &self.path);
        let mark = entries.byte_order_mark().map_err(LocalError::cannot_read(&self.path))?;
        self.new.write_all(mark).map_err(LocalError::cannot_write(&self.path))?;
        for entry in entries {
            let entry = entry?;
            let parsed = must_parse(&entry.text) || entry.text.contains(&b'\n');
            let subscription = parsed.then(|| entry.subscription().ok()).flatten();
            let line = line(&entry, subscription.as_ref());
            if subscription.as_ref().is_some_and(|it| is_removed(it.endpoint())) {
                removed += 1;
                if let Some(gone) = &mut gone {
                    gone.write_line(line)?;
                }
            } else {
                self.write_line(line)?;
                subscription.into_iter().for_each(|it| kept.count(it));
            }
        }
        Ok((removed, kept))
    }

    /// Adds `line` at the end.
    pub(super) fn write_line(&mut self, line: &[u8]) -> Result<(), LocalError> {
        let written = self.new.write_all(line).and_then(|()| self.new.write_all(b"\n"));
        written.map_err(LocalError::cannot_write(&self.path))
    }

    /// Puts the new file in the old one's place: fsync, rename, fsync of the folder. Returns the metadata it has then.
    pub(super) fn commit(self) -> Result<Metadata, LocalError> {
        let file = self.new.into_inner().map_err(IntoInnerError::into_error);
        file.and_then(|file| atomic_file::commit(NamedTempFile::from_parts(file, self.temp), &self.path))
            .map_err(LocalError::cannot_write(&self.path))
    }
}

/// An entry as it is written: a subscription's JSON on one line. Unusable entries and bytes that are not UTF-8 stay as they are.
fn line<'a>(entry: &'a Entry, subscription: Option<&'a Subscription>) -> &'a [u8] {
    match subscription {
        Some(subscription) if std::str::from_utf8(&entry.text).is_ok() => subscription.json().as_bytes(),
        _ => &entry.text,
    }
}

/// The file to change; `None` when it does not exist.
fn open(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    let Some(named) = look_at(path)? else {
        return Ok(None);
    };
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (opened, file) = opened.map_err(LocalError::cannot_read(path))?;
    // In a user's folder the user may have put a link in its place meanwhile, for root to follow.
    match identity(&named) == identity(&opened) {
        true => Ok(Some((file, opened))),
        false => Err(StoreError::NotRegular(path.to_owned())),
    }
}

/// What is at `path`: a regular file, or a folder, which reading then fails on. A link, a pipe or a device is not followed and not
/// opened, because opening a pipe may wait for ever.
///
/// # Errors
/// [`StoreError`].
pub(super) fn look_at(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(named) if named.is_file() || named.is_dir() => Ok(Some(named)),
        Ok(_) => Err(StoreError::NotRegular(path.to_owned())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(LocalError::cannot_read(path)(e).into()),
    }
}

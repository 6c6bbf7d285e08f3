//! subscription.txt: one subscription a line, newest last; read by both programs, changed under a lock, never half-written.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;

use crate::endpoint::Endpoint;
use crate::subscription::{Subscription, SubscriptionError};

/// A value that does not end within this is no subscription: they are under 1 KiB, and `POST` takes 16 KiB.
const MAX_VALUE_BYTES: usize = 16 * 1024;
/// How long a writer waits for the other program's lock; a change itself takes milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How often it looks meanwhile.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// The file of subscriptions and, beside it, its lock (`.lock`) and the subscriptions found gone (`.gone`).
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

/// Why the file could not be read or changed. Cut by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not there: nobody has subscribed.
    #[error("{} not found", .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It, or the file beside it, cannot be written: it is as it was before.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// Another process has held the lock for 5 s.
    #[error("{} is locked by another process", .0.display())]
    Locked(PathBuf),
}

impl StoreError {
    /// What to do next, in one sentence.
    pub fn hint(&self) -> String {
        match self {
            StoreError::Missing(_) => {
                "run cargo run --bin server, open the page and press Subscribe".into()
            }
            StoreError::Read(path, _) => format!(
                "check who may read {}, and that it is a file",
                path.display()
            ),
            StoreError::Write(..) => {
                "check that the disk has room and who may write to the folder; nothing was lost"
                    .into()
            }
            StoreError::Locked(_) => {
                "wait until the other server or notify has ended, then try again".into()
            }
        }
    }
}

/// One value of the file, as it stands there.
#[derive(Debug)]
pub struct Entry {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its text, on one line.
    text: Vec<u8>,
    /// What it is, or why it is unusable.
    pub subscription: Result<Subscription, SubscriptionError>,
}

/// What adding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The endpoint was not stored before.
    New,
    /// The endpoint was stored; it moved to the end, with the JSON sent now.
    Known,
}

impl Store {
    /// The store at `path`; nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>) -> Store {
        Store { path: path.into() }
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's entries, in order, read as they are asked for. No lock: a change is a rename, so a reader sees the
    /// file before it or after it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] or [`StoreError::Read`], the latter from the iterator too.
    pub fn read(&self) -> Result<Entries, StoreError> {
        let file = File::open(&self.path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => StoreError::Missing(self.path.clone()),
            _ => StoreError::Read(self.path.clone(), e),
        })?;
        Ok(Entries::new(BufReader::new(file), &self.path))
    }

    /// Stores `subscription` as the newest. An entry with the same endpoint gives way to it.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was.
    pub fn add(&self, subscription: &Subscription) -> Result<Added, StoreError> {
        let _lock = self.lock()?;
        let same = |e: &Endpoint| e == subscription.endpoint();
        let added = if self.matching(same)?.is_empty() {
            Added::New
        } else {
            Added::Known
        };
        self.rewrite(|e| !same(e), Some(subscription.json()))?;
        Ok(added)
    }

    /// Removes the subscription with `endpoint`, as a whole URI. Answers whether it was there.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was.
    pub fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let _lock = self.lock()?;
        let removed = !self.matching(|e| e.as_str() == endpoint)?.is_empty();
        if removed {
            self.rewrite(|e| e.as_str() != endpoint, None)?;
        }
        Ok(removed)
    }

    /// Moves subscriptions that a push service called gone (404, 410) to the file's neighbour `.gone`: a 404 has been an
    /// outage before, so nothing is thrown away. What was subscribed anew meanwhile has another endpoint and stays.
    ///
    /// # Errors
    /// [`StoreError`]; no line is lost then, though one may stand in both files.
    pub fn set_aside(&self, is_gone: impl Fn(&Endpoint) -> bool) -> Result<usize, StoreError> {
        let _lock = self.lock()?;
        let gone = self.matching(&is_gone)?;
        if gone.is_empty() {
            return Ok(0);
        }
        // First written there, then removed here: a crash between leaves a line twice, never nowhere.
        let path = self.gone_path();
        replace_with(&path, |file| {
            match File::open(&path) {
                Ok(mut old) => io::copy(&mut old, file).map(drop)?,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
            gone.iter().try_for_each(|text| write_line(file, text))
        })?;
        self.rewrite(|e| !is_gone(e), None)?;
        Ok(gone.len())
    }

    /// Where subscriptions found gone are kept.
    pub fn gone_path(&self) -> PathBuf {
        self.beside(".gone")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }

    /// The texts of the usable entries whose endpoint `is` one of those looked for.
    fn matching(&self, is: impl Fn(&Endpoint) -> bool) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        for entry in self.read_or_empty()?.into_iter().flatten() {
            let entry = entry?;
            if entry.subscription.is_ok_and(|s| is(s.endpoint())) {
                found.push(entry.text);
            }
        }
        Ok(found)
    }

    /// Writes the entries again, in order, without the usable ones that `keep` does not keep, then `last`. Only under the lock.
    fn rewrite(
        &self,
        keep: impl Fn(&Endpoint) -> bool,
        last: Option<&str>,
    ) -> Result<(), StoreError> {
        let entries = self.read_or_empty()?;
        let mut unread = None;
        let written = replace_with(&self.path, |file| {
            for entry in entries.into_iter().flatten() {
                match entry {
                    Ok(entry)
                        if entry
                            .subscription
                            .as_ref()
                            .is_ok_and(|s| !keep(s.endpoint())) => {}
                    Ok(entry) => write_line(file, &entry.text)?,
                    Err(e) => {
                        unread = Some(e);
                        return Err(io::ErrorKind::Other.into());
                    }
                }
            }
            last.map_or(Ok(()), |line| write_line(file, line.as_bytes()))
        });
        unread.map_or(written, Err)
    }

    fn read_or_empty(&self) -> Result<Option<Entries>, StoreError> {
        match self.read() {
            Ok(entries) => Ok(Some(entries)),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The advisory lock that server and notify share; it ends when the file is dropped, or the process dies.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.beside(".lock");
        let failed = |e| StoreError::Write(path.clone(), e);
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        // Whoever may open it may hold the lock for ever.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    crate::file::sweep(&self.path);
                    crate::file::sweep(&self.gone_path());
                    return Ok(file);
                }
                Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(LOCK_POLL)
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked(self.path.clone()));
                }
                Err(fs::TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
    }
}

fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<&File>) -> io::Result<()>,
) -> Result<(), StoreError> {
    crate::file::replace(path, write).map_err(|e| StoreError::Write(path.to_owned(), e))
}

fn write_line(file: &mut impl Write, text: &[u8]) -> io::Result<()> {
    file.write_all(text)?;
    file.write_all(b"\n")
}

impl Entry {
    fn new(line: usize, text: &[u8]) -> Entry {
        let subscription = Subscription::from_json(&String::from_utf8_lossy(text));
        let text = match &subscription {
            Ok(subscription) if std::str::from_utf8(text).is_ok() => subscription.json().as_bytes(),
            _ => text,
        };
        Entry {
            line,
            text: text.to_owned(),
            subscription,
        }
    }
}

/// The entries of a text: any run of JSON values, one a line or spread over lines (pasted, pretty-printed). A line that
/// begins no value is an entry of its own, unusable, and reading goes on behind it. Memory: one value or one line, however
/// long the text.
pub struct Entries {
    reader: Box<dyn BufRead>,
    path: PathBuf,
    /// Bytes read but not yet given out; they begin on line `line`.
    pending: Vec<u8>,
    line: usize,
    ended: bool,
}

impl Entries {
    /// Reads from `reader`; `path` is for errors.
    pub fn new(reader: impl BufRead + 'static, path: &Path) -> Entries {
        Entries {
            reader: Box::new(reader),
            path: path.to_owned(),
            pending: Vec::new(),
            line: 1,
            ended: false,
        }
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
        let mut values =
            serde_json::Deserializer::from_slice(&self.pending).into_iter::<IgnoredAny>();
        match values.next() {
            None => None,
            Some(Ok(_)) => Some(values.byte_offset()),
            Some(Err(e)) if e.is_eof() && !self.ended && self.pending.len() < MAX_VALUE_BYTES => {
                None
            }
            Some(Err(_)) => Some(
                self.pending
                    .iter()
                    .position(|b| *b == b'\n')
                    .unwrap_or(self.pending.len()),
            ),
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

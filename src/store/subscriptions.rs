//! subscription.txt: one subscription a line, newest last; read by both programs, changed under a lock, never half-written.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use super::entries::{Entries, Entry};
use super::turns::{Turn, Turns};
use crate::push::endpoint::Endpoint;
use crate::push::subscription::Subscription;

/// How long a writer waits for the other program's lock; a change itself takes milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long a change waits for those of the same process before it: one fsync on a busy disk has taken more than 10 s.
const TURN_WAIT: Duration = Duration::from_secs(30);
/// How often it looks meanwhile.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// The file of subscriptions and, beside it, its lock (`.lock`) and the subscriptions found gone (`.gone`).
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    turns: Arc<Turns>,
}

/// The right to change the file: the lock first, then the turn, are given back.
struct Lock<'s> {
    _file: File,
    _turn: Turn<'s>,
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
    /// Other changes of this process did not let this one have its turn for 30 s.
    #[error("{} has too many changes waiting", .0.display())]
    Crowded(PathBuf),
    /// Another process has held the lock for 5 s.
    #[error("{} is locked by another process", .0.display())]
    Locked(PathBuf),
}

impl StoreError {
    /// What to do next, in one sentence.
    pub fn hint(&self) -> String {
        match self {
            StoreError::Missing(_) => "run cargo run --bin server, open the page and press Subscribe".into(),
            StoreError::Read(path, _) => format!("check who may read {}, and that it is a file", path.display()),
            StoreError::Write(..) => {
                "check that the disk has room and who may write to the folder; nothing was lost".into()
            }
            StoreError::Crowded(_) => "try again in a few seconds; nothing was lost".into(),
            StoreError::Locked(_) => "wait until the other server or notify has ended, then try again".into(),
        }
    }
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
        Store { path: path.into(), turns: Arc::default() }
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
        Ok(Entries::new(BufReader::new(self.open()?), &self.path))
    }

    /// The file itself, for [`Entries::new`].
    ///
    /// # Errors
    /// [`StoreError::Missing`] or [`StoreError::Read`].
    pub fn open(&self) -> Result<File, StoreError> {
        File::open(&self.path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => StoreError::Missing(self.path.clone()),
            _ => StoreError::Read(self.path.clone(), e),
        })
    }

    /// Stores `subscription` as the newest. An entry with the same endpoint gives way to it.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was.
    pub fn add(&self, subscription: &Subscription) -> Result<Added, StoreError> {
        let _lock = self.lock()?;
        let same = |e: &Endpoint| e == subscription.endpoint();
        let added = match self.holds(same)? {
            true => Added::Known,
            false => Added::New,
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
        let removed = self.holds(|e| e.as_str() == endpoint)?;
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
        if !self.holds(&is_gone)? {
            return Ok(0);
        }
        // First written there, then removed here: a crash between leaves a line twice, never nowhere.
        let gone = self.gone_path();
        let count = self.write(&gone, Some(&gone), |e| e.is_some_and(&is_gone), None)?;
        self.rewrite(|e| !is_gone(e), None)?;
        Ok(count)
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

    /// Whether one of the usable entries' endpoints `is` looked for.
    fn holds(&self, is: impl Fn(&Endpoint) -> bool) -> Result<bool, StoreError> {
        for entry in self.read_or_empty()?.into_iter().flatten() {
            if entry?.subscription.is_ok_and(|s| is(s.endpoint())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the entries again, in order, without the usable ones that `keep` does not keep, then `last`. Only under the lock.
    fn rewrite(&self, keep: impl Fn(&Endpoint) -> bool, last: Option<&str>) -> Result<(), StoreError> {
        self.write(&self.path, None, |e| e.is_none_or(&keep), last).map(drop)
    }

    /// Replaces the file at `path` by the content of `first`, if it is there, the `wanted` entries (`None`: one that is no
    /// subscription), and `last`. Answers how many entries that are.
    fn write(
        &self,
        path: &Path,
        first: Option<&Path>,
        wanted: impl Fn(Option<&Endpoint>) -> bool,
        last: Option<&str>,
    ) -> Result<usize, StoreError> {
        let entries = self.read_or_empty()?;
        let (mut count, mut unread) = (0, None);
        let written = crate::store::atomic_file::replace(path, |file| {
            if let Some(mut first) = first.map(File::open).transpose().or_else(nothing_there)? {
                io::copy(&mut first, file)?;
            }
            for entry in entries.into_iter().flatten() {
                let entry = entry.map_err(|e| {
                    unread = Some(e);
                    io::Error::from(io::ErrorKind::Other)
                })?;
                if wanted(entry.subscription.as_ref().ok().map(Subscription::endpoint)) {
                    count += 1;
                    write_line(file, &entry.text)?;
                }
            }
            last.map_or(Ok(()), |line| write_line(file, line.as_bytes()))
        });
        let written = written.map_err(|e| StoreError::Write(path.to_owned(), e));
        unread.map_or(written.map(|()| count), Err)
    }

    fn read_or_empty(&self) -> Result<Option<Entries>, StoreError> {
        match self.read() {
            Ok(entries) => Ok(Some(entries)),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// This process's turn, then the advisory lock that server and notify share, which ends with its file or its process.
    fn lock(&self) -> Result<Lock<'_>, StoreError> {
        let turn = self.turns.wait(TURN_WAIT).ok_or_else(|| StoreError::Crowded(self.path.clone()))?;
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
                    crate::store::atomic_file::sweep(&self.path);
                    crate::store::atomic_file::sweep(&self.gone_path());
                    return Ok(Lock { _file: file, _turn: turn });
                }
                Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOCK_POLL),
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked(self.path.clone()));
                }
                Err(fs::TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
    }
}

fn nothing_there<T>(error: io::Error) -> io::Result<Option<T>> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

fn write_line(file: &mut impl Write, text: &[u8]) -> io::Result<()> {
    file.write_all(text)?;
    file.write_all(b"\n")
}

//! The lock of subscription.txt: one change at a time. Changes of one process get it in the order in which they asked for it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{FairMutex, FairMutexGuard};

use super::{StoreError, atomic_file};

/// How long a change waits for another process, whose changes take milliseconds.
const FILE_WAIT: Duration = Duration::from_secs(5);
/// How often it tries meanwhile.
const FILE_POLL: Duration = Duration::from_millis(10);
/// How long a change waits for earlier changes of its own process: one fsync on a busy disk has taken more than 10 s.
const PROCESS_WAIT: Duration = Duration::from_secs(30);

/// Both locks end when it is dropped, that of the file first. The system also ends it with the process.
pub(super) struct Lock<'m> {
    _file: File,
    _process: FairMutexGuard<'m, ()>,
}

impl<'m> Lock<'m> {
    /// Waits for `changes`, a fair lock, then for the lock file of `list`, which is not fair: a thread that only tried that one
    /// again and again could wait for ever. Removes what killed writers of the files in `written` left.
    ///
    /// # Errors
    /// [`StoreError::TooManyChanges`], [`StoreError::Locked`], or [`StoreError::Write`] when the lock file cannot be opened.
    pub(super) fn wait(changes: &'m FairMutex<()>, list: &Path, written: [&Path; 2]) -> Result<Lock<'m>, StoreError> {
        let process = changes.try_lock_for(PROCESS_WAIT).ok_or_else(|| StoreError::TooManyChanges(list.into()))?;
        let path = beside(list, ".lock");
        let failed = |e| StoreError::Write(path.clone(), e);
        let file = match atomic_file::create_private(&path, list) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => File::options().write(true).open(&path),
            created => created,
        };
        let file = file.map_err(failed)?;
        let deadline = Instant::now() + FILE_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(FILE_POLL),
                Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Locked(list.into())),
                Err(fs::TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
        written.into_iter().for_each(atomic_file::remove_unfinished);
        Ok(Lock { _file: file, _process: process })
    }
}

/// The file's neighbour: its path with `ending` after it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

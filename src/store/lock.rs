//! The right to change subscription.txt: one change at a time in this process, in the order they were asked for, then one
//! process at a time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{FairMutex, FairMutexGuard};

use super::atomic_file::{self, Replacement};
use super::subscriptions::StoreError;

/// How long a change waits for the other program's lock; a change itself takes milliseconds.
const FILE_WAIT: Duration = Duration::from_secs(5);
/// How often it looks meanwhile.
const FILE_POLL: Duration = Duration::from_millis(10);
/// How long a change waits for those of the same process before it: one fsync on a busy disk has taken more than 10 s.
const PROCESS_WAIT: Duration = Duration::from_secs(30);

/// Ends when dropped, the file's lock first. The file's also ends with the process.
pub(super) struct Lock<'m> {
    _file: File,
    _process: FairMutexGuard<'m, ()>,
}

impl<'m> Lock<'m> {
    /// Waits for `changes`, which is first come, first served, since a process that only polls the file's lock can starve;
    /// then for the file `list` with `.lock` at its end. Removes what killed writers of the files in `written` left.
    ///
    /// # Errors
    /// [`StoreError::TooManyChanges`], [`StoreError::Locked`], or [`StoreError::Write`] when the lock file cannot be opened.
    pub(super) fn wait(changes: &'m FairMutex<()>, list: &Path, written: [&Path; 2]) -> Result<Lock<'m>, StoreError> {
        let process = changes.try_lock_for(PROCESS_WAIT).ok_or_else(|| StoreError::TooManyChanges(list.into()))?;
        let path = beside(list, ".lock");
        let failed = |e| StoreError::Write(path.clone(), e);
        let file = atomic_file::open_or_create_private(&path, list).map_err(failed)?;
        let deadline = Instant::now() + FILE_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(FILE_POLL),
                Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Locked(list.into())),
                Err(fs::TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
        written.into_iter().for_each(Replacement::remove_unfinished);
        Ok(Lock { _file: file, _process: process })
    }
}

/// The file's neighbour: its path with `ending` after it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

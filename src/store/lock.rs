//! The lock of subscription.txt: one change at a time. Changes of one process get it in the order in which they asked for it.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::FairMutexGuard;

use super::rewrite::look_at;
use super::{LocalError, Store, StoreError, atomic_file};

/// How long a change waits for another process, whose changes take milliseconds.
const FILE_WAIT: Duration = Duration::from_secs(5);
/// How often it tries meanwhile.
const FILE_POLL: Duration = Duration::from_millis(10);
/// How long a change waits for earlier changes of its own process: one fsync on a busy disk has taken more than 10 s.
const PROCESS_WAIT: Duration = Duration::from_secs(30);

impl Store {
    /// Waits for earlier changes of this process, then for the lock file, which is not fair: a thread that only tried that one again
    /// and again could wait for ever. Removes what killed writers left. Both locks end when they are dropped, that of the file first;
    /// the system also ends it with the process.
    ///
    /// # Errors
    /// [`StoreError::NotRegular`], or when a wait took too long or the lock file cannot be opened.
    pub(super) fn lock(&self) -> Result<(File, FairMutexGuard<'_, ()>), StoreError> {
        // Before a lock file is made in a folder of devices.
        if let Err(not_regular @ StoreError::NotRegular(_)) = look_at(&self.path) {
            return Err(not_regular);
        }
        let shown = self.path.display();
        let process = self.changes.try_lock_for(PROCESS_WAIT).ok_or_else(|| {
            let hint = "try again in a few seconds; nothing was lost";
            LocalError::new(format!("{shown} has too many changes waiting"), hint)
        })?;
        let path = self.beside(".lock");
        let file = match atomic_file::create_private(&path, &self.path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => File::options().write(true).open(&path),
            created => created,
        };
        let file = file.map_err(LocalError::cannot_write(&path))?;
        let deadline = Instant::now() + FILE_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(FILE_POLL),
                Err(TryLockError::WouldBlock) => {
                    let hint = "wait until the other server or notify has ended, then try again";
                    return Err(LocalError::new(format!("{shown} is locked by another process"), hint).into());
                }
                Err(TryLockError::Error(e)) => return Err(LocalError::cannot_write(&path)(e).into()),
            }
        }
        atomic_file::remove_unfinished(&self.path);
        atomic_file::remove_unfinished(&self.gone_path());
        Ok((file, process))
    }
}

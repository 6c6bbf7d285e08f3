//! The private folder of tiny_http's socket; removes the folders that killed servers left behind.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How the folders' names begin; random letters and digits follow.
const PREFIX: &str = "barepush-";
/// The socket's name in the folder.
const SOCKET: &str = "http";

/// A folder that this user alone may enter, removed when dropped, locked until then.
pub(super) struct SocketDir {
    folder: tempfile::TempDir,
    /// Ends with the process, however it ends: so a running server's folder is told from a killed one's.
    _lock: File,
}

impl SocketDir {
    /// Makes one in the system's folder of temp files, and removes what killed servers of this user left there.
    pub(super) fn create() -> io::Result<SocketDir> {
        // Set, because tempfile leaves folders to the umask.
        let private = fs::Permissions::from_mode(0o700);
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix(PREFIX).permissions(private).tempdir()?;
        let lock = File::open(folder.path())?;
        // A file system without locks cannot tell them apart: nothing is removed there.
        if lock.try_lock().is_ok() {
            sweep(folder.path());
        }
        Ok(SocketDir { folder, _lock: lock })
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }
}

/// Removes the folders beside `ours` whose servers were killed.
fn sweep(ours: &Path) {
    let (Some(all), Ok(us)) = (ours.parent(), fs::metadata(ours)) else {
        return;
    };
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let of_us = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == us.uid());
        if of_us {
            remove_if_unlocked(&entry.path());
        }
    }
}

/// A folder is locked before its socket is bound, so one with a socket and without a lock belongs to a killed server. Removes
/// nothing but these two; what cannot be removed stays.
fn remove_if_unlocked(folder: &Path) {
    let socket = folder.join(SOCKET);
    let bound = fs::symlink_metadata(&socket).is_ok_and(|it| it.file_type().is_socket());
    let Some(lock) = File::open(folder).ok().filter(|_| bound) else {
        return;
    };
    if lock.try_lock().is_ok() {
        let _ = fs::remove_file(&socket).and_then(|()| fs::remove_dir(folder));
    }
}

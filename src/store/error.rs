//! What can fail with the file of subscriptions. Edit it when a caller has to decide by one more error.

use std::io;
use std::path::{Path, PathBuf};

use crate::push::LocalError;

impl LocalError {
    /// For `map_err`, of the file of subscriptions.
    pub fn cannot_read(path: &Path) -> impl Fn(io::Error) -> LocalError {
        |e| {
            let hint = format!("check who may read {}, and that it is a file", path.display());
            LocalError::new(format!("cannot read {}", path.display()), hint).because(e)
        }
    }

    /// The same of writing it, or one beside it: it is as it was before.
    pub(super) fn cannot_write(path: &Path) -> impl Fn(io::Error) -> LocalError {
        |e| {
            let hint = "check that the disk has room and who may write to the folder; nothing was lost";
            LocalError::new(format!("cannot write {}", path.display()), hint).because(e)
        }
    }
}

/// Why the file of subscriptions could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A symbolic link, a pipe or a device is read, but never changed.
    #[error("{} is not a regular file, so it is not changed", .0.display())]
    NotRegular(PathBuf),
    /// It could not be read, written or locked.
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl From<StoreError> for LocalError {
    fn from(error: StoreError) -> LocalError {
        match error {
            StoreError::Local(error) => error,
            StoreError::NotRegular(ref path) => {
                let hint = format!("put the file itself at {}, not a link to it; nothing was lost", path.display());
                LocalError::new(error.to_string(), hint)
            }
        }
    }
}

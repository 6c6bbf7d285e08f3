//! Owner, group and mode of a new file: those of the file that it replaces, and never root's in a user's folder. Edit it to
//! change who may read the files. Windows has none of the three: there these functions do nothing.
#![cfg_attr(not(unix), allow(unused_variables, unused_imports))]

use std::fs::{self, File, Metadata};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use super::atomic_file::folder_of;

/// Gives `file` the owner, group and mode of `old`. Where this user is not in that group, the file keeps another one, which then
/// gets no right.
///
/// # Errors
/// The system's, for example when a user other than root would have to give the file to another user.
pub(super) fn take_over(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        let (now, mut mode) = (file.metadata()?, old.mode() & 0o777);
        if now.uid() != old.uid() {
            fchown(file, Some(old.uid()), None)?;
        }
        if now.gid() != old.gid() && fchown(file, None, Some(old.gid())).is_err() {
            mode &= 0o707;
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Gives a file that root has made to the owner of the file at `model`, or of its folder when nothing is there.
pub(super) fn give_to_owner_of(model: &Path, file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        const ROOT: u32 = 0;
        let model = fs::symlink_metadata(model).or_else(|_| fs::metadata(folder_of(model)))?;
        if file.metadata()?.uid() == ROOT && model.uid() != ROOT {
            // Root may not have that right, in a container for example. The file is then root's.
            let _ = fchown(file, Some(model.uid()), Some(model.gid()));
        }
    }
    Ok(())
}

/// Device and inode: the same for two looks at one file.
pub(super) fn identity(file: &Metadata) -> (u64, u64) {
    #[cfg(unix)]
    let identity = (file.dev(), file.ino());
    #[cfg(not(unix))]
    let identity = (0, 0);
    identity
}

/// The mode of the file at `path`, when others than its owner may read or write it.
pub fn open_to_others(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    if let Ok(file) = fs::metadata(path)
        && file.is_file()
        && file.mode() & 0o077 != 0
    {
        return Some(file.mode() & 0o777);
    }
    None
}

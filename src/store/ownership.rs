//! Whose a file is and who may read it: what replaces a file keeps that, and root does not lock a user out.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// Gives `file` the owner, group and mode of `old`. Only root can give a file to another user; for a group that this user is not
/// in, the members of another get no right.
#[cfg(unix)]
pub(super) fn take_over(file: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let (now, mut mode) = (file.metadata()?, old.mode() & 0o777);
    if now.uid() != old.uid() {
        fchown(file, Some(old.uid()), None)?;
    }
    if now.gid() != old.gid() && fchown(file, None, Some(old.gid())).is_err() {
        mode &= 0o707;
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn take_over(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// What root makes in a user's folder, or beside a user's file, is the user's.
#[cfg(unix)]
pub(super) fn give_to_owner_of(model: &Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    const ROOT: u32 = 0;
    if file.metadata()?.uid() == ROOT && model.uid() != ROOT {
        // Without the right to give it away, in a container for example, root keeps it.
        let _ = fchown(file, Some(model.uid()), Some(model.gid()));
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn give_to_owner_of(_: &Metadata, _: &File) -> io::Result<()> {
    Ok(())
}

/// Whether both are of one file.
#[cfg(unix)]
pub(super) fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
pub(super) fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// The mode of the file at `path`, when others than its owner may read or write it.
#[cfg(unix)]
pub fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Windows has no modes.
#[cfg(not(unix))]
pub fn open_to_others(_: &Path) -> Option<u32> {
    None
}

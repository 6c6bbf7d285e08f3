//! Owner, group and mode of a new file: those of the file that it replaces, and never root's in a user's folder. Edit it to
//! change who may read the files.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// Gives `file` the owner, group and mode of `old`. Where this user is not in that group, the file keeps another one, which then
/// gets no right.
///
/// # Errors
/// The system's, for example when a user other than root would have to give the file to another user.
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

/// Gives a file that root has made to the owner of `model`, which is the folder or a file beside it.
#[cfg(unix)]
pub(super) fn give_to_owner_of(model: &Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    const ROOT: u32 = 0;
    if file.metadata()?.uid() == ROOT && model.uid() != ROOT {
        // Root may not have that right, in a container for example. The file is then root's.
        let _ = fchown(file, Some(model.uid()), Some(model.gid()));
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn give_to_owner_of(_: &Metadata, _: &File) -> io::Result<()> {
    Ok(())
}

/// Whether both are the metadata of one file.
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

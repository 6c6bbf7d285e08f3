//! Files that are written whole or not at all, and that only their owner can read: keys, certificate, subscriptions. Edit it to
//! change how a file gets onto the disk.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::ownership;

/// How many random letters and digits are in the name of a temp file, where two writers may be at work at once.
const RANDOM_LETTERS: usize = 6;
/// How the names of temp files begin.
const TEMP_PREFIX: &str = ".barepush-";

/// Makes `folder`, and missing folders above it, for their owner alone (mode 0700). A folder that exists stays as it is.
///
/// # Errors
/// The system's.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// [`create_private_folder`], then locks `folder` until the file is dropped. Waits while another process of ours has the lock,
/// which takes milliseconds: only the folder's owner can open it, and so lock it. Windows cannot open a folder as a file, so there
/// it is not locked.
///
/// # Errors
/// The system's.
pub fn private_folder_locked(folder: &Path) -> io::Result<Option<File>> {
    create_private_folder(folder)?;
    if cfg!(not(unix)) {
        return Ok(None);
    }
    let handle = File::open(folder)?;
    handle.lock()?;
    Ok(Some(handle))
}

/// Puts a file that holds `bytes` at `path`, and replaces one that is there. Only its owner can read it (mode 0600 whatever the
/// umask). A symbolic link at `path` is replaced, never followed.
///
/// # Errors
/// The system's, for example when the disk is full; what is at `path` is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    commit(temp_file_with(path, bytes)?, path).map(drop)
}

/// The same, but never replaces a file.
///
/// # Errors
/// `AlreadyExists` when something is at `path`; else as [`replace`].
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temp = temp_file_with(path, bytes)?;
    temp.as_file().sync_all()?;
    temp.persist_noclobber(path)?;
    sync_folder_of(path)
}

fn temp_file_with(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let temp = temp_file(path, RANDOM_LETTERS)?;
    temp.as_file().write_all(bytes)?;
    Ok(temp)
}

/// Makes a file beside `path` for its owner alone, to be renamed to `path` when it is whole. It is removed when it is dropped before.
/// Without random letters its name is that of [`remove_unfinished`]: only for a path that is written under a lock.
///
/// # Errors
/// The system's.
pub(super) fn temp_file(path: &Path, random_letters: usize) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default();
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMP_PREFIX).rand_bytes(random_letters).suffix(name);
    builder.make_in(folder_of(path), |temp| create_private(temp, path))
}

/// Removes the temp file that a killed writer left. Only under the lock.
pub(super) fn remove_unfinished(path: &Path) {
    let mut name = OsString::from(TEMP_PREFIX);
    name.push(path.file_name().unwrap_or_default());
    // If it cannot be removed, the next write fails and says why.
    let _ = fs::remove_file(folder_of(path).join(name));
}

/// Gives `temp` the name `path`: fsync, rename, fsync of the folder. Returns the metadata it has then.
///
/// # Errors
/// The system's.
pub(super) fn commit(temp: NamedTempFile, path: &Path) -> io::Result<Metadata> {
    temp.as_file().sync_all()?;
    let file = temp.persist(path)?;
    sync_folder_of(path)?;
    file.metadata()
}

/// Without this a power cut may undo a rename. Windows cannot open a folder as a file.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

/// Makes a file for its owner alone; by root, for the owner of the file `model`, or of its folder.
///
/// # Errors
/// The system's: `AlreadyExists` when something is at `path`.
pub(super) fn create_private(path: &Path, model: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.write(true).create_new(true).open(path)?;
    ownership::give_to_owner_of(model, &file)?;
    Ok(file)
}

/// The folder that `path` is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

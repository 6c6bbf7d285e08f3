//! A file written whole or not at all, and readable by its owner alone: keys, certificate, subscriptions.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// `name` in `folder`, without a leading `./`, so that messages name files as people do.
pub fn path_in(folder: &Path, name: &str) -> PathBuf {
    folder.strip_prefix(".").unwrap_or(folder).join(name)
}

/// Makes `folder`, and what is missing above it, open to its owner alone; one that is there stays as it is.
///
/// # Errors
/// What making it answered.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// [`create_private_folder`], then waits until no other process of ours is at work in `folder`, which takes milliseconds: only
/// its owner can open it, and so hold the lock. It ends when the file is dropped.
///
/// # Errors
/// What making, opening or locking it answered.
#[cfg(unix)]
pub fn private_folder_locked(folder: &Path) -> io::Result<File> {
    create_private_folder(folder)?;
    let handle = File::open(folder)?;
    handle.lock()?;
    Ok(handle)
}

/// Windows cannot open a folder as a file, so there it is not locked.
///
/// # Errors
/// What making it answered.
#[cfg(not(unix))]
pub fn private_folder_locked(folder: &Path) -> io::Result<()> {
    create_private_folder(folder)
}

/// Replaces `path` by what `write` writes: a temp file in the same folder (mode 0600 whatever the umask), fsync,
/// rename, fsync of the folder. A symbolic link at `path` is replaced, never followed. On error `path` is as it was.
///
/// # Errors
/// What creating, writing (disk full) or renaming answered.
pub fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<()> {
    written(path, write)?.persist(path).map_err(|e| e.error)?;
    settle(path)
}

/// Makes `path` the same way when nothing is there.
///
/// # Errors
/// `AlreadyExists` when somebody was faster, whose file stays; else as [`replace`].
pub fn create(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<()> {
    let temp = written(path, write)?;
    temp.persist_noclobber(path).map_err(|e| e.error)?;
    settle(path)
}

/// Removes the temp files that writers of `path` left when they were killed. Only under a lock that each of them holds.
pub fn sweep(path: &Path) {
    let prefix = prefix(path);
    let left = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        let random = name.strip_prefix(prefix.as_encoded_bytes());
        random.is_some_and(|random| random.iter().all(u8::is_ascii_alphanumeric))
    };
    for entry in fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
        if left(&entry.file_name()) {
            // What cannot be removed is no reason not to write.
            let _ = fs::remove_file(entry.path());
        }
    }
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

/// A temp file beside `path`, whole and on the disk.
fn written(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<NamedTempFile> {
    let temp = tempfile::Builder::new().prefix(&prefix(path)).tempfile_in(folder_of(path)).map_err(without_path)?;
    let mut writer = BufWriter::new(temp.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    temp.as_file().sync_all()?;
    Ok(temp)
}

/// The system's own words: tempfile adds the temp file's path to them, which tells nobody anything.
fn without_path(error: io::Error) -> io::Error {
    let words = error.to_string();
    let own = words.split(" at path ").next().unwrap_or_default();
    io::Error::new(error.kind(), own)
}

/// Without this a power cut may undo the rename. Windows cannot open a folder as a file.
fn settle(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder_of(path))?.sync_all(),
        false => Ok(()),
    }
}

/// How the names of temp files for `path` begin; random letters and digits follow.
fn prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".barepush-");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push("-");
    prefix
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

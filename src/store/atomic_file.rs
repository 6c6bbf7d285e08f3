//! Files written whole or not at all, and readable by their owner alone: keys, certificate, subscriptions. What replaces a
//! file keeps that file's owner, group and mode.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::ownership;

/// How much is written at once: a long list takes fewer system calls than with the standard library's 8 KiB.
const BUFFER_BYTES: usize = 64 * 1024;

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

/// A file that is being written beside the one it will replace: until [`Replacement::commit`] nothing happens to that one, and
/// dropped before, this one is removed. It is its owner's alone (mode 0600 whatever the umask), or has the owner, group and
/// mode of the file that it replaces.
pub struct Replacement {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Replacement {
    /// Begins a replacement of the file at `path`, by a temp file in the same folder with random letters in its name. A
    /// symbolic link at `path` is replaced, never followed.
    ///
    /// # Errors
    /// What making the file answered, or giving it to the other file's owner.
    pub fn new(path: &Path) -> io::Result<Replacement> {
        let old = if_there(fs::symlink_metadata(path))?.filter(Metadata::is_file);
        let temp = tempfile::Builder::new().prefix(&random_prefix(path)).tempfile_in(folder_of(path));
        Replacement::begin(path, temp, old.as_ref())
    }

    /// The same for a file that is changed under a lock only: the temp file's name is fixed, so that the next writer can
    /// remove what a killed one left ([`Replacement::remove_unfinished`]). `old` is the file that it replaces.
    ///
    /// # Errors
    /// As [`Replacement::new`], and `AlreadyExists` when an unfinished one was not removed.
    pub(super) fn under_lock(path: &Path, old: Option<&Metadata>) -> io::Result<Replacement> {
        let name = fixed_name(path);
        let temp = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempfile_in(folder_of(path));
        Replacement::begin(path, temp, old)
    }

    /// Removes what a killed writer left. Only under the lock.
    pub(super) fn remove_unfinished(path: &Path) {
        // One that cannot be removed fails the next write, with its reason.
        let _ = fs::remove_file(folder_of(path).join(fixed_name(path)));
    }

    fn begin(path: &Path, temp: io::Result<NamedTempFile>, old: Option<&Metadata>) -> io::Result<Replacement> {
        let temp = temp.map_err(without_path)?;
        match old {
            Some(old) => ownership::take_over(temp.as_file(), old)?,
            None => ownership::give_to_owner_of(&fs::metadata(folder_of(path))?, temp.as_file())?,
        }
        Ok(Replacement { writer: BufWriter::with_capacity(BUFFER_BYTES, temp), path: path.to_owned() })
    }

    /// Puts the file in its place: fsync, rename, fsync of the folder. Answers what is known of it now.
    ///
    /// # Errors
    /// What writing (disk full) or renaming answered; `path` is then as it was.
    pub fn commit(self) -> io::Result<Metadata> {
        let (temp, path) = self.on_disk()?;
        settle(&path, temp.persist(&path))
    }

    /// The same when nothing is at the path.
    ///
    /// # Errors
    /// `AlreadyExists` when another writer was faster, whose file stays; else as [`Replacement::commit`].
    pub fn commit_new(self) -> io::Result<Metadata> {
        let (temp, path) = self.on_disk()?;
        settle(&path, temp.persist_noclobber(&path))
    }

    fn on_disk(self) -> io::Result<(NamedTempFile, PathBuf)> {
        let temp = self.writer.into_inner().map_err(|failed| without_path(failed.into_error()))?;
        temp.as_file().sync_all()?;
        Ok((temp, self.path))
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(without_path)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(without_path)
    }
}

/// Replaces the file at `path` by one that holds `bytes`.
///
/// # Errors
/// As [`Replacement::new`] and [`Replacement::commit`].
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = Replacement::new(path)?;
    file.write_all(bytes)?;
    file.commit().map(drop)
}

/// Opens the file at `path` for writing, and makes it, its owner's alone, when nothing is there: as root, the user's whose the
/// file `model` is, or the folder.
///
/// # Errors
/// What opening or making it answered.
pub(super) fn open_or_create_private(path: &Path, model: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if let Some(file) = if_there(options.write(true).open(path))? {
        return Ok(file);
    }
    match options.create_new(true).open(path) {
        Ok(file) => {
            let model = if_there(fs::symlink_metadata(model))?;
            let model = model.map_or_else(|| fs::metadata(folder_of(path)), Ok)?;
            ownership::give_to_owner_of(&model, &file).map(|()| file)
        }
        // Another writer was faster.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => File::options().write(true).open(path),
        Err(e) => Err(e),
    }
}

/// What is at a path.
pub(super) enum AtPath {
    Nothing,
    /// A regular file, or a folder, which reading then fails on.
    File(File, Metadata),
    /// A link, a pipe, a device: never followed or replaced.
    Other,
}

impl AtPath {
    /// Opens what is at `path`, if it is a regular file itself and not a link to one. Only under the lock: a change by another
    /// at this very moment would look like an exchange.
    ///
    /// # Errors
    /// What opening it answered.
    pub(super) fn open(path: &Path) -> io::Result<AtPath> {
        let Some(named) = if_there(fs::symlink_metadata(path))? else {
            return Ok(AtPath::Nothing);
        };
        // Looked at by its name first, since opening a pipe may wait for ever.
        if !named.is_file() && !named.is_dir() {
            return Ok(AtPath::Other);
        }
        let file = File::open(path)?;
        let opened = file.metadata()?;
        // Another may have taken its place meanwhile, which matters to root in a user's folder.
        match ownership::is_same(&named, &opened) {
            true => Ok(AtPath::File(file, opened)),
            false => Ok(AtPath::Other),
        }
    }
}

/// Whether what is at `path` is neither a regular file nor a folder.
pub(super) fn is_special(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|named| !named.is_file() && !named.is_dir())
}

/// `Ok(None)` when nothing is at the path that was tried.
pub(super) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Keeps the system's own words: tempfile adds the temp file's path to them, which is of no use to the user.
fn without_path(error: io::Error) -> io::Error {
    let words = error.to_string();
    let own = words.split(" at path ").next().unwrap_or_default();
    io::Error::new(error.kind(), own)
}

/// After the rename to `path`: without an fsync of the folder a power cut may undo it. Windows cannot open a folder as a file.
fn settle(path: &Path, renamed: Result<File, tempfile::PersistError>) -> io::Result<Metadata> {
    let file = renamed.map_err(|e| e.error)?;
    if cfg!(unix) {
        File::open(folder_of(path))?.sync_all()?;
    }
    file.metadata()
}

/// The name of a temp file for `path`, when only one can be written at a time.
fn fixed_name(path: &Path) -> OsString {
    let mut name = OsString::from(".barepush-");
    name.push(path.file_name().unwrap_or_default());
    name
}

/// How the names of temp files for `path` begin; random letters and digits follow.
fn random_prefix(path: &Path) -> OsString {
    let mut prefix = fixed_name(path);
    prefix.push("-");
    prefix
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

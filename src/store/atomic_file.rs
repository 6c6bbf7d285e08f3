//! Files that are written whole or not at all, and that only their owner can read: keys, certificate, subscriptions. Edit it to
//! change how a file gets onto the disk.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::ownership;

/// How much is written at once: a long list takes fewer system calls than with the standard library's 8 KiB.
const BUFFER_BYTES: usize = 64 * 1024;

/// `name` in `folder`, without a leading `./`, so that messages name files as people type them.
pub fn path_in(folder: &Path, name: &str) -> PathBuf {
    folder.strip_prefix(".").unwrap_or(folder).join(name)
}

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
/// which takes milliseconds: only the folder's owner can open it, and so lock it.
///
/// # Errors
/// The system's.
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
/// The system's.
#[cfg(not(unix))]
pub fn private_folder_locked(folder: &Path) -> io::Result<()> {
    create_private_folder(folder)
}

/// A new file, written beside the file that it will replace. Until [`Replacement::commit`] the old file stays as it is; when the
/// new one is dropped before, it is removed.
pub struct Replacement {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Replacement {
    /// Begins a file that only its owner can read (mode 0600 whatever the umask), with random letters in its name until it has
    /// the name `path`. A symbolic link at `path` is replaced, never followed.
    ///
    /// # Errors
    /// The system's.
    pub fn new(path: &Path) -> io::Result<Replacement> {
        let temp = tempfile::Builder::new().prefix(&random_prefix(path)).tempfile_in(folder_of(path));
        let temp = temp.map_err(without_path)?;
        ownership::give_to_owner_of(&owner_for(path)?, temp.as_file())?;
        Ok(Replacement::of(temp, path))
    }

    /// Begins a file with the owner, group and mode of the file `old`. Only for a path that is written under a lock: the name of the
    /// unfinished file is fixed, so that the next writer can remove one that a killed writer left.
    ///
    /// # Errors
    /// The system's: `AlreadyExists` when [`Replacement::remove_unfinished`] was not called before.
    pub(super) fn under_lock(path: &Path, old: Option<&Metadata>) -> io::Result<Replacement> {
        let temp = tempfile::Builder::new().prefix(&fixed_name(path)).rand_bytes(0).tempfile_in(folder_of(path));
        let temp = temp.map_err(without_path)?;
        match old {
            Some(old) => ownership::take_over(temp.as_file(), old)?,
            None => ownership::give_to_owner_of(&owner_for(path)?, temp.as_file())?,
        }
        Ok(Replacement::of(temp, path))
    }

    /// Removes the file that a killed writer left. Only under the lock.
    pub(super) fn remove_unfinished(path: &Path) {
        // If it cannot be removed, the next write fails and says why.
        let _ = fs::remove_file(folder_of(path).join(fixed_name(path)));
    }

    fn of(temp: NamedTempFile, path: &Path) -> Replacement {
        Replacement { writer: BufWriter::with_capacity(BUFFER_BYTES, temp), path: path.to_owned() }
    }

    /// Puts the file in its place: fsync, rename, fsync of the folder. Returns the metadata it has then.
    ///
    /// # Errors
    /// The system's, for example when the disk is full; the file at `path` is then as it was.
    pub fn commit(self) -> io::Result<Metadata> {
        let (temp, path) = self.on_disk()?;
        settle(&path, temp.persist(&path))
    }

    /// The same, but never replaces a file.
    ///
    /// # Errors
    /// `AlreadyExists` when there is a file at the path; else as [`Replacement::commit`].
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

/// Opens the file at `path` for writing. One that does not exist is made for its owner alone; by root, for the owner of the file
/// `model`, or of its folder.
///
/// # Errors
/// The system's.
pub(super) fn open_or_create_private(path: &Path, model: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if let Some(file) = if_there(options.write(true).open(path))? {
        return Ok(file);
    }
    match options.create_new(true).open(path) {
        Ok(file) => ownership::give_to_owner_of(&owner_for(model)?, &file).map(|()| file),
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
    /// A link, a pipe or a device: never followed, never replaced.
    Other,
}

impl AtPath {
    /// Opens the file at `path`, but not a link to one. Only under the lock, since a change between the two looks at it would
    /// make it `Other`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open(path: &Path) -> io::Result<AtPath> {
        let Some(named) = if_there(fs::symlink_metadata(path))? else {
            return Ok(AtPath::Nothing);
        };
        // Before it is opened, because opening a pipe may wait for ever.
        if !named.is_file() && !named.is_dir() {
            return Ok(AtPath::Other);
        }
        let file = File::open(path)?;
        let opened = file.metadata()?;
        // In a user's folder the user may have put a link in its place meanwhile, for root to follow.
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

/// Metadata of the file at `path`, or of its folder: whose a new file there is to be when root makes it.
fn owner_for(path: &Path) -> io::Result<Metadata> {
    if_there(fs::symlink_metadata(path))?.map_or_else(|| fs::metadata(folder_of(path)), Ok)
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

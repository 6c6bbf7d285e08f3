//! A file written whole or not at all, and readable by its owner alone: keys, certificate, subscriptions.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

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

/// Replaces `path` by what `write` writes: a temp file in the same folder (mode 0600 whatever the umask), fsync,
/// rename, fsync of the folder. A symbolic link at `path` is replaced, never followed. On error `path` is as it was.
///
/// # Errors
/// What creating, writing (disk full) or renaming answered.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let temp = tempfile::Builder::new()
        .prefix(".barepush-")
        .tempfile_in(folder)?;
    let mut writer = BufWriter::new(temp.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    temp.as_file().sync_all()?;
    temp.persist(path).map_err(|e| e.error)?;
    // Without this a power cut may undo the rename. Windows cannot open a folder as a file.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

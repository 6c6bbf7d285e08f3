//! The VAPID key's file, `keys/vapid_private.pem`: both programs read it, the server makes it at its first start.

use std::fmt::Display;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{LocalError, atomic_file};
use crate::push::{Subject, VapidKey, generate_vapid_pem};

/// The VAPID key's file in the folder `keys`.
pub const VAPID_FILE: &str = "vapid_private.pem";

/// Reads the key in `keys_dir`, and first makes it (PKCS#8 PEM, mode 0600) when the file does not exist: for the server. Returns it,
/// and whether it was made now.
///
/// # Errors
/// When the file cannot be read or written, or does not hold a key. Such a file is never replaced.
pub fn load_or_create(keys_dir: &Path, subject: Subject) -> Result<(VapidKey, bool), LocalError> {
    let path = keys_dir.join(VAPID_FILE);
    if let Some(text) = read(&path)? {
        return Ok((parse(&text, path.display(), subject)?, false));
    }
    create(keys_dir, &path).map_err(|source| {
        let hint = format!("check that the disk has room and who may write {}", path.display());
        LocalError::new(format!("cannot write the VAPID key {}", path.display()), hint).because(source)
    })?;
    // What is used is read back from what is kept.
    Ok((load(keys_dir, subject)?, true))
}

/// Reads the key in `keys_dir`: for notify, whose own new key would match no subscription.
///
/// # Errors
/// When the file does not exist, cannot be read, or does not hold a key.
pub fn load(keys_dir: &Path, subject: Subject) -> Result<VapidKey, LocalError> {
    let path = keys_dir.join(VAPID_FILE);
    let text = read(&path)?.ok_or_else(|| {
        // The whole path: the current folder may be the wrong one.
        let path = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        let hint = "run cargo run --bin server, it makes the key at its first start; if the server runs in another \
            folder, name it: --data-dir DIR";
        LocalError::new(format!("no VAPID key: {} not found", path.display()), hint)
    })?;
    parse(&text, path.display(), subject)
}

/// Reads the key from `text`, the value of `VAPID_PRIVATE_KEY`.
///
/// # Errors
/// When it is not a key; never repeats the text.
pub fn from_env(text: &str, subject: Subject) -> Result<VapidKey, LocalError> {
    parse(text, "VAPID_PRIVATE_KEY", subject)
}

/// The text in the file; `None` when the file does not exist.
fn read(path: &Path) -> Result<Option<String>, LocalError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) if e.kind() == ErrorKind::InvalidData => Err(not_a_key(path.display()).because("not text")),
        Err(e) => {
            let hint = format!("check who may read {}", path.display());
            Err(LocalError::new(format!("cannot read the VAPID key {}", path.display()), hint).because(e))
        }
    }
}

/// The key in `text`, which came from the file or variable `name`.
fn parse(text: &str, name: impl Display, subject: Subject) -> Result<VapidKey, LocalError> {
    VapidKey::from_text(text, subject).map_err(|why| not_a_key(name).because(why))
}

fn not_a_key(name: impl Display) -> LocalError {
    let hint = "give PKCS#8 or SEC1 PEM, or the 32 bytes in base64url; or move the file away: the \
        server then makes a new key, and every browser has to subscribe again";
    LocalError::new(format!("{name} is not a VAPID key"), hint)
}

fn create(keys_dir: &Path, path: &Path) -> io::Result<()> {
    let pem = generate_vapid_pem().ok_or_else(|| io::Error::other("no key could be made"))?;
    atomic_file::create_private_folder(keys_dir)?;
    match atomic_file::create(path, pem.as_bytes()) {
        // Another server started at this very moment; its key is the one that stays.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

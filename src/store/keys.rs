//! The VAPID key's file, `keys/vapid_private.pem`: both programs read it, the server makes it at its first start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::atomic_file;
use crate::push::{Subject, VapidError, VapidKey, generate_vapid_pem};

/// The VAPID key's file in the folder `keys`.
pub const VAPID_FILE: &str = "vapid_private.pem";

/// Whether the key existed before this start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFile {
    /// The key was read, from its file or from the environment.
    Found,
    /// The key was made just now.
    Created,
}

/// Why the VAPID key cannot be used. One variant for each thing to do next.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file does not exist. Its whole path is shown: the current folder may be the wrong one.
    #[error("no VAPID key: {} not found", std::path::absolute(.0).as_ref().unwrap_or(.0).display())]
    Missing(PathBuf),
    /// The file exists and cannot be read.
    #[error("cannot read the VAPID key {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file cannot be written.
    #[error("cannot write the VAPID key {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The file, or the environment variable, named first does not hold a private key.
    #[error("{0} is not a VAPID key")]
    NotAKey(String, #[source] VapidError),
}

impl KeyError {
    /// What to do next, in one sentence.
    pub fn hint(&self) -> String {
        match self {
            KeyError::Missing(_) => {
                "run cargo run --bin server, it makes the key at its first start; if the server runs in another \
                folder, name it: --data-dir DIR"
                    .into()
            }
            KeyError::Read(path, _) => format!("check who may read {}", path.display()),
            KeyError::Write(path, _) => {
                format!("check that the disk has room and who may write {}", path.display())
            }
            KeyError::NotAKey(..) => {
                "give PKCS#8 or SEC1 PEM, or the 32 bytes in base64url; or move the file away: the \
                server then makes a new key, and every browser has to subscribe again"
                    .into()
            }
        }
    }
}

/// Reads the key in `keys_dir`, and first makes it (PKCS#8 PEM, mode 0600) when the file does not exist: for the server.
///
/// # Errors
/// [`KeyError`]. A file that does not hold a key is never replaced.
pub fn load_or_create(keys_dir: &Path, subject: Subject) -> Result<(VapidKey, KeyFile), KeyError> {
    match load(keys_dir, subject.clone()) {
        Err(KeyError::Missing(path)) => {
            create(keys_dir, &path).map_err(|e| KeyError::Write(path, e))?;
            // What is used is read back from what is kept.
            Ok((load(keys_dir, subject)?, KeyFile::Created))
        }
        loaded => Ok((loaded?, KeyFile::Found)),
    }
}

/// Reads the key in `keys_dir`: for notify, whose own new key would match no subscription.
///
/// # Errors
/// [`KeyError`], but never `Write`.
pub fn load(keys_dir: &Path, subject: Subject) -> Result<VapidKey, KeyError> {
    let path = keys_dir.join(VAPID_FILE);
    let not_a_key = |why| KeyError::NotAKey(path.display().to_string(), why);
    let text = fs::read_to_string(&path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => KeyError::Missing(path.clone()),
        io::ErrorKind::InvalidData => not_a_key(VapidError("not text")),
        _ => KeyError::Read(path.clone(), e),
    })?;
    VapidKey::from_text(&text, subject).map_err(not_a_key)
}

/// Reads the key from `text`, the value of `VAPID_PRIVATE_KEY`.
///
/// # Errors
/// [`KeyError::NotAKey`], which never repeats the text.
pub fn from_env(text: &str, subject: Subject) -> Result<VapidKey, KeyError> {
    VapidKey::from_text(text, subject).map_err(|why| KeyError::NotAKey("VAPID_PRIVATE_KEY".into(), why))
}

fn create(keys_dir: &Path, path: &Path) -> io::Result<()> {
    let pem = generate_vapid_pem().ok_or_else(|| io::Error::other("no key could be made"))?;
    atomic_file::create_private_folder(keys_dir)?;
    match atomic_file::create(path, pem.as_bytes()) {
        // Another server started at this very moment; its key is the one that stays.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

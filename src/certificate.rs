//! The certificate of the https listener: the self-signed one is made once and kept, or the user's own files are read.

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};

/// A certificate chain and the private key that belongs to its first certificate.
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    file: PathBuf,
}

/// What [`Certificate::load_or_create`] found in the folder of keys.
#[derive(Debug, PartialEq, Eq)]
pub enum Made {
    /// The stored certificate still serves.
    Kept,
    /// There was none.
    New,
    /// The stored one no longer serves, for this reason; browsers must be told to trust the new one.
    Remade(&'static str),
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file or the folder of keys cannot be read.
    #[error("cannot read '{}'", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
}

impl CertificateError {
    /// What to do next, one line.
    pub fn hint(&self) -> String {
        String::new()
    }
}

impl Certificate {
    /// Reads `tls_cert.pem` and `tls_key.pem` of `keys_dir`, or makes them for localhost and `names`.
    pub fn load_or_create(_keys_dir: &Path, _names: &[String]) -> Result<(Certificate, Made), CertificateError> {
        todo!()
    }
    /// Reads the user's own chain and key, PEM each.
    pub fn from_files(_cert: &Path, _key: &Path) -> Result<Certificate, CertificateError> {
        todo!()
    }
    /// Base64 of the SHA-256 of the public key (SPKI), as Chrome's `--ignore-certificate-errors-spki-list` wants it.
    pub fn spki_sha256(&self) -> String {
        todo!()
    }
    /// The file the chain was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

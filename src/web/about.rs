//! What `/status` reports about the server itself: its addresses, files and commands to paste.

use serde::Serialize;

/// What the server program knows when it starts; the start-up text prints the same values.
#[derive(Debug, Clone, Default, Serialize)]
pub struct About {
    /// Of barepush, as in Cargo.toml.
    pub version: &'static str,
    /// URL of the https listener.
    pub https: String,
    /// URL of the http listener, when there is one.
    pub http: Option<String>,
    /// Folder of keys.
    pub keys: String,
    /// What a browser must trust for https.
    pub certificate: CertificateInfo,
    /// The command that sends a message, as it is typed beside this server.
    pub notify: String,
}

/// The certificate of the https listener.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CertificateInfo {
    /// Its PEM file.
    pub file: String,
    /// Base64 of the SHA-256 of its public key, for Chrome's `--ignore-certificate-errors-spki-list`.
    pub spki_sha256: String,
    /// The command that makes Chrome and Chromium on Linux trust it.
    pub certutil: String,
}

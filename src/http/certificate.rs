//! The certificate of the https listener: a self-signed one is made once and kept, or the user's own files are read.

use base64ct::{Base64, Encoding};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError as Flaw, Error as TlsError, RootCertStore, sign::CertifiedKey};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io, io::Write};

/// Names every certificate holds: what a browser on this machine may type.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The certificate's private key in the folder of keys.
pub const KEY_FILE: &str = "tls_key.pem";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest life that browsers accept is 398 days; one less, for the day `not_before` lies back.
const LIFE: Duration = Duration::from_secs(396 * 24 * 60 * 60);

/// A certificate chain and the private key that belongs to its first certificate.
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    spki: Vec<u8>,
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
    /// A file cannot be read.
    #[error("cannot read '{}'", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// A file, or the folder of keys, cannot be written.
    #[error("cannot write '{}'", .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
    /// A file does not hold what it should, in PEM.
    #[error("'{}' holds no {what}", .file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// What the parser said.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key cannot be used, or do not belong together.
    #[error("'{}' and '{}' are no pair", .cert.display(), .key.display())]
    NoPair {
        /// The file of the certificate.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What rustls said.
        #[source]
        source: TlsError,
    },
    /// The stored certificate is somebody else's, so it is not overwritten.
    #[error("'{}' was not made by this program", .0.display())]
    Foreign(PathBuf, #[source] TlsError),
    /// A name that no certificate can hold.
    #[error("'{0}' is neither a host name nor an address")]
    Name(String),
    /// The certificate cannot be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
}

impl CertificateError {
    /// What to do next, one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(..) => "check that the file exists and that this user may read it",
            Self::Unwritable(..) => "make the folder writable, or choose another with --data-dir",
            Self::NotPem { .. } => {
                "give PEM files (mkcert writes such), or delete tls_cert.pem and tls_key.pem to have new ones made"
            }
            Self::NoPair { .. } => "give the key that the certificate was made with",
            Self::Foreign(..) => "give your own certificate with --tls-cert and --tls-key, outside the folder of keys",
            Self::Name(..) => "give --name a plain host name, such as dev.example",
            Self::Make(_) => "check the names given with --name",
        }
    }
}

impl Certificate {
    /// Reads `tls_cert.pem` and `tls_key.pem` of `keys_dir`, or makes them for localhost and `names`.
    ///
    /// The stored pair is kept while it holds all names (more do no harm, and a browser's trust is in this very
    /// certificate) and lasts for another day; it is remade when it does not or when the two files are no pair.
    pub fn load_or_create(keys_dir: &Path, names: &[String]) -> Result<(Self, Made), CertificateError> {
        let wanted = server_names(names)?;
        // Two servers that start at once would mix their halves.
        let _lock = crate::store::atomic_file::private_folder_locked(keys_dir)
            .map_err(|source| CertificateError::Unwritable(keys_dir.into(), source))?;
        let (cert, key) = (keys_dir.join("tls_cert.pem"), keys_dir.join(KEY_FILE));
        let made = match (is_there(&cert)?, is_there(&key)?) {
            (false, false) => Made::New,
            (true, true) => match Self::from_files(&cert, &key) {
                Ok(stored) => match stored.flaw(&wanted)? {
                    None => return Ok((stored, Made::Kept)),
                    Some(why) => Made::Remade(why),
                },
                Err(CertificateError::NoPair { .. }) => Made::Remade("certificate and key were no pair"),
                Err(error) => return Err(error),
            },
            _ => Made::Remade("half of the pair was missing"),
        };
        let (chain_pem, key_pem) = self_signed(names)?;
        // The key first: a certificate must never be there without its key.
        write(&key, &key_pem)?;
        write(&cert, &chain_pem)?;
        Ok((Self::from_files(&cert, &key)?, made))
    }

    /// Reads a chain and its key (PKCS#8, SEC1 or PKCS#1), PEM each; fails when they are no pair.
    pub fn from_files(cert: &Path, key: &Path) -> Result<Self, CertificateError> {
        let not_pem = |file: &Path, what, source| CertificateError::NotPem { file: file.into(), what, source };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(cert)?)
            .collect::<Result<_, _>>()
            .map_err(|source| not_pem(cert, "certificate", source))?;
        let private =
            PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|source| not_pem(key, "private key", source))?;
        let Some(first) = chain.first() else {
            return Err(not_pem(cert, "certificate", rustls::pki_types::pem::Error::NoItemsFound));
        };
        let no_pair = |source| CertificateError::NoPair { cert: cert.into(), key: key.into(), source };
        CertifiedKey::from_der(chain.clone(), private.clone_key(), &default_provider()).map_err(no_pair)?;
        let spki = ParsedCertificate::try_from(first).map_err(no_pair)?.subject_public_key_info().to_vec();
        Ok(Self { chain, key: private, spki, file: cert.into() })
    }

    /// Base64 of the SHA-256 of the public key (SPKI), as Chrome's `--ignore-certificate-errors-spki-list` takes it.
    pub fn spki_sha256(&self) -> String {
        Base64::encode_string(ring::digest::digest(&ring::digest::SHA256, &self.spki).as_ref())
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

    /// What is wrong with a stored certificate of ours. rustls' own check of a server answers it, with the
    /// certificate as its own trust anchor, so no other X.509 parser is needed.
    fn flaw(&self, wanted: &[ServerName<'_>]) -> Result<Option<&'static str>, CertificateError> {
        let foreign = |source| CertificateError::Foreign(self.file.clone(), source);
        let parsed = ParsedCertificate::try_from(&self.chain[0]).map_err(foreign)?;
        let mut anchors = RootCertStore::empty();
        anchors.add(self.chain[0].clone()).map_err(foreign)?;
        let algorithms = default_provider().signature_verification_algorithms.all;
        let now = UnixTime::now();
        for moment in [now, UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + DAY)] {
            match verify_server_cert_signed_by_trust_anchor(&parsed, &anchors, &[], moment, algorithms) {
                Ok(()) => {}
                Err(TlsError::InvalidCertificate(Flaw::Expired | Flaw::ExpiredContext { .. })) => {
                    return Ok(Some("it had expired or was about to"));
                }
                Err(TlsError::InvalidCertificate(Flaw::NotValidYet | Flaw::NotValidYetContext { .. })) => {
                    return Ok(Some("it was not valid yet"));
                }
                Err(error) => return Err(foreign(error)),
            }
        }
        let lacks = |name| verify_server_name(&parsed, name).is_err();
        Ok(wanted.iter().any(lacks).then_some("it lacked a name"))
    }
}

fn server_names(names: &[String]) -> Result<Vec<ServerName<'_>>, CertificateError> {
    let all = OWN_NAMES.into_iter().chain(names.iter().map(String::as_str));
    all.map(|name| ServerName::try_from(name).map_err(|_| CertificateError::Name(name.to_owned()))).collect()
}

/// Certificate and key, PEM each. No basicConstraints at all: with an explicit one, either Chromium or Firefox
/// refuses a self-signed server certificate.
fn self_signed(names: &[String]) -> Result<(String, String), CertificateError> {
    let all = OWN_NAMES.into_iter().map(str::to_owned).chain(names.iter().cloned());
    let mut params = CertificateParams::new(all.collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "barepush");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + LIFE).into();
    let key = KeyPair::generate()?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

fn is_there(file: &Path) -> Result<bool, CertificateError> {
    file.try_exists().map_err(|source| CertificateError::Unreadable(file.into(), source))
}

fn read(file: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(file).map_err(|source| CertificateError::Unreadable(file.into(), source))
}

fn write(file: &Path, pem: &str) -> Result<(), CertificateError> {
    crate::store::atomic_file::replace(file, |writer| writer.write_all(pem.as_bytes()))
        .map_err(|source| CertificateError::Unwritable(file.into(), source))
}

#[cfg(test)]
mod tests;

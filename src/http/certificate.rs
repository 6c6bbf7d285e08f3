//! The certificate of the https listener: a self-signed one is made once and kept, or the user's own files are read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64ct::{Base64, Encoding};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use ring::digest::{SHA256, digest};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError as Flaw, Error as TlsError, RootCertStore, ServerConfig};

use crate::store::{LocalError, atomic_file};

/// Names every certificate holds: what a browser on this machine may type.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The certificate's private key in the folder of keys.
pub const KEY_FILE: &str = "tls_key.pem";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest life that browsers accept is 398 days; one less, for the day `not_before` lies back.
const LIFE: Duration = Duration::from_secs(396 * 24 * 60 * 60);

/// A certificate chain, and TLS with the private key that belongs to its first certificate.
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    /// TLS 1.2 and 1.3 with this certificate, ALPN http/1.1, on ring.
    pub tls: Arc<ServerConfig>,
    /// Base64 of the SHA-256 of the public key (SPKI), as Chrome's `--ignore-certificate-errors-spki-list` takes it.
    pub spki_sha256: String,
    /// The file the chain was read from.
    pub file: PathBuf,
    /// Where it came from.
    pub made: Made,
}

/// Where a certificate came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// The user gave it.
    Given,
    /// The stored certificate still serves.
    Kept,
    /// It was made just now.
    New,
    /// The stored one no longer serves, for this reason. Trust in browsers was in the old one.
    Remade(&'static str),
}

impl Certificate {
    /// Reads `tls_cert.pem` and `tls_key.pem` of `keys_dir`, or makes them for localhost and `names`.
    ///
    /// The stored pair is kept while it holds all names (more do no harm, and a browser's trust is in this very
    /// certificate) and lasts for another day; it is remade when it does not or when the two files do not match.
    ///
    /// # Errors
    /// When a file cannot be read or written, is not PEM, or holds a certificate that this program did not make.
    pub fn load_or_create(keys_dir: &Path, names: &[String]) -> Result<Self, LocalError> {
        let wanted = server_names(names)?;
        // Two servers that start at once would mix their halves.
        let _lock =
            atomic_file::private_folder_locked(keys_dir).map_err(|source| unwritable(keys_dir).because(source))?;
        let (cert, key) = (keys_dir.join("tls_cert.pem"), keys_dir.join(KEY_FILE));
        let made = match (is_there(&cert)?, is_there(&key)?) {
            (false, false) => Made::New,
            (true, true) => match Self::read_pair(&cert, &key)? {
                Err(_) => Made::Remade("certificate and key did not match"),
                Ok(stored) => match stored.flaw(&wanted)? {
                    None => return Ok(Self { made: Made::Kept, ..stored }),
                    Some(why) => Made::Remade(why),
                },
            },
            _ => Made::Remade("half of the pair was missing"),
        };
        let (chain_pem, key_pem) = self_signed(names)?;
        // The key first: a certificate must never be there without its key.
        write(&key, &key_pem)?;
        write(&cert, &chain_pem)?;
        Ok(Self { made, ..Self::from_files(&cert, &key)? })
    }

    /// Reads a chain and its key (PKCS#8, SEC1 or PKCS#1), PEM each.
    ///
    /// # Errors
    /// When a file cannot be read or is not PEM, the key is encrypted, or the two do not match.
    pub fn from_files(cert: &Path, key: &Path) -> Result<Self, LocalError> {
        Self::read_pair(cert, key)?.map_err(|source| {
            let what = format!("certificate {} and key {} do not match", cert.display(), key.display());
            LocalError::new(what, "give the key that the certificate was made with").because(source)
        })
    }

    /// The inner error: both files are PEM, and rustls says why they do not match.
    fn read_pair(cert: &Path, key: &Path) -> Result<Result<Self, TlsError>, LocalError> {
        let no_certificate = || not_pem(cert, "a certificate");
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(cert)?)
            .collect::<Result<_, _>>()
            .map_err(|source| no_certificate().because(source))?;
        if chain.is_empty() {
            return Err(no_certificate());
        }
        Ok(Self::new(chain, read_key(key)?, cert))
    }

    /// # Errors
    /// When the first certificate of `chain`, which was read from `file`, and the key do not match.
    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>, file: &Path) -> Result<Self, TlsError> {
        let mut tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key)?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let spki = ParsedCertificate::try_from(&chain[0])?.subject_public_key_info();
        let spki_sha256 = Base64::encode_string(digest(&SHA256, &spki).as_ref());
        Ok(Self { chain, tls: Arc::new(tls), spki_sha256, file: file.into(), made: Made::Given })
    }

    /// What is wrong with a stored certificate of ours. rustls' own check of a server answers it, with the
    /// certificate as its own trust anchor, so no other X.509 parser is needed.
    fn flaw(&self, wanted: &[ServerName<'_>]) -> Result<Option<&'static str>, LocalError> {
        let foreign = |source: TlsError| {
            let hint = "give your own certificate with --tls-cert and --tls-key, outside the folder of keys";
            LocalError::new(format!("{} was not made by this program", self.file.display()), hint).because(source)
        };
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

fn server_names(names: &[String]) -> Result<Vec<ServerName<'_>>, LocalError> {
    let all = OWN_NAMES.into_iter().chain(names.iter().map(String::as_str));
    all.map(|name| {
        ServerName::try_from(name).map_err(|_| {
            let hint = "give --name a plain host name, such as dev.example";
            LocalError::new(format!("'{name}' is neither a host name nor an address"), hint)
        })
    })
    .collect()
}

/// Certificate and key, PEM each. No basicConstraints at all: with an explicit one, either Chromium or Firefox
/// refuses a self-signed server certificate.
fn self_signed(names: &[String]) -> Result<(String, String), LocalError> {
    let make = || {
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
    };
    make().map_err(|source: rcgen::Error| {
        LocalError::new("cannot make a certificate", "check the names given with --name").because(source)
    })
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, LocalError> {
    let pem = read(file)?;
    let is_encrypted = [&b"-----BEGIN ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"]
        .into_iter()
        .any(|mark| pem.windows(mark.len()).any(|part| part == mark));
    if is_encrypted {
        let hint = "decrypt it with openssl pkey -in KEY -out PLAIN_KEY, and give --tls-key PLAIN_KEY";
        return Err(LocalError::new(format!("the key {} is encrypted with a passphrase", file.display()), hint));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|source| not_pem(file, "a private key").because(source))
}

fn is_there(file: &Path) -> Result<bool, LocalError> {
    file.try_exists().map_err(|source| unreadable(file).because(source))
}

fn read(file: &Path) -> Result<Vec<u8>, LocalError> {
    fs::read(file).map_err(|source| unreadable(file).because(source))
}

fn write(file: &Path, pem: &str) -> Result<(), LocalError> {
    atomic_file::replace(file, pem.as_bytes()).map_err(|source| unwritable(file).because(source))
}

fn unreadable(file: &Path) -> LocalError {
    let hint = "check that the file exists and that this user may read it";
    LocalError::new(format!("cannot read {}", file.display()), hint)
}

fn unwritable(file: &Path) -> LocalError {
    let hint = "make the folder writable, or choose another with --data-dir";
    LocalError::new(format!("cannot write {}", file.display()), hint)
}

fn not_pem(file: &Path, what: &str) -> LocalError {
    let hint = "give PEM files, as mkcert writes them, or delete tls_cert.pem and tls_key.pem to have new ones made";
    LocalError::new(format!("{} does not contain {what} in PEM", file.display()), hint)
}

#[cfg(test)]
mod tests;

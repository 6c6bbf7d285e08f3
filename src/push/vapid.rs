//! The application server's key and the Authorization header it signs (RFC 8292, "VAPID").

mod public;
mod subject;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, fs, io};

use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_simple::algorithms::{ECDSAP256KeyPairLike, ES256KeyPair};
use jwt_simple::claims::Claims;
use jwt_simple::prelude::UnixTimeStamp;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};

pub use public::PublicKeyFormats;
pub use subject::{DEFAULT_SUBJECT, Subject};

/// The private key's file in the folder of keys.
pub const FILE: &str = "vapid_private.pem";
/// How long a token holds: half of the 24 hours that RFC 8292 section 2 allows, as most senders do.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// A token is signed anew when less than this is left, so that a clock some minutes off does no harm.
const TOKEN_REST: Duration = Duration::from_secs(60 * 60);
/// How many origins' tokens are kept: a browser's push service is one or two hosts, but a stranger may name any number.
const MAX_TOKENS: usize = 64;

/// The application server's P-256 key pair, its contact, and the tokens signed so far.
pub struct VapidKey {
    pair: ES256KeyPair,
    point: p256::PublicKey,
    public: String,
    subject: Subject,
    tokens: Mutex<HashMap<String, Token>>,
}

/// A signed header and when it ends; one an origin, since signing costs as much as encrypting the message.
struct Token {
    header: String,
    expires: SystemTime,
}

/// Whether the key file was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Read back from its file or the environment.
    Kept,
    /// Made just now.
    New,
}

/// Why there is no VAPID key to sign with. Cut by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum VapidError {
    /// The file is not there.
    #[error("no VAPID key: \"{}\" not found", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read the VAPID key \"{}\"", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file cannot be written.
    #[error("cannot write the VAPID key \"{}\"", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The text is no P-256 private key in any form in circulation.
    #[error("{0} is no VAPID key: {1}")]
    Format(String, &'static str),
    /// The token could not be signed.
    #[error("cannot sign the VAPID token")]
    Sign,
}

impl VapidError {
    /// What to do next, in one sentence.
    pub fn hint(&self) -> String {
        match self {
            VapidError::Missing(_) => "run cargo run --bin server, it makes the key at its first start".into(),
            VapidError::Read(path, _) => format!("check who may read {}", path.display()),
            VapidError::Write(path, _) => {
                format!("check that the disk has room and who may write {}", path.display())
            }
            VapidError::Format(..) => "give PKCS#8 or SEC1 PEM, or the 32 bytes in base64url; to start anew move the \
                file away: the server makes a new key, and every browser subscribes again"
                .into(),
            VapidError::Sign => "report this with the version of barepush".into(),
        }
    }
}

impl VapidKey {
    /// The key in `keys_dir`, made and kept there (PKCS#8, mode 0600) when there is none: for the server.
    ///
    /// # Errors
    /// [`VapidError::Read`], [`VapidError::Write`] or [`VapidError::Format`]; a file that is no key is never replaced.
    pub fn load_or_create(keys_dir: &Path, subject: Subject) -> Result<(VapidKey, Made), VapidError> {
        let path = keys_dir.join(FILE);
        let made = if path.exists() { Made::Kept } else { Made::New };
        if made == Made::New {
            create(keys_dir, &path).map_err(|e| VapidError::Write(path.clone(), e))?;
        }
        // Read back in both cases: what is kept is what is used.
        Ok((VapidKey::load(keys_dir, subject)?, made))
    }

    /// The key in `keys_dir`: for notify, where a fresh key could never match a subscription.
    ///
    /// # Errors
    /// [`VapidError::Missing`], [`VapidError::Read`] or [`VapidError::Format`].
    pub fn load(keys_dir: &Path, subject: Subject) -> Result<VapidKey, VapidError> {
        let path = keys_dir.join(FILE);
        let text = fs::read_to_string(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => VapidError::Missing(path.clone()),
            io::ErrorKind::InvalidData => VapidError::Format(quoted(&path), "not text"),
            _ => VapidError::Read(path.clone(), e),
        })?;
        VapidKey::from_text(&text, subject).map_err(|why| VapidError::Format(quoted(&path), why))
    }

    /// The key as a text in any form in circulation: the value of `VAPID_PRIVATE_KEY`.
    ///
    /// # Errors
    /// [`VapidError::Format`], which never repeats the text.
    pub fn from_env(text: &str, subject: Subject) -> Result<VapidKey, VapidError> {
        VapidKey::from_text(text, subject).map_err(|why| VapidError::Format("VAPID_PRIVATE_KEY".into(), why))
    }

    /// PKCS#8 PEM (`BEGIN PRIVATE KEY`), SEC1 PEM (`BEGIN EC PRIVATE KEY`, perhaps behind `BEGIN EC PARAMETERS`, as
    /// `openssl ecparam -genkey` writes), or base64url, padded or not, of the 32 raw bytes or of PKCS#8 (py-vapid's).
    fn from_text(text: &str, subject: Subject) -> Result<VapidKey, &'static str> {
        // Environment files hold PEM on one line, with each line break written as two letters.
        let text = text.trim().replace("\\n", "\n");
        let text = text.as_str();
        let secret = if text.contains("-----BEGIN ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err("it is encrypted with a passphrase");
        } else if text.contains("-----BEGIN PUBLIC KEY-----") {
            return Err("it is a public key, the private one signs");
        } else if let Some(at) = text.find("-----BEGIN EC PRIVATE KEY-----") {
            p256::SecretKey::from_sec1_pem(&text[at..]).map_err(|_| "not a P-256 key in SEC1 PEM")?
        } else if text.starts_with("-----BEGIN") {
            p256::SecretKey::from_pkcs8_pem(text).map_err(|_| "not a P-256 key in PKCS#8 PEM")?
        } else {
            from_base64(text)?
        };
        let pair = ES256KeyPair::from_bytes(&secret.to_bytes()).map_err(|_| "not a P-256 key")?;
        let point = secret.public_key();
        let public = Base64UrlUnpadded::encode_string(&point.to_sec1_bytes());
        Ok(VapidKey { pair, point, public, subject, tokens: Mutex::default() })
    }

    /// The public key, 65 bytes in base64url: what `subscribe()` takes as `applicationServerKey` and `k` carries.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The public key as other tools want it.
    ///
    /// # Errors
    /// [`VapidError::Sign`], when it cannot be written so, which p256 does not let happen.
    pub fn public_key_formats(&self) -> Result<PublicKeyFormats, VapidError> {
        PublicKeyFormats::of(&self.point).ok_or(VapidError::Sign)
    }

    /// The contact that goes into the token.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The Authorization header for a push service: `vapid t=<token>, k=<public key>` (RFC 8292 section 3). The token's
    /// claims are exactly `aud` (`origin`, with any non-default port), `exp` (12 hours ahead) and `sub`.
    ///
    /// # Errors
    /// [`VapidError::Sign`].
    pub fn authorization(&self, origin: &str) -> Result<String, VapidError> {
        self.authorization_at(SystemTime::now(), origin)
    }

    fn authorization_at(&self, now: SystemTime, origin: &str) -> Result<String, VapidError> {
        // A panic elsewhere cannot leave a half-made token, so a poisoned lock is as good as any.
        let mut tokens = self.tokens.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(token) = tokens.get(origin) {
            // The second bound is for a clock set back: such a token would claim more than push services take.
            let rest = token.expires.duration_since(now).unwrap_or_default();
            if rest > TOKEN_REST && rest <= TOKEN_LIFE {
                return Ok(token.header.clone());
            }
        }
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        let expires = now + TOKEN_LIFE;
        let header = format!("vapid t={}, k={}", self.sign(origin, expires)?, self.public);
        tokens.insert(origin.to_owned(), Token { header: header.clone(), expires });
        Ok(header)
    }

    fn sign(&self, origin: &str, expires: SystemTime) -> Result<String, VapidError> {
        let exp = expires.duration_since(UNIX_EPOCH).map_err(|_| VapidError::Sign)?.as_secs();
        let mut claims = Claims::create(TOKEN_LIFE.into()).with_audience(origin).with_subject(&self.subject);
        // jwt-simple adds two claims that RFC 8292 does not ask for, and that a clock some seconds fast would break.
        (claims.issued_at, claims.invalid_before) = (None, None);
        claims.expires_at = Some(UnixTimeStamp::from_secs(exp));
        self.pair.sign(claims).map_err(|_| VapidError::Sign)
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidKey({}…)", &self.public[..8])
    }
}

fn from_base64(text: &str) -> Result<p256::SecretKey, &'static str> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let bytes = Base64UrlUnpadded::decode_vec(&text).unwrap_or_default();
    match bytes.len() {
        32 => p256::SecretKey::from_slice(&bytes).map_err(|_| "32 bytes, but not a P-256 private key"),
        _ => p256::SecretKey::from_pkcs8_der(&bytes).map_err(|_| "neither PEM nor 32 bytes of base64url"),
    }
}

/// Makes a key and keeps it: temp file with mode 0600, then renamed, so that half a key is never read.
fn create(keys_dir: &Path, path: &Path) -> io::Result<()> {
    let pair = ES256KeyPair::generate();
    let secret = p256::SecretKey::from_slice(&pair.to_bytes()).map_err(io::Error::other)?;
    let pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(io::Error::other)?;
    crate::store::atomic_file::create_private_folder(keys_dir)?;
    match crate::store::atomic_file::create(path, |file| file.write_all(pem.as_bytes())) {
        // Another server started at this very moment; its key is the one that stays.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

#[cfg(test)]
mod tests;

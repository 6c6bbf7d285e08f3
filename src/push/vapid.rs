//! The application server's key and the Authorization header it signs (RFC 8292, "VAPID").

mod subject;

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use jwt_simple::algorithms::{ECDSAP256KeyPairLike, ES256KeyPair};
use jwt_simple::claims::Claims;
use jwt_simple::prelude::UnixTimeStamp;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use parking_lot::Mutex;

use super::RequestError;
pub use subject::{DEFAULT_SUBJECT, Subject};

/// How long a token holds: half of the 24 hours that RFC 8292 section 2 allows, as most senders do.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// A new token is signed when less than this is left, so that a clock some minutes off does no harm.
const TOKEN_REST: Duration = Duration::from_secs(60 * 60);
/// How many origins' tokens are kept: a browser's push service is one or two hosts, but a stranger may name any number.
const MAX_TOKENS: usize = 64;

/// The application server's P-256 key pair, its contact, and the tokens signed so far.
pub struct VapidKey {
    pair: ES256KeyPair,
    point: p256::PublicKey,
    public: String,
    /// The contact that goes into the token.
    pub subject: Subject,
    tokens: Mutex<HashMap<String, Token>>,
}

/// The header of every token, as jwt-simple writes it (RFC 8292 section 2).
pub const TOKEN_HEADER: &str = r#"{"alg":"ES256","typ":"JWT"}"#;

/// A signed token for one push service. It is a secret: whoever has it can send in our name until it expires.
#[derive(Clone)]
pub struct Token {
    /// `header.claims.signature`, each in base64url (RFC 7515 section 3.1).
    pub text: String,
    /// The claim `exp`.
    pub expires: SystemTime,
}

impl VapidKey {
    /// Reads PKCS#8 PEM (`BEGIN PRIVATE KEY`), SEC1 PEM (`BEGIN EC PRIVATE KEY`, perhaps after `BEGIN EC PARAMETERS`, as
    /// `openssl ecparam -genkey` writes), or base64url, padded or not, of the 32 raw bytes or of PKCS#8 (py-vapid's).
    /// Quotes around the text are skipped, and PEM may have lost its line breaks: environment files hold both.
    ///
    /// # Errors
    /// Why the text does not hold a P-256 private key, without repeating it.
    pub fn from_text(text: &str, subject: Subject) -> Result<VapidKey, &'static str> {
        let secret = secret_key(text)?;
        let pair = ES256KeyPair::from_bytes(&secret.to_bytes()).map_err(|_| "not a P-256 key")?;
        let point = secret.public_key();
        let public = Base64UrlUnpadded::encode_string(&point.to_sec1_bytes());
        Ok(VapidKey { pair, point, public, subject, tokens: Mutex::default() })
    }

    /// The public key, 65 bytes in base64url: what `subscribe()` takes as `applicationServerKey` and `k` carries.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The same as a point, for other formats.
    pub fn public_point(&self) -> &p256::PublicKey {
        &self.point
    }

    /// The Authorization header for a push service: `vapid t=<token>, k=<public key>` (RFC 8292 section 3).
    ///
    /// # Errors
    /// [`RequestError::Signing`].
    pub fn authorization(&self, origin: &str) -> Result<String, RequestError> {
        Ok(format!("vapid t={}, k={}", self.token(origin, SystemTime::now())?.text, self.public))
    }

    /// The token in that header, signed once for each origin, since signing costs as much as encrypting the message. Its claims
    /// are exactly `aud` (`origin`, with any non-default port), `exp` (12 hours after `now`) and `sub` (the subject).
    ///
    /// # Errors
    /// [`RequestError::Signing`].
    pub fn token(&self, origin: &str, now: SystemTime) -> Result<Token, RequestError> {
        let mut tokens = self.tokens.lock();
        if let Some(token) = tokens.get(origin) {
            // The second bound is for a clock set back: such a token would claim more than push services take.
            let rest = token.expires.duration_since(now).unwrap_or_default();
            if rest > TOKEN_REST && rest <= TOKEN_LIFE {
                return Ok(token.clone());
            }
        }
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        let expires = now + TOKEN_LIFE;
        let token = Token { text: self.sign(origin, expires)?, expires };
        tokens.insert(origin.to_owned(), token.clone());
        Ok(token)
    }

    fn sign(&self, origin: &str, expires: SystemTime) -> Result<String, RequestError> {
        let exp = expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut claims = Claims::create(TOKEN_LIFE.into()).with_audience(origin).with_subject(&self.subject);
        // jwt-simple adds two claims that RFC 8292 does not ask for, and that a clock some seconds fast would break.
        (claims.issued_at, claims.invalid_before) = (None, None);
        claims.expires_at = Some(UnixTimeStamp::from_secs(exp));
        self.pair.sign(claims).map_err(|_| RequestError::Signing)
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidKey({}…)", &self.public[..8])
    }
}

/// A new private key as PKCS#8 PEM, for its file; `None` only if p256 refused a key that jwt-simple made.
pub fn generate_vapid_pem() -> Option<String> {
    let secret = p256::SecretKey::from_slice(&ES256KeyPair::generate().to_bytes()).ok()?;
    secret.to_pkcs8_pem(LineEnding::LF).ok().map(|pem| pem.to_string())
}

fn secret_key(text: &str) -> Result<p256::SecretKey, &'static str> {
    // Environment files write a line break as two letters, too.
    let text = text.trim().trim_matches(['"', '\'']).replace("\\n", "\n");
    if text.contains("-----BEGIN ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") {
        Err("it is encrypted with a passphrase")
    } else if text.contains("-----BEGIN PUBLIC KEY-----") {
        Err("it is a public key, the private one signs")
    } else if text.contains("-----BEGIN EC PRIVATE KEY-----") {
        let der = pem_contents(&text, "EC PRIVATE KEY");
        der.and_then(|der| p256::SecretKey::from_sec1_der(&der).ok()).ok_or("not a P-256 key in SEC1 PEM")
    } else if text.starts_with("-----BEGIN") {
        let der = pem_contents(&text, "PRIVATE KEY");
        der.and_then(|der| p256::SecretKey::from_pkcs8_der(&der).ok()).ok_or("not a P-256 key in PKCS#8 PEM")
    } else {
        from_base64(&text)
    }
}

/// The bytes that a PEM text (RFC 7468) holds under `label`, wherever its line breaks are.
fn pem_contents(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (base64, _) = rest.split_once(&format!("-----END {label}-----"))?;
    Base64::decode_vec(&base64.split_whitespace().collect::<String>()).ok()
}

fn from_base64(text: &str) -> Result<p256::SecretKey, &'static str> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let bytes = Base64UrlUnpadded::decode_vec(&text).unwrap_or_default();
    match bytes.len() {
        32 => p256::SecretKey::from_slice(&bytes).map_err(|_| "32 bytes, but not a P-256 private key"),
        _ => p256::SecretKey::from_pkcs8_der(&bytes).map_err(|_| "neither PEM nor 32 bytes of base64url"),
    }
}

#[cfg(test)]
mod tests;

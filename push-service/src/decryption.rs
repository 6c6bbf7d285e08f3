//! The browser's end of message encryption (RFC 8291, RFC 8188). It uses p256, hkdf and aes-gcm only, so that it shares no
//! code with the sender it judges.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{ProjectivePoint, PublicKey, SecretKey};
use sha2::Sha256;

/// Salt (16), record size (4) and length of the key (1), then the sender's key (RFC 8188 §2.1).
const HEADER_BYTES: usize = 16 + 4 + 1 + PUBLIC_KEY_BYTES;
const PUBLIC_KEY_BYTES: usize = 65;
/// AES-GCM's tag, at the end of the record.
const TAG_BYTES: usize = 16;
/// Firefox drops a message that announces longer records than this.
const MAX_RECORD_BYTES: usize = 65536;

/// What a browser makes for one subscription and keeps secret.
#[derive(Clone)]
pub struct BrowserKeys {
    private: SecretKey,
    /// The public key, 65 bytes, uncompressed.
    pub p256dh: Vec<u8>,
    /// 16 bytes.
    pub auth: Vec<u8>,
}

impl BrowserKeys {
    /// Fresh keys from the operating system's random numbers.
    pub fn generate() -> Self {
        Self::new(SecretKey::generate(), &random::<16>())
    }

    /// The keys of an example: `private` 32 bytes, `auth` 16. `None` when `private` is not a valid key.
    pub fn from_bytes(private: &[u8], auth: &[u8]) -> Option<Self> {
        Some(Self::new(SecretKey::from_slice(private).ok()?, auth))
    }

    fn new(private: SecretKey, auth: &[u8]) -> Self {
        let p256dh = private.public_key().to_sec1_point(false).as_bytes().to_vec();
        Self { private, p256dh, auth: auth.to_vec() }
    }

    /// The payload inside `body`. The error names the broken rule: a rule of the RFCs or of the strictest browser, since a
    /// browser drops such a message without a word.
    ///
    /// ```text
    /// | salt 16 | rs 4 | 65 | the sender's public key 65 | payload, 0x02, zeros, tag 16 |
    /// ```
    pub fn decrypt(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        let (header, record) = body.split_at_checked(HEADER_BYTES).ok_or("the body is shorter than its header")?;
        let (salt, rs, sender) = (&header[..16], &header[16..20], &header[21..]);
        if header[20] as usize != PUBLIC_KEY_BYTES {
            return Err("the key in the header is not 65 bytes long".to_owned());
        }
        // (RFC 8291 §4) One record; rs greater than payload, delimiter, padding and tag.
        let rs = rs.iter().fold(0, |rs, byte| rs << 8 | usize::from(*byte));
        if rs <= record.len() {
            return Err(format!("rs is {rs}, the record {} bytes", record.len()));
        }
        if rs > MAX_RECORD_BYTES {
            return Err(format!("rs is {rs}, which Firefox drops"));
        }
        let point = PublicKey::from_sec1_bytes(sender).map_err(|_| "the key in the header is not a point on P-256")?;
        // In variable time, which is faster: this key protects nothing. ring would be faster still, but takes ephemeral keys only.
        let shared = ProjectivePoint::from(*point.as_affine()).mul_vartime(&self.private.to_nonzero_scalar());
        let (key, nonce) = content_key(&shared.to_affine().x(), &self.auth, &self.p256dh, sender, salt)?;
        open(&key, nonce, record)
    }
}

/// Content encryption key and nonce of the only record, from the shared secret of ECDH (RFC 8291 §3.4).
pub fn content_key(
    ecdh_secret: &[u8],
    auth_secret: &[u8],
    ua_public: &[u8],
    as_public: &[u8],
    salt: &[u8],
) -> Result<([u8; 16], [u8; 12]), String> {
    let info = [&b"WebPush: info\0"[..], ua_public, as_public].concat();
    let ikm: [u8; 32] = derive(auth_secret, ecdh_secret, &info)?;
    Ok((derive(salt, &ikm, b"Content-Encoding: aes128gcm\0")?, derive(salt, &ikm, b"Content-Encoding: nonce\0")?))
}

/// The payload inside the only record, its tag included.
pub fn open(key: &[u8; 16], nonce: [u8; 12], record: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Aes128Gcm::new_from_slice(key)
        .map_err(|_| "the content key has a wrong length")?
        .decrypt(&Nonce::from(nonce), record)
        .map_err(|_| "the record does not decrypt with this subscription's keys")?;
    debug_assert_eq!(plain.len() + TAG_BYTES, record.len());
    while plain.last() == Some(&0) {
        plain.pop();
    }
    // (RFC 8188 §2) 0x02 delimits the last record.
    if plain.pop() != Some(2) {
        return Err("the last record's delimiter is not 0x02".to_owned());
    }
    if plain.is_empty() {
        return Err("an encrypted empty payload, which Chromium drops".to_owned());
    }
    Ok(plain)
}

fn derive<const N: usize>(salt: &[u8], ikm: &[u8], info: &[u8]) -> Result<[u8; N], String> {
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, &mut out).map_err(|_| "HKDF cannot give that many bytes")?;
    Ok(out)
}

/// Bytes from the operating system's random numbers.
#[allow(clippy::expect_used)]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without random numbers there is no key at all, and the system promises them.
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes)
        .expect("random numbers from the system");
    bytes
}

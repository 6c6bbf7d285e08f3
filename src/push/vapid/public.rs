//! The VAPID public key as other tools want it.

use base64ct::{Base64UrlUnpadded, Encoding};
use p256::pkcs8::{EncodePublicKey, LineEnding};

/// The public key in the formats in circulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeyFormats {
    /// 65 bytes, an uncompressed point: `applicationServerKey`, `k`, and what npm, Go and PHP libraries print.
    pub base64url: String,
    /// The same in hex, 130 digits.
    pub hex: String,
    /// The x coordinate, base64url, for a JWK (RFC 7518 section 6.2).
    pub x: String,
    /// The y coordinate, base64url, for a JWK.
    pub y: String,
    /// SubjectPublicKeyInfo in PEM (`BEGIN PUBLIC KEY`), as openssl and py-vapid write it; ends with a line break.
    pub pem: String,
}

impl PublicKeyFormats {
    /// `None` only if a point were not 65 bytes long, or PEM could not be written.
    pub(super) fn of(key: &p256::PublicKey) -> Option<PublicKeyFormats> {
        let point = key.to_sec1_bytes();
        let (x, y) = point.get(1..)?.split_at_checked(32)?;
        Some(PublicKeyFormats {
            base64url: Base64UrlUnpadded::encode_string(&point),
            hex: point.iter().map(|byte| format!("{byte:02x}")).collect(),
            x: Base64UrlUnpadded::encode_string(x),
            y: Base64UrlUnpadded::encode_string(y),
            pem: key.to_public_key_pem(LineEnding::LF).ok()?,
        })
    }
}

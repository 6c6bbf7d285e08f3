//! Encrypts a payload so that only the subscribed browser can read it (RFC 8291). `ece` lays out the record; ring does the
//! cryptography.

use std::any::Any;
use std::cell::RefCell;

use ece::crypto::{Cryptographer, EcKeyComponents, LocalKeyPair, RemotePublicKey};
use parking_lot::Mutex;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, agreement, hkdf};

use super::{RequestError, Subscription};

/// Largest body every push service must take (RFC 8030 section 7.2).
pub const MAX_BODY_BYTES: usize = 4096;
/// Longest payload: `ece` pads it to the next multiple of 128 bytes and one delimiter must fit in, so 3967 bytes make a
/// record of 3968 + 16 (tag) after a header of 86 bytes, 4070 in all. One byte more makes two records and 4214 bytes, which
/// Chromium drops silently although its push service answers 201.
pub const MAX_PAYLOAD_BYTES: usize = 31 * 128 - 1;
/// Longest payload that every phone takes. A push service reaches some, for example Firefox for Android, over a bridge that may
/// refuse longer ones.
pub const BRIDGED_PAYLOAD_BYTES: usize = 2744;

/// One HKDF-SHA-256 (RFC 5869): extract with `salt` and `secret`, expand with `info` to `output`. All but `info` is secret.
pub struct Hkdf {
    /// Salt of the extract step.
    pub salt: Vec<u8>,
    /// Input keying material.
    pub secret: Vec<u8>,
    /// Context of the expand step.
    pub info: Vec<u8>,
    /// What came out.
    pub output: Vec<u8>,
}

thread_local! {
    /// What this thread's [`encrypt`] has derived so far. `ece` has no argument that could carry it.
    static DERIVED: RefCell<Vec<Hkdf>> = const { RefCell::new(Vec::new()) };
}

/// Encrypts `payload` (1 to 3967 bytes) for `subscription`, with a fresh ephemeral key and salt. Returns the HTTP body, and the three
/// derivations on the way to it for `notify --explain`: the key from ECDH and auth, the content key, the nonce. The body has the
/// content coding aes128gcm and one record (RFC 8291 section 4, RFC 8188 section 2):
///
/// ```text
/// +-----------+--------+-----------+---------------+---------------------------------------------+
/// | salt (16) | rs (4) | idlen (1) | keyid (65)    | AES-128-GCM(payload | 0x02 | zeros), tag 16 |
/// |           | 4096   | 65        | ephemeral key |                                             |
/// +-----------+--------+-----------+---------------+---------------------------------------------+
/// ```
///
/// # Errors
/// [`RequestError::TooLong`], and `Encryption` when `ece` or ring refuses, which does not happen with a checked subscription.
pub fn encrypt(subscription: &Subscription, payload: &[u8]) -> Result<(Vec<u8>, Vec<Hkdf>), RequestError> {
    // It fails only when one is set already, and then it is this one.
    let _ = ece::crypto::set_cryptographer(&Ring);
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(RequestError::TooLong(payload.len()));
    }
    let body = ece::encrypt(subscription.p256dh(), subscription.auth(), payload);
    let derived = DERIVED.take();
    Ok((body.map_err(RequestError::Encryption)?, derived))
}

/// The operations that `ece` needs for sending, done by ring. Those for receiving are refused.
struct Ring;

/// With ring, a private key can be used for one agreement, which is all that a message needs.
struct Ephemeral {
    private: Mutex<Option<agreement::EphemeralPrivateKey>>,
    public: Vec<u8>,
}

struct PeerKey(Vec<u8>);

const REFUSED: ece::Error = ece::Error::CryptoError;

impl LocalKeyPair for Ephemeral {
    fn pub_as_raw(&self) -> ece::Result<Vec<u8>> {
        Ok(self.public.clone())
    }
    fn raw_components(&self) -> ece::Result<EcKeyComponents> {
        Err(REFUSED)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl RemotePublicKey for PeerKey {
    fn as_raw(&self) -> ece::Result<Vec<u8>> {
        Ok(self.0.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The length of an HKDF output, in the form ring asks for.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Cryptographer for Ring {
    fn generate_ephemeral_keypair(&self) -> ece::Result<Box<dyn LocalKeyPair>> {
        let private = agreement::EphemeralPrivateKey::generate(&agreement::ECDH_P256, &SystemRandom::new())
            .map_err(|_| REFUSED)?;
        let public = private.compute_public_key().map_err(|_| REFUSED)?.as_ref().to_vec();
        Ok(Box::new(Ephemeral { private: Mutex::new(Some(private)), public }))
    }

    fn import_key_pair(&self, _: &EcKeyComponents) -> ece::Result<Box<dyn LocalKeyPair>> {
        Err(REFUSED)
    }

    fn import_public_key(&self, raw: &[u8]) -> ece::Result<Box<dyn RemotePublicKey>> {
        Ok(Box::new(PeerKey(raw.to_vec())))
    }

    fn compute_ecdh_secret(&self, remote: &dyn RemotePublicKey, local: &dyn LocalKeyPair) -> ece::Result<Vec<u8>> {
        let local = local.as_any().downcast_ref::<Ephemeral>().ok_or(REFUSED)?;
        let private = local.private.lock().take().ok_or(REFUSED)?;
        let peer = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, remote.as_raw()?);
        agreement::agree_ephemeral(private, &peer, <[u8]>::to_vec).map_err(|_| REFUSED)
    }

    fn hkdf_sha256(&self, salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> ece::Result<Vec<u8>> {
        let mut output = vec![0; len];
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(secret)
            .expand(&[info], Length(len))
            .and_then(|okm| okm.fill(&mut output))
            .map_err(|_| REFUSED)?;
        let [salt, secret, info] = [salt, secret, info].map(<[u8]>::to_vec);
        DERIVED.with_borrow_mut(|derived| derived.push(Hkdf { salt, secret, info, output: output.clone() }));
        Ok(output)
    }

    fn aes_gcm_128_encrypt(&self, key: &[u8], iv: &[u8], data: &[u8]) -> ece::Result<Vec<u8>> {
        let key = aead::UnboundKey::new(&aead::AES_128_GCM, key).map_err(|_| REFUSED)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(iv).map_err(|_| REFUSED)?;
        let mut sealed = Vec::with_capacity(data.len() + aead::AES_128_GCM.tag_len());
        sealed.extend_from_slice(data);
        aead::LessSafeKey::new(key)
            .seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut sealed)
            .map_err(|_| REFUSED)?;
        Ok(sealed)
    }

    fn aes_gcm_128_decrypt(&self, _: &[u8], _: &[u8], _: &[u8]) -> ece::Result<Vec<u8>> {
        Err(REFUSED)
    }

    fn random_bytes(&self, dest: &mut [u8]) -> ece::Result<()> {
        SystemRandom::new().fill(dest).map_err(|_| REFUSED)
    }
}

//! The steps from subscription and payload to body: ECDH, HKDF, the record and the header in front of it (RFC 8291, RFC 8188).

use barepush::push::{BRIDGED_PAYLOAD_BYTES, Hkdf, MAX_BODY_BYTES, MAX_PAYLOAD_BYTES};

use super::{Explanation, base64url, readable, row};

/// Salt, record size, length of the key id, key id: the header in front of the record (RFC 8188 section 2.1).
const HEADER_BYTES: usize = 16 + 4 + 1 + 65;
/// What AES-128-GCM adds to the plaintext.
const TAG_BYTES: usize = 16;

impl Explanation<'_> {
    pub(super) fn subscription(&self) -> String {
        let endpoint = self.subscription.endpoint();
        let (host, whose) = (endpoint.host(), endpoint.vendor().rules().description);
        let ua_public = base64url(self.subscription.p256dh());
        let auth_secret = self.secret_bytes(self.subscription.auth());
        let made_with = match self.subscription.application_server_key() {
            Some(_) => "this VAPID key, according to its member applicationServerKey",
            None => "it does not say which VAPID key; the push service will",
        };
        format!(
            "the subscription (Push API section 8, RFC 8030 section 4; src/push/subscription.rs)
   The browser got the endpoint from its push service. It made a key pair and auth_secret itself.
   The push service knows the endpoint, but neither auth_secret nor the browser's private key.
   push service     {host} ({whose})
   endpoint         {}
                    the address of this browser at the push service
   ua_public        {ua_public}
                    65 bytes: p256dh, the browser's public key, a point on P-256
   auth_secret      {auth_secret}
                    16 bytes: auth, known to the browser and to us, but not to the push service
   made with        {made_with}",
            self.endpoint(endpoint)
        )
    }

    pub(super) fn payload(&self) -> String {
        let payload = &self.message.payload;
        let mut step = format!(
            "the payload (RFC 8291 section 4; src/push/message.rs)
   These bytes are what the service worker gets. They mean nothing to the push service.
   size             {} bytes; at most {MAX_PAYLOAD_BYTES} fit into one message",
            payload.len()
        );
        if payload.is_empty() {
            return step + &row("", "nothing to encrypt: the request has no body, and the push event no data");
        }
        step += &row("payload", readable(payload));
        if payload.len() > BRIDGED_PAYLOAD_BYTES {
            let bytes = BRIDGED_PAYLOAD_BYTES;
            step += &row("", format_args!("phones reached over a bridge may refuse more than {bytes} bytes"));
        }
        step
    }

    pub(super) fn shared_secret(&self, ikm: &Hkdf) -> String {
        let as_public = base64url(ikm.info.last_chunk::<65>().map(<[u8; 65]>::as_slice).unwrap_or_default());
        let ua_public = base64url(self.subscription.p256dh());
        let ecdh_secret = self.secret_bytes(&ikm.secret);
        format!(
            "a fresh key pair, and the secret it shares with the browser (RFC 8291 section 3.1; src/push/encryption.rs)
   Why a key pair: sender and browser calculate the same secret, though only public keys travel.
   Why a fresh one: its private half would open this message, but no other one.
   The private half never leaves the cryptography library, which uses it once. So everything below can
   be calculated again by hand from ecdh_secret on, but ecdh_secret itself cannot.
   as_public        {as_public}
                    65 bytes: the public half of the fresh key pair
   ua_public        {ua_public}
                    65 bytes: the browser's public key, from step 1
   ecdh_secret      {ecdh_secret}
                    32 bytes: ECDH(as_private, ua_public) on P-256; the browser calculates ECDH(ua_private, as_public)"
        )
    }

    pub(super) fn keying_material(&self, ikm: &Hkdf) -> String {
        let (key_info, ikm) = (base64url(&ikm.info), self.secret_bytes(&ikm.output));
        format!(
            "the keying material, which needs auth_secret too (RFC 8291 section 3.3; src/push/encryption.rs)
   Why auth_secret: anybody who knows ua_public could have done the step above.
   Only the browser and we know auth_secret, so only we can make a message that the browser accepts.
   key_info         {key_info}
                    144 bytes: \"WebPush: info\" 0x00 ua_public as_public
   IKM              {ikm}
                    32 bytes: HKDF-SHA-256(salt=auth_secret, secret=ecdh_secret, info=key_info)"
        )
    }

    pub(super) fn content_key(&self, cek: &Hkdf) -> String {
        let (salt, info, cek) = (base64url(&cek.salt), cek.info.escape_ascii(), self.secret_bytes(&cek.output));
        format!(
            "the content encryption key (RFC 8188 section 2.2; src/push/encryption.rs)
   Why a salt: it is random and new for each message, so no two messages have the same key.
   salt             {salt}
                    16 bytes: random, sent in front of the record
   cek_info         \"{info}\"
   CEK              {cek}
                    16 bytes: HKDF-SHA-256(salt=salt, secret=IKM, info=cek_info)"
        )
    }

    pub(super) fn nonce(&self, nonce: &Hkdf) -> String {
        let (info, nonce) = (nonce.info.escape_ascii(), self.secret_bytes(&nonce.output));
        format!(
            "the nonce (RFC 8188 section 2.3; src/push/encryption.rs)
   Why a nonce: AES-GCM must never use the same key with the same nonce twice.
   nonce_info       \"{info}\"
   NONCE            {nonce}
                    12 bytes: HKDF-SHA-256(salt=salt, secret=IKM, info=nonce_info)
                    the only record has number 0, so the nonce is used as it is"
        )
    }

    pub(super) fn record(&self, body: &[u8]) -> String {
        let (payload, record) = (self.message.payload.len(), body.len() - HEADER_BYTES - TAG_BYTES);
        let zeros = record - payload - 1;
        format!(
            "the record (RFC 8188 section 2, RFC 8291 section 4; src/push/encryption.rs)
   Why padding: encrypted text is as long as its plaintext, and the length can tell what a message says.
   plaintext        payload ({payload} bytes), delimiter 02, {zeros} zeros of padding
                    02 marks the last record; the padding fills up to a multiple of 128 bytes
   encrypted        AES-128-GCM with CEK and NONCE: {record} bytes and a tag of {TAG_BYTES}"
        )
    }

    pub(super) fn body(&self, body: &[u8]) -> String {
        let mut step = format!(
            "the body (RFC 8188 section 2.1; src/push/encryption.rs)
   Why a header: salt and as_public are what the browser lacks to derive the same keys. Neither is secret.
   The push service can read this header and count the bytes. It cannot read the record.
   size             {} bytes; every push service accepts {MAX_BODY_BYTES}",
            body.len()
        );
        let mut offset = 0;
        for (name, length, meaning) in [
            ("salt", 16, ""),
            ("rs", 4, ": record size, 4096"),
            ("idlen", 1, ": length of keyid, 65"),
            ("keyid", 65, ": as_public"),
            ("record", body.len() - HEADER_BYTES - TAG_BYTES, ": payload, delimiter and padding, encrypted"),
            ("tag", TAG_BYTES, ": of AES-128-GCM, reveals any change on the way"),
        ] {
            step += &row(name, format_args!("at {offset}, {length} bytes{meaning}"));
            step += &self.hex(&body[offset..offset + length]);
            offset += length;
        }
        step
    }
}

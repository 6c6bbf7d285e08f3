//! The walk from payload to body: ECDH, HKDF, the record and what stands before it (RFC 8291, RFC 8188).

use super::page::Page;
use barepush::push::encryption::{Hkdf, MAX_BODY_BYTES, Trace};
use barepush::push::message::Message;
use barepush::push::subscription::Subscription;

/// Salt, record size, length of the key id, key id: what stands before the record (RFC 8188 section 2.1).
const HEADER_FIELDS: [(usize, &str); 4] = [(16, "salt"), (4, "rs"), (1, "idlen"), (65, "keyid")];

pub(super) fn of_ecdh(page: &mut Page, subscription: &Subscription, trace: &Trace) {
    page.step("an ephemeral key, and the secret it shares with the browser", "RFC 8291 section 3.1");
    page.bytes("as_public", &trace.ephemeral_public, "public half of a key pair made for this message alone");
    page.personal("ua_public", subscription.p256dh(), "from step 1");
    page.secret_bytes(
        "ecdh_secret",
        &trace.ecdh_secret,
        "ECDH(as_private, ua_public) on P-256: the browser gets the same",
    );
}

pub(super) fn of_keys(page: &mut Page, trace: &Trace) {
    let [ikm, cek, nonce] = trace.hkdf.as_slice() else {
        // ece derives three keys, always.
        return;
    };
    page.step("the secret becomes keying material that needs auth_secret too", "RFC 8291 section 3.3");
    of_hkdf(page, ikm, "auth_secret", "ecdh_secret", "key_info", "IKM");
    page.note("key_info is \"WebPush: info\" 0x00 ua_public as_public");
    page.step("the content encryption key", "RFC 8188 section 2.2");
    page.bytes("salt", &cek.salt, "random, sent in front of the record");
    of_hkdf(page, cek, "salt", "IKM", "cek_info", "CEK");
    page.step("the nonce", "RFC 8188 section 2.3");
    of_hkdf(page, nonce, "salt", "IKM", "nonce_info", "NONCE");
    page.note("the record has number 0, so the nonce is used as it is");
}

fn of_hkdf(page: &mut Page, hkdf: &Hkdf, salt: &str, secret: &str, info: &str, output: &str) {
    let bytes = hkdf.output.len();
    // In key_info the browser's public key would stand in full.
    let shown = match info {
        "key_info" => page.masked_bytes(&hkdf.info),
        _ => format!("\"{}\"", hkdf.info.escape_ascii()),
    };
    page.value(info, &shown);
    page.secret_bytes(
        output,
        &hkdf.output,
        &format!("HKDF-SHA-256(salt={salt}, secret={secret}, info={info}, {bytes} bytes)"),
    );
}

pub(super) fn of_record(page: &mut Page, message: &Message, trace: &Trace) {
    let (payload, record) = (message.payload.len(), trace.record.len());
    page.step("the record", "RFC 8188 section 2, RFC 8291 section 4");
    page.value("plaintext", &format!("payload ({payload}), delimiter 02, {} zeros of padding", record - payload - 1));
    page.value("sealed", &format!("AES-128-GCM with CEK and NONCE: {record} bytes and a tag of 16"));
    page.note("the padding, to a multiple of 128, hides how long the payload is; 02 marks the last record");
}

pub(super) fn of_body(page: &mut Page, body: &[u8]) {
    page.step("the body", "RFC 8188 section 2.1");
    page.value("size", &format!("{} bytes, every push service takes {MAX_BODY_BYTES}", body.len()));
    let (mut offset, mut rest) = (0, body);
    for (bytes, name) in HEADER_FIELDS {
        let Some((field, after)) = rest.split_at_checked(bytes) else {
            return;
        };
        let number = field.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let meaning = match name {
            "rs" => format!("record size: {number}"),
            "idlen" => format!("length of keyid: {number}"),
            "keyid" => "as_public".into(),
            _ => String::new(),
        };
        page.hex(offset, name, field, &meaning);
        (offset, rest) = (offset + bytes, after);
    }
    let (sealed, tag) = rest.split_at(rest.len().saturating_sub(16));
    page.hex(offset, "record", sealed, "encrypted: payload, delimiter, padding");
    page.hex(offset + sealed.len(), "tag", tag, "of AES-128-GCM: shows any change on the way");
}

//! The steps from payload to body: ECDH, HKDF, the record and the header in front of it (RFC 8291, RFC 8188).

use super::printer::{Printer, Value};
use super::steps;
use barepush::push::{Hkdf, MAX_BODY_BYTES, Message, Subscription};

/// Salt, record size, length of the key id, key id: the header in front of the record (RFC 8188 section 2.1).
const HEADER_FIELDS: [(usize, &str); 4] = [(16, "salt"), (4, "rs"), (1, "idlen"), (65, "keyid")];
/// What AES-128-GCM adds to the plaintext.
const TAG_BYTES: usize = 16;

pub(super) fn shared_secret(printer: &mut Printer, subscription: &Subscription, ikm: &Hkdf) {
    let as_public = ikm.info.last_chunk::<65>().map(<[u8; 65]>::as_slice).unwrap_or_default();
    printer.step(&steps::SHARED_SECRET);
    printer.row("as_public", Value::Bytes(as_public), "the public half of the fresh key pair");
    printer.row("ua_public", Value::Bytes(subscription.p256dh()), "the browser's public key, from step 1");
    let meaning = "ECDH(as_private, ua_public) on P-256; the browser calculates ECDH(ua_private, as_public)";
    printer.row("ecdh_secret", Value::SecretBytes(&ikm.secret), meaning);
}

pub(super) fn derived_keys(printer: &mut Printer, [ikm, cek, nonce]: [&Hkdf; 3]) {
    printer.step(&steps::KEYING_MATERIAL);
    printer.row("key_info", Value::Bytes(&ikm.info), "\"WebPush: info\" 0x00 ua_public as_public");
    hkdf(printer, ikm, "IKM", "salt=auth_secret, secret=ecdh_secret, info=key_info");
    printer.step(&steps::CONTENT_KEY);
    printer.row("salt", Value::Bytes(&cek.salt), "random, sent in front of the record");
    printer.text("cek_info", format!("\"{}\"", cek.info.escape_ascii()));
    hkdf(printer, cek, "CEK", "salt=salt, secret=IKM, info=cek_info");
    printer.step(&steps::NONCE);
    printer.text("nonce_info", format!("\"{}\"", nonce.info.escape_ascii()));
    hkdf(printer, nonce, "NONCE", "salt=salt, secret=IKM, info=nonce_info");
    printer.note("the only record has number 0, so the nonce is used as it is");
}

fn hkdf(printer: &mut Printer, Hkdf { output, .. }: &Hkdf, name: &str, inputs: &str) {
    printer.row(name, Value::SecretBytes(output), &format!("HKDF-SHA-256({inputs})"));
}

pub(super) fn record(printer: &mut Printer, message: &Message, body: &[u8]) {
    let header: usize = HEADER_FIELDS.iter().map(|(bytes, _)| bytes).sum();
    let (payload, record) = (message.payload.len(), body.len() - header - TAG_BYTES);
    printer.step(&steps::RECORD);
    let zeros = record - payload - 1;
    printer.text("plaintext", format!("payload ({payload} bytes), delimiter 02, {zeros} zeros of padding"));
    printer.note("02 marks the last record; the padding fills up to a multiple of 128 bytes");
    printer.text("encrypted", format!("AES-128-GCM with CEK and NONCE: {record} bytes and a tag of {TAG_BYTES}"));
}

pub(super) fn body(printer: &mut Printer, body: &[u8]) {
    printer.step(&steps::BODY);
    printer.text("size", format!("{} bytes; every push service accepts {MAX_BODY_BYTES}", body.len()));
    let (mut offset, mut rest) = (0, body);
    for (bytes, name) in HEADER_FIELDS {
        let Some((field, after)) = rest.split_at_checked(bytes) else {
            return;
        };
        let number = field.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let meaning = match name {
            "rs" => format!("record size, {number}"),
            "idlen" => format!("length of keyid, {number}"),
            "keyid" => "as_public".into(),
            _ => String::new(),
        };
        printer.row(name, Value::Field(offset, field), &meaning);
        (offset, rest) = (offset + bytes, after);
    }
    let (sealed, tag) = rest.split_at(rest.len().saturating_sub(TAG_BYTES));
    printer.row("record", Value::Field(offset, sealed), "payload, delimiter and padding, encrypted");
    printer.row("tag", Value::Field(offset + sealed.len(), tag), "of AES-128-GCM, reveals any change on the way");
}

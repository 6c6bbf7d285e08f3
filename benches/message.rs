//! What one message costs before it is posted: encryption beside its floor (RFC 8291 written straight on ring), signing,
//! building the request. `benches/message.py` makes the table of it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use barepush::push::{
    DEFAULT_SUBJECT, MAX_PAYLOAD_BYTES, Message, Notification, PushRequest, Subject, Subscription, VapidKey, encrypt,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, agreement, hkdf};

/// The payload that the benchmarks of other web-push libraries use, in bytes.
const PAYLOAD_BYTES: usize = 100;
const ORIGIN: &str = "https://push.example";

/// A subscription with a key pair nobody has the private half of.
fn subscription() -> Subscription {
    let random = SystemRandom::new();
    let private = agreement::EphemeralPrivateKey::generate(&agreement::ECDH_P256, &random).unwrap();
    let public = private.compute_public_key().unwrap();
    let mut auth = [0; 16];
    random.fill(&mut auth).unwrap();
    let json = serde_json::json!({
        "endpoint": format!("{ORIGIN}/{}", "e".repeat(180)),
        "keys": {
            "p256dh": Base64UrlUnpadded::encode_string(public.as_ref()),
            "auth": Base64UrlUnpadded::encode_string(&auth),
        },
    });
    Subscription::from_json(&json.to_string()).unwrap()
}

fn key() -> VapidKey {
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).unwrap();
    let subject = Subject::parse(DEFAULT_SUBJECT).unwrap();
    VapidKey::from_text(&Base64UrlUnpadded::encode_string(&secret), subject).unwrap()
}

/// The length of an HKDF output.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The least that RFC 8291 asks of a sender, with nothing of ours around it; padded as `encryption::encrypt` does.
fn floor(random: &SystemRandom, p256dh: &[u8; 65], auth: &[u8; 16], payload: &[u8]) -> Vec<u8> {
    let private = agreement::EphemeralPrivateKey::generate(&agreement::ECDH_P256, random).unwrap();
    let public = private.compute_public_key().unwrap();
    let peer = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, p256dh);
    let mut ikm = [0; 32];
    agreement::agree_ephemeral(private, &peer, |secret| {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, auth).extract(secret);
        let info: [&[u8]; 3] = [b"WebPush: info\0", p256dh, public.as_ref()];
        prk.expand(&info, Length(32)).unwrap().fill(&mut ikm).unwrap();
    })
    .unwrap();

    let mut body = Vec::with_capacity(86 + payload.len() + 128 + 16);
    let mut salt = [0; 16];
    random.fill(&mut salt).unwrap();
    body.extend_from_slice(&salt);
    body.extend_from_slice(&4096_u32.to_be_bytes());
    body.push(65);
    body.extend_from_slice(public.as_ref());

    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt).extract(&ikm);
    let (mut content_key, mut nonce) = ([0; 16], [0; 12]);
    let expand = |info: &[u8], output: &mut [u8]| {
        let info = [info];
        let okm = prk.expand(&info, Length(output.len())).unwrap();
        okm.fill(output).unwrap();
    };
    expand(b"Content-Encoding: aes128gcm\0", &mut content_key);
    expand(b"Content-Encoding: nonce\0", &mut nonce);

    let start = body.len();
    body.extend_from_slice(payload);
    body.push(2);
    body.resize(start + (payload.len() + 1).next_multiple_of(128), 0);
    let content_key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, &content_key).unwrap());
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    let tag = content_key.seal_in_place_separate_tag(nonce, aead::Aad::empty(), &mut body[start..]).unwrap();
    body.extend_from_slice(tag.as_ref());
    body
}

fn encrypting(criterion: &mut Criterion) {
    let (subscription, random) = (subscription(), SystemRandom::new());
    for (name, bytes) in [("", PAYLOAD_BYTES), (", longest payload", MAX_PAYLOAD_BYTES)] {
        let payload = vec![b'm'; bytes];
        let (p256dh, auth) = (subscription.p256dh(), subscription.auth());
        let (ours, least) = (encrypt(&subscription, &payload).unwrap().0, floor(&random, p256dh, auth, &payload));
        assert_eq!(ours.len(), least.len(), "one does more than the other");
        criterion.bench_function(&format!("encryption floor{name}"), |bencher| {
            bencher.iter(|| floor(&random, p256dh, auth, black_box(&payload)));
        });
        criterion.bench_function(&format!("encryption{name}"), |bencher| {
            bencher.iter(|| encrypt(&subscription, black_box(&payload)).unwrap());
        });
    }
}

fn signing(criterion: &mut Criterion) {
    let signed = key();
    signed.authorization(ORIGIN).unwrap();
    criterion.bench_function("authorization, cached", |bencher| {
        bencher.iter(|| signed.authorization(black_box(ORIGIN)).unwrap());
    });
    criterion.bench_function("authorization, signed anew", |bencher| {
        bencher.iter_batched(key, |fresh| fresh.authorization(black_box(ORIGIN)).unwrap(), BatchSize::SmallInput);
    });
}

fn building(criterion: &mut Criterion) {
    let (subscription, key) = (subscription(), key());
    let text = "m".repeat(PAYLOAD_BYTES - r#"{"body":"","title":""}"#.len());
    let message = Message::new(Notification::new("", text).payload());
    assert_eq!(message.payload.len(), PAYLOAD_BYTES);
    criterion.bench_function("subscription read", |bencher| {
        bencher.iter(|| Subscription::from_json(black_box(subscription.json())).unwrap());
    });
    criterion.bench_function("request", |bencher| {
        bencher.iter(|| PushRequest::new(black_box(&message), &subscription, &key).unwrap());
    });
}

criterion_group!(message, encrypting, signing, building);
criterion_main!(message);

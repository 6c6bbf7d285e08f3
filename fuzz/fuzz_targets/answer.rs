//! What a push service answers: the first line a Retry-After, the second a Date, the rest a body.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use barepush::push::{Answer, DEFAULT_SUBJECT, Message, PushRequest, Subject, Subscription, VapidKey};

/// RFC 8291's example of a subscription.
const SUBSCRIPTION: &str = r#"{"endpoint":"https://updates.push.services.mozilla.com/wpush/v2/a-token-of-no-one",
"keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}"#;

static REQUEST: LazyLock<PushRequest> = LazyLock::new(|| {
    let key = VapidKey::from_text(
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
        Subject::parse(DEFAULT_SUBJECT).expect("a subject"),
    );
    let to = Subscription::from_json(SUBSCRIPTION).expect("a subscription");
    PushRequest::new(&Message::new(b"x".to_vec()), &to, &key.expect("a key")).expect("a request")
});

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut response = ureq::http::Response::builder().status(429);
    for name in ["retry-after", "date"] {
        response = response.header(name, parts.next().unwrap_or_default());
    }
    let body = ureq::Body::builder().data(parts.next().unwrap_or_default().to_vec());
    if let Ok(response) = response.body(body) {
        let answer = Answer::read(response, &REQUEST);
        assert!(!answer.in_its_words().contains("a-token-of-no-one"));
        assert!(answer.reason.is_none_or(|reason| reason.chars().count() <= 300));
    }
});

//! Tokens and the clock: set forward, set back, and any number of origins.
#![allow(clippy::unwrap_used)]

use super::*;

fn key() -> VapidKey {
    let secret = Base64UrlUnpadded::encode_string(&[7; 32]);
    VapidKey::from_text(&secret, Subject::parse(DEFAULT_SUBJECT).unwrap()).unwrap()
}

/// The claim `exp` of a token, seconds since 1970.
fn expiry(token: &str) -> u64 {
    let claims = token.split('.').nth(1).unwrap();
    let claims = Base64UrlUnpadded::decode_vec(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["exp"].as_u64().unwrap()
}

#[test]
fn a_token_always_ends_within_12_hours_however_the_clock_is_set_meanwhile() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let (key, start) = (key(), UNIX_EPOCH + 20_000 * DAY);
    let minute = Duration::from_secs(60);
    for now in [
        start,
        start + 10 * minute,               // the same token
        start + 11 * 60 * minute + minute, // less than an hour left: a new one
        start + DAY,                       // a day forward
        start,                             // and back again
        start - DAY,
        UNIX_EPOCH, // a machine without a battery
    ] {
        let token = key.token("https://push.example", now).unwrap().text;
        let now = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let left = expiry(&token).saturating_sub(now);
        assert!((60 * 60..=12 * 60 * 60).contains(&left), "{left} s at {now}");
    }
    let again = || key.token("https://push.example", start).unwrap().text;
    assert_eq!(again(), again());
}

#[test]
fn however_many_origins_are_named_few_tokens_are_kept() {
    let key = key();
    for index in 0..200 {
        key.authorization(&format!("https://{index}.push.example")).unwrap();
        assert!(key.tokens.lock().len() <= MAX_TOKENS);
    }
}

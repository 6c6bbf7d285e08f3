//! What the parser of subscriptions takes and refuses, and that its errors never repeat what was sent.

use barepush::push::{Subscription, Vendor};
use push_service::decryption::BrowserKeys;
use serde_json::{Value, json};

/// The subscriber of RFC 8291 section 5.
fn rfc8291() -> Value {
    serde_json::from_str(include_str!("../vectors/rfc8291.json")).unwrap()
}

fn good() -> Value {
    let vector = rfc8291();
    json!({
        "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/secret-token",
        "expirationTime": null,
        "keys": {"p256dh": vector["ua_public"], "auth": vector["auth_secret"]},
    })
}

fn error(json: &str) -> String {
    Subscription::from_json(json).expect_err("an error")
}

#[test]
fn a_browsers_subscription_is_taken_and_kept_as_it_came_on_one_line() {
    let pretty = serde_json::to_string_pretty(&good()).unwrap();
    let subscription = Subscription::from_json(&pretty).unwrap();
    assert_eq!(subscription.endpoint().host(), "updates.push.services.mozilla.com");
    assert_eq!(subscription.endpoint().vendor(), Vendor::Mozilla);
    assert_eq!(subscription.auth().len(), 16);
    assert_eq!(subscription.application_server_key(), None);
    assert!(!subscription.json().contains('\n'));
    assert_eq!(serde_json::from_str::<Value>(subscription.json()).unwrap(), good());
}

#[test]
fn padding_and_the_letters_of_plain_base64_are_taken() {
    let mut padded = good();
    for member in ["p256dh", "auth"] {
        let text = padded["keys"][member].as_str().unwrap();
        let text = format!("{}==", text.replace('-', "+").replace('_', "/"));
        padded["keys"][member] = text.into();
    }
    let (plain, padded) = (good().to_string(), padded.to_string());
    let (plain, padded) = (Subscription::from_json(&plain).unwrap(), Subscription::from_json(&padded).unwrap());
    assert_eq!(plain.p256dh(), padded.p256dh());
    assert_eq!(plain.auth(), padded.auth());
}

#[test]
fn what_is_no_subscription_is_refused_by_the_member_that_is_wrong() {
    let with = |pointer: &str, value: Value| {
        let mut json = good();
        *json.pointer_mut(pointer).unwrap() = value;
        json.to_string()
    };
    let mut with_key = good();
    with_key["applicationServerKey"] = "AAAA".into();
    for (json, expected) in [
        ("{\"endpoint\": ".into(), "not JSON: it breaks off at line 1, column 13"),
        ("hello".into(), "not JSON: it breaks off at line 1, column 1"),
        (String::new(), "not JSON: it breaks off at line 1, column 0"),
        (json!([good()]).to_string(), "not a PushSubscription: not a JSON object"),
        ("{}".into(), "not a PushSubscription: the member \"endpoint\" is missing or not a string"),
        (with("/endpoint", json!(7)), "not a PushSubscription: the member \"endpoint\" is missing or not a string"),
        (with("/keys", json!("x")), "not a PushSubscription: the member \"keys.p256dh\" is missing or not a string"),
        (
            with("/keys/auth", json!(null)),
            "not a PushSubscription: the member \"keys.auth\" is missing or not a string",
        ),
        (with("/keys/auth", json!("BTBZMqHH6r4Tts7J_aSI")), "auth is not 16 bytes of base64url"),
        (with("/keys/auth", json!("not base64 at all !!!")), "auth is not 16 bytes of base64url"),
        (with("/keys/p256dh", json!("BTBZMqHH6r4Tts7J_aSIgg")), "p256dh is not 65 bytes of base64url"),
        (with("/keys/p256dh", json!(format!("B{}", "A".repeat(86)))), "p256dh is not a point on the curve P-256"),
        (
            with("/endpoint", json!("http://push.example.net/x")),
            "endpoint: http is accepted on loopback only, a push service speaks https",
        ),
        (with("/endpoint", json!("/relative")), "endpoint: not an absolute https URI with a host"),
        (
            with("/endpoint", json!(format!("https://push.example.net/{}", "x".repeat(4096)))),
            "endpoint: 4121 bytes long, at most 2048 are accepted",
        ),
        (with_key.to_string(), "applicationServerKey is not 65 bytes of base64url"),
    ] {
        assert_eq!(error(&json), expected, "{json}");
    }
}

#[test]
fn no_error_and_no_debug_repeats_a_secret() {
    let mut swapped = good();
    swapped["keys"] = "SECRETSECRET".into();
    assert!(!error(&swapped.to_string()).contains("SECRET"));
    let debug = format!("{:?}", Subscription::from_json(&good().to_string()).unwrap());
    assert_eq!(debug, "Subscription(updates.push.services.mozilla.com …et-token)");
}

#[test]
fn an_encrypted_payload_is_read_by_the_browser_of_rfc_8291_alone() {
    let vector = rfc8291();
    let bytes = |name: &str| {
        use base64ct::Encoding;
        base64ct::Base64UrlUnpadded::decode_vec(vector[name].as_str().unwrap()).unwrap()
    };
    let subscription = Subscription::from_json(&good().to_string()).unwrap();
    let (body, _) = barepush::push::encrypt(&subscription, b"When I grow up, I want to be a watermelon").unwrap();
    let browser = BrowserKeys::from_bytes(&bytes("ua_private"), &bytes("auth_secret")).unwrap();
    assert_eq!(browser.decrypt(&body).unwrap(), bytes_of(&vector["plaintext"]));
    assert!(BrowserKeys::generate().decrypt(&body).is_err());
    assert_ne!(body, barepush::push::encrypt(&subscription, b"When I grow up, I want to be a watermelon").unwrap().0);
}

fn bytes_of(text: &Value) -> Vec<u8> {
    text.as_str().unwrap().as_bytes().to_vec()
}

#[test]
fn the_longest_payload_fits_into_one_record_and_one_byte_more_is_refused() {
    let keys = BrowserKeys::generate();
    let encode = |bytes: &[u8]| <base64ct::Base64UrlUnpadded as base64ct::Encoding>::encode_string(bytes);
    let json = json!({
        "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/t",
        "keys": {"p256dh": encode(&keys.p256dh), "auth": encode(&keys.auth)},
    });
    let subscription = Subscription::from_json(&json.to_string()).unwrap();
    for length in [1, 127, 128, 3000, 3967] {
        let payload = vec![b'x'; length];
        let (body, _) = barepush::push::encrypt(&subscription, &payload).unwrap();
        assert!(body.len() <= 4096, "{length} gives {}", body.len());
        assert_eq!(keys.decrypt(&body).unwrap(), payload);
    }
    let error = barepush::push::encrypt(&subscription, &[b'x'; 3968]).err().unwrap();
    assert_eq!(error.to_string(), "the payload is 3968 bytes long, at most 3967 fit into one message");
}

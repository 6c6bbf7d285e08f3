//! `notify --explain`: the steps, their real values, what is masked, what the answer means.

use crate::support::program::LIMIT;
use crate::support::sender::Sender;
use base64ct::{Base64UrlUnpadded, Encoding};
use push_service::{Answer, decryption};

/// The value behind `name` in the walk, where it stands first.
fn value<'a>(walk: &'a str, name: &str) -> &'a str {
    let mut lines = walk.lines().filter_map(|line| line.trim_start().strip_prefix(name));
    let line = lines.find(|rest| rest.starts_with(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{walk}")).trim()
}

fn bytes(walk: &str, name: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(value(walk, name)).unwrap()
}

/// The hex lines below the field called `name`, in the step that is titled `step`.
fn hex(walk: &str, step: &str, name: &str) -> Vec<u8> {
    let (_, after) = walk.split_once(step).unwrap();
    let mut lines = after.lines();
    lines.find(|line| line.trim_start().starts_with(name)).unwrap();
    let digits = lines.map_while(|line| {
        let pairs: Option<Vec<u8>> =
            line.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2)).collect();
        pairs.filter(|pairs| !pairs.is_empty())
    });
    digits.flatten().collect()
}

#[test]
fn by_the_values_shown_each_step_can_be_done_again_by_hand() {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    for text in ["Dinner is ready", &"long ".repeat(500)] {
        let args = ["--explain", "--show-secrets", "--dry-run", text];
        let ended = sender.notify().args(args).run();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let walk = &ended.stdout;
        assert_eq!(value(walk, "endpoint"), browser.endpoint);
        assert_eq!(value(walk, "ua_public"), browser.p256dh);
        assert_eq!(value(walk, "auth_secret"), browser.auth);
        let names = ["ecdh_secret", "auth_secret", "ua_public", "as_public", "salt"];
        let [ecdh, auth, ua, r#as, salt] = names.map(|name| bytes(walk, name));
        let (key, nonce) = decryption::content_key(&ecdh, &auth, &ua, &r#as, &salt).unwrap();
        assert_eq!(bytes(walk, "CEK"), key);
        assert_eq!(bytes(walk, "NONCE"), nonce);
        let step = "the body (RFC 8188 section 2.1)";
        assert_eq!(hex(walk, step, "salt"), salt);
        assert_eq!(hex(walk, step, "rs"), [0, 0, 16, 0]);
        assert_eq!(hex(walk, step, "idlen"), [65]);
        assert_eq!(hex(walk, step, "keyid"), r#as);
        let record = [hex(walk, step, "record"), hex(walk, step, "tag")].concat();
        let payload = decryption::open(&key, nonce, &record).unwrap();
        let expected = serde_json::json!({"title": "barepush", "body": text});
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&payload).unwrap(), expected);
    }
}

#[test]
fn the_values_shown_are_those_that_were_sent() {
    let (sender, [_]) = Sender::with();
    let args = ["--explain", "--show-secrets", "--urgency", "high", "--topic", "news"];
    let ended = sender.notify().args(args).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let (walk, received) = (&ended.stdout, &sender.service.wait_for(1, LIMIT)[0]);
    let step = "the body (RFC 8188 section 2.1)";
    let fields = ["salt", "rs", "idlen", "keyid", "record", "tag"].map(|name| hex(walk, step, name));
    assert_eq!(fields.concat(), received.body);
    assert_eq!(value(walk, "Authorization"), received.header("Authorization").unwrap());
    assert_eq!(value(walk, "POST"), received.endpoint);
    for (name, expected) in
        [("aud", &received.claims["aud"]), ("exp", &received.claims["exp"]), ("sub", &received.claims["sub"])]
    {
        assert!(value(walk, name).starts_with(&expected.to_string()), "{name}");
    }
    assert!(value(walk, "exp").contains("in 12 hours, "), "{}", value(walk, "exp"));
    for (name, start) in [("TTL", "86400 "), ("Urgency", "high "), ("Topic", "news ")] {
        assert!(value(walk, name).starts_with(start), "{name}: {}", value(walk, name));
    }
}

#[test]
fn each_step_names_its_rfc_section_and_no_secret_is_shown() {
    let (sender, [browser]) = Sender::with();
    let ended = sender.notify().args(["--explain", "text"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let steps: Vec<_> = ended.stdout.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(
        steps,
        [
            "1. the subscription (Push API section 8, RFC 8030 section 4)",
            "2. the payload (RFC 8291 section 4)",
            "3. an ephemeral key, and the secret it shares with the browser (RFC 8291 section 3.1)",
            "4. the secret becomes keying material that needs auth_secret too (RFC 8291 section 3.3)",
            "5. the content encryption key (RFC 8188 section 2.2)",
            "6. the nonce (RFC 8188 section 2.3)",
            "7. the record (RFC 8188 section 2, RFC 8291 section 4)",
            "8. the body (RFC 8188 section 2.1)",
            "9. the token that says who sends (RFC 8292)",
            "10. the request (RFC 8030 section 5)",
            "11. the answer (RFC 8030 section 5)",
        ]
    );
    let received = &sender.service.wait_for(1, LIMIT)[0];
    let authorization = received.header("Authorization").unwrap();
    let token = authorization.split(['=', ',']).nth(1).unwrap();
    let path = browser.endpoint.rsplit('/').next().unwrap();
    for secret in [path, &browser.auth, &browser.p256dh, token, authorization] {
        assert!(!ended.stdout.contains(secret), "{secret}\n{}", ended.stdout);
    }
    assert!(ended.stdout.contains(r#"{"body":"text","title":"barepush"}"#));
    for (name, expected) in [("ecdh_secret", 1), ("IKM", 1), ("CEK", 1), ("NONCE", 1), ("key_info", 1)] {
        let masked = format!("   {name:<16} (a secret: --show-secrets)");
        assert_eq!(ended.stdout.matches(&masked).count(), expected, "{name}");
    }
}

#[test]
fn the_answer_is_told_with_its_cause_and_its_cure() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_next(Answer::status(413));
    let ended = sender.notify().arg("--explain").run();
    assert_eq!(ended.code, Some(4));
    let (_, answer) = ended.stdout.split_once("11. ").unwrap();
    assert_eq!(
        answer,
        "the answer (RFC 8030 section 5)\n   \
         status           413 Payload Too Large: payload reached size limit (errno 104)\n   \
         so               refused by localhost: 413 Payload Too Large: payload reached size limit (errno 104): the message is larger than it takes\n   \
         cause            the message is larger than it takes\n   \
         cure             shorten the payload, or send a URL and let the service worker fetch the rest\n"
    );
    assert!(ended.stderr.starts_with("notify: error: refused by localhost: 413 "), "{}", ended.stderr);
}

#[test]
fn a_dry_run_walks_to_the_request_and_sends_nothing() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    let ended = sender.notify().args(["--explain", "--dry-run"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let last = "11. the answer (RFC 8030 section 5)\n                    there is none, nothing was sent: --dry-run\n";
    assert!(ended.stdout.ends_with(last), "{}", ended.stdout);
}

#[test]
fn an_empty_payload_skips_the_encryption() {
    let (sender, [_]) = Sender::with();
    let ended = sender.notify().args(["--explain", "--payload", "-"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("nothing to encrypt: the request has no body, and the push event no data"));
    assert!(ended.stdout.contains("3. the token that says who sends"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("salt"), "{}", ended.stdout);
}

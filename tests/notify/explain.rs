//! `notify --explain`: the steps, their real values, what is masked, what the answer means, what the browser does.

use crate::support::program::LIMIT;
use crate::support::sender::Sender;
use base64ct::{Base64UrlUnpadded, Encoding};
use push_service::decryption;
use push_service_fixture::answer;

/// The value in the first row called `name`.
fn value<'a>(explained: &'a str, name: &str) -> &'a str {
    let mut lines = explained.lines().filter_map(|line| line.trim_start().strip_prefix(name));
    let line = lines.find(|rest| rest.starts_with(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{explained}")).trim()
}

fn bytes(explained: &str, name: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(value(explained, name)).unwrap()
}

/// The hex lines below the field called `name`, in the step that is titled `step`.
fn hex(explained: &str, step: &str, name: &str) -> Vec<u8> {
    let (_, after) = explained.split_once(step).unwrap();
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
fn from_the_shared_secret_on_each_step_can_be_done_again_by_hand_with_the_values_shown() {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    for text in ["Dinner is ready", &"long ".repeat(500)] {
        let args = ["--explain", "--show-secrets", "--dry-run", text];
        let ended = sender.notify().args(args).run();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let explained = &ended.stdout;
        assert_eq!(value(explained, "endpoint"), browser.endpoint);
        assert_eq!(value(explained, "ua_public"), browser.p256dh);
        assert_eq!(value(explained, "auth_secret"), browser.auth);
        let names = ["ecdh_secret", "auth_secret", "ua_public", "as_public", "salt"];
        let [ecdh, auth, ua, r#as, salt] = names.map(|name| bytes(explained, name));
        let (key, nonce) = decryption::content_key(&ecdh, &auth, &ua, &r#as, &salt).unwrap();
        assert_eq!(bytes(explained, "CEK"), key);
        assert_eq!(bytes(explained, "NONCE"), nonce);
        let step = "the body (RFC 8188 section 2.1;";
        assert_eq!(hex(explained, step, "salt"), salt);
        assert_eq!(hex(explained, step, "rs"), [0, 0, 16, 0]);
        assert_eq!(hex(explained, step, "idlen"), [65]);
        assert_eq!(hex(explained, step, "keyid"), r#as);
        let record = [hex(explained, step, "record"), hex(explained, step, "tag")].concat();
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
    let (explained, received) = (&ended.stdout, &sender.service.wait_for(1, LIMIT)[0]);
    let step = "the body (RFC 8188 section 2.1;";
    let fields = ["salt", "rs", "idlen", "keyid", "record", "tag"].map(|name| hex(explained, step, name));
    assert_eq!(fields.concat(), received.body);
    assert_eq!(value(explained, "Authorization"), received.header("Authorization").unwrap());
    assert_eq!(value(explained, "POST"), received.endpoint);
    for (name, expected) in
        [("aud", &received.claims["aud"]), ("exp", &received.claims["exp"]), ("sub", &received.claims["sub"])]
    {
        assert!(value(explained, name).starts_with(&expected.to_string()), "{name}");
    }
    let authorization = received.header("Authorization").unwrap();
    assert_eq!(
        authorization,
        format!("vapid t={}, k={}", value(explained, "token"), value(explained, "k").split(' ').next().unwrap())
    );
    let header = value(explained, "token").split('.').next().unwrap();
    assert_eq!(Base64UrlUnpadded::decode_vec(header).unwrap(), value(explained, "header").as_bytes());
    assert!(value(explained, "exp").contains("in 12 hours, "), "{}", value(explained, "exp"));
    for (name, start) in [("TTL", "86400 "), ("Urgency", "high "), ("Topic", "news ")] {
        assert!(value(explained, name).starts_with(start), "{name}: {}", value(explained, name));
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
            "1. the subscription (Push API section 8, RFC 8030 section 4; src/push/subscription.rs)",
            "2. the payload (RFC 8291 section 4; src/push/message.rs)",
            "3. a fresh key pair, and the secret it shares with the browser (RFC 8291 section 3.1; src/push/encryption.rs)",
            "4. the keying material, which needs auth_secret too (RFC 8291 section 3.3; src/push/encryption.rs)",
            "5. the content encryption key (RFC 8188 section 2.2; src/push/encryption.rs)",
            "6. the nonce (RFC 8188 section 2.3; src/push/encryption.rs)",
            "7. the record (RFC 8188 section 2, RFC 8291 section 4; src/push/encryption.rs)",
            "8. the body (RFC 8188 section 2.1; src/push/encryption.rs)",
            "9. the token that identifies the sender (RFC 8292; src/push/vapid.rs)",
            "10. the request (RFC 8030 section 5; src/push/request.rs)",
            "11. the answer (RFC 8030 section 5; src/push/answer.rs)",
            "12. in the browser: the message is decrypted (RFC 8291 section 3, RFC 8188 section 2; \
             push-service/src/decryption.rs does the same)",
            "13. in the browser: the push event (Push API, \"The push event\"; www/sw.js)",
            "14. in the browser: the notification (Notifications API, \"Service worker notifications\"; www/sw.js)",
        ]
    );
    let received = &sender.service.wait_for(1, LIMIT)[0];
    let authorization = received.header("Authorization").unwrap();
    let token = authorization.split(['=', ',']).nth(1).unwrap();
    let path = browser.endpoint.rsplit('/').next().unwrap();
    for secret in [path, &browser.auth, token, authorization] {
        assert!(!ended.stdout.contains(secret), "{secret}\n{}", ended.stdout);
    }
    assert!(ended.stdout.contains(r#"{"body":"text","title":"barepush"}"#));
    for (name, expected) in [("ecdh_secret", 1), ("IKM", 1), ("CEK", 1), ("NONCE", 1), ("auth_secret", 1)] {
        let masked = format!("   {name:<16} (a secret: --show-secrets)");
        assert_eq!(ended.stdout.matches(&masked).count(), expected, "{name}");
    }
}

#[test]
fn what_is_public_is_shown_and_a_secret_by_its_shape() {
    let (sender, [browser]) = Sender::with();
    let ended = sender.notify().arg("--explain").run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let explained = &ended.stdout;
    let endpoint = format!("{}/...{}", sender.service.origin(), browser.tail);
    assert_eq!(value(explained, "endpoint"), endpoint);
    assert_eq!(value(explained, "POST"), endpoint);
    assert_eq!(value(explained, "ua_public"), browser.p256dh);
    assert_eq!(value(explained, "token"), "eyJ...(masked)");
    assert_eq!(value(explained, "Authorization"), format!("vapid t=eyJ...(masked), k={}", sender.public_key()));
}

#[test]
fn each_step_names_a_file_that_exists_and_says_why_it_exists() {
    let (sender, [_]) = Sender::with();
    let ended = sender.notify().arg("--explain").run();
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let lines: Vec<_> = ended.stdout.lines().collect();
    let mut steps = 0;
    for pair in lines.windows(2).filter(|pair| pair[0].starts_with(|c: char| c.is_ascii_digit())) {
        let (_, file) = pair[0].split_once("; ").unwrap_or_else(|| panic!("no file in {}", pair[0]));
        let file = file.split([' ', ')']).next().unwrap();
        assert!(repository.join(file).is_file(), "{}", pair[0]);
        assert!(pair[1].ends_with(['.', ',']) && pair[1].starts_with("   ") && pair[1].len() > 40, "{}", pair[1]);
        steps += 1;
    }
    assert_eq!(steps, 14);
}

#[test]
fn the_browser_s_half_is_left_out_when_the_message_was_not_accepted() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_next(answer::status(400));
    let ended = sender.notify().arg("--explain").run();
    assert_eq!(ended.code, Some(4));
    assert!(!ended.stdout.contains("in the browser:"), "{}", ended.stdout);
}

#[test]
fn the_answer_is_shown_with_its_cause_and_its_cure() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_next(answer::status(413));
    let ended = sender.notify().arg("--explain").run();
    assert_eq!(ended.code, Some(4));
    let (_, answer) = ended.stdout.split_once("11. ").unwrap();
    assert_eq!(
        answer,
        "the answer (RFC 8030 section 5; src/push/answer.rs)\n   \
         A status of 2xx means that the push service has accepted the message, not that a browser has shown it.\n   \
         status           413 Payload Too Large: payload reached size limit (errno 104)\n   \
         result           refused by localhost: 413 Payload Too Large: payload reached size limit (errno 104): the message is larger than the push service accepts\n   \
         cause            the message is larger than the push service accepts\n   \
         cure             shorten the payload, or send a URL and let the service worker fetch the rest\n"
    );
    assert!(ended.stderr.starts_with("notify: error: refused by localhost: 413 "), "{}", ended.stderr);
}

#[test]
fn a_dry_run_explains_every_step_and_sends_nothing() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    let ended = sender.notify().args(["--explain", "--dry-run"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let (_, answer) = ended.stdout.split_once("11. the answer (RFC 8030 section 5; src/push/answer.rs)\n").unwrap();
    let none = "none, because nothing was sent: --dry-run; after an accepted message would follow:";
    assert_eq!(answer.lines().nth(1).map(str::trim), Some(none));
    assert!(answer.ends_with("   call             registration.showNotification(title, options)\n"), "{answer}");
}

#[test]
fn an_empty_payload_skips_the_encryption() {
    let (sender, [_]) = Sender::with();
    let ended = sender.notify().args(["--explain", "--payload", "-"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("nothing to encrypt: the request has no body, and the push event no data"));
    assert!(ended.stdout.contains("3. the token that identifies the sender"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("salt"), "{}", ended.stdout);
}

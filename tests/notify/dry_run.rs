//! `notify --dry-run`: a line for each check, on stdout, and nothing is sent.

use crate::support::sender::Sender;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

/// The only line of subscription.txt, at another endpoint.
fn move_to(sender: &Sender, endpoint: &str) {
    let mut json: Value = serde_json::from_str(&sender.read("subscription.txt")).unwrap();
    json["endpoint"] = endpoint.into();
    sender.write("subscription.txt", json.to_string().as_bytes());
}

#[test]
fn a_dry_run_prints_each_check_and_sends_nothing() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    sender.notify().args(["--dry-run", "Dinner"]).run().is(
        0,
        "key      ok: the subscription was made with this VAPID key\n\
         subject  ok: mailto:push@example.com\n\
         size     ok: 36 bytes; at most 3967 fit into one message\n\
         host     ok: localhost is this machine\n\
         would be sent to localhost: 230 bytes\n",
        "",
    );
}

#[test]
fn each_check_says_what_is_wrong_or_unknown() {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    let line = |args: &[&str], start: &str| {
        let ended = sender.notify().arg("--dry-run").args(args).run();
        let line = ended.stdout.lines().find(|line| line.starts_with(start)).unwrap_or_default();
        (ended.code, line.to_owned())
    };
    sender.write("subscription.txt", browser.json.as_bytes());
    let unknown = "key      unknown: the subscription does not say which VAPID key it was made with";
    assert_eq!(line(&[], "key"), (Some(0), unknown.into()));
    let long = "x".repeat(3000);
    let bridged = "size     ok: 3030 bytes; at most 3967 fit into one message; \
                   phones reached over a bridge may refuse more than 2744";
    assert_eq!(line(&[&long], "size"), (Some(0), bridged.into()));
    for (endpoint, host) in [
        ("https://push.example/secret", "host     unknown: push.example is not a browser vendor's push service"),
        (
            "https://fcm.googleapis.com/fcm/send/secret",
            "host     ok: fcm.googleapis.com is Google's FCM, for Chrome and most others",
        ),
    ] {
        move_to(&sender, endpoint);
        assert_eq!(line(&[], "host"), (Some(0), host.into()));
    }
    move_to(&sender, "https://web.push.apple.com/secret");
    let (code, subject) = line(&["--subject", "mailto:me@localhost"], "subject");
    assert_eq!(code, Some(1));
    assert!(subject.starts_with("subject  wrong: Apple's push service refuses the subject"), "{subject}");
    sender.write("subscription.txt", browser.json_with_key.as_bytes());
    sender.write("keys/vapid_private.pem", Base64UrlUnpadded::encode_string(&[7; 32]).as_bytes());
    let wrong = "key      wrong: the subscription was made with another VAPID key";
    assert_eq!(line(&[], "key"), (Some(3), wrong.into()));
}

#[test]
fn json_and_quiet_print_no_checks() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    let json = sender.notify().args(["--dry-run", "--json"]).run();
    assert_eq!((json.code, json.stdout.lines().count()), (Some(0), 1), "{}", json.stdout);
    sender.notify().args(["--dry-run", "--quiet"]).run().is(0, "", "");
}

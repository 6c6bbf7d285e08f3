//! `notify` as a whole: the real binary, the strict push service, what is said where, exit codes.

use std::fs;
use std::time::Duration;

use crate::support::program::{LIMIT, Program, notify};
use crate::support::sender::Sender;
use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use push_service_fixture::{PushService, answer};
use serde_json::{Value, json};

const SUBSCRIBE: &str = "notify: hint: run cargo run --bin server, open the page and press Subscribe\n";

/// A line of stdout with its milliseconds, which differ each time, as N.
fn without_time(line: &str) -> String {
    let words = line.split(' ').collect::<Vec<_>>();
    let numbers = words.windows(2).filter(|pair| pair[1] == "ms").map(|pair| pair[0]);
    numbers.fold(line.to_owned(), |line, number| line.replace(&format!("in {number} ms"), "in N ms"))
}

#[test]
fn a_message_goes_to_the_browser_that_subscribed_last() {
    let (sender, [_, newest]) = Sender::with();
    let sent = sender.notify().arg("Dinner").run();
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""));
    assert_eq!(without_time(&sent.stdout), "accepted by localhost in N ms (201 Created)\n");
    let received = sender.service.wait_for(1, LIMIT);
    assert_eq!(received[0].endpoint, newest.endpoint);
    assert_eq!(received[0].json(), json!({"title": "barepush", "body": "Dinner"}));
}

#[test]
fn the_push_service_s_certificate_is_checked_against_the_system_s_authorities() {
    let sender = Sender::to(PushService::start_tls());
    sender.subscribe();
    let trusting = sender.notify().env("SSL_CERT_FILE", sender.service.ca_pem_path()).run();
    assert_eq!((trusting.code, trusting.stderr.as_str()), (Some(0), ""));
    sender.notify().run().is(
        6,
        "",
        "notify: error: cannot reach localhost: TLS: invalid peer certificate: UnknownIssuer\n\
         notify: hint: behind a proxy that reads TLS, or with a push service of your own, name the authority: SSL_CERT_FILE=ca.pem\n",
    );
    assert_eq!(sender.service.received().len(), 1);
}

#[test]
fn an_authority_in_the_folder_is_trusted_when_no_file_is_named() {
    let sender = Sender::to(PushService::start_tls());
    sender.subscribe();
    let folder = tempfile::tempdir().unwrap();
    let [file, ca] = ["stranger.pem", "ca.pem"].map(|name| folder.path().join(name));
    let stranger = rcgen::generate_simple_self_signed(["stranger".to_owned()]).unwrap();
    std::fs::write(&file, stranger.cert.pem()).unwrap();
    std::fs::copy(sender.service.ca_pem_path(), ca).unwrap();
    let with_file = sender.notify().env("SSL_CERT_FILE", &file).env("SSL_CERT_DIR", folder.path()).run();
    assert_eq!(with_file.code, Some(6), "{}", with_file.stderr);
    let alone = sender.notify().env("SSL_CERT_DIR", folder.path()).run();
    assert_eq!((alone.code, alone.stderr.as_str()), (Some(0), ""));
    assert_eq!(sender.service.received().len(), 1);
}

#[test]
fn every_option_of_a_notification_arrives() {
    let (sender, [_]) = Sender::with();
    let options = ["--title", "T", "--url", "/u", "--icon", "/i", "--tag", "t", "--silent", "--require-interaction"];
    assert_eq!(sender.notify().args(options).arg("B").run().code, Some(0));
    assert_eq!(sender.notify().args(options).args(["--declarative", "B"]).run().code, Some(0));
    assert_eq!(sender.notify().args(["--declarative", "B"]).run().code, Some(0));
    let received = sender.service.wait_for(3, LIMIT);
    let mut flat = json!({"title": "T", "body": "B", "url": "/u", "icon": "/i", "tag": "t", "silent": true, "requireInteraction": true});
    assert_eq!(received[0].json(), flat);
    let members = flat.as_object_mut().unwrap();
    let url = members.remove("url").unwrap();
    members.insert("navigate".into(), url);
    assert_eq!(received[1].json(), json!({"web_push": 8030, "notification": flat}));
    let least = json!({"title": "barepush", "body": "B", "navigate": "/"});
    assert_eq!(received[2].json(), json!({"web_push": 8030, "notification": least}));
}

#[test]
fn ttl_urgency_and_topic_go_into_the_headers() {
    let (sender, [_]) = Sender::with();
    let options = ["--ttl", "0", "--urgency", "very-low", "--topic", "news"];
    assert_eq!(sender.notify().args(options).run().code, Some(0));
    assert_eq!(sender.notify().run().code, Some(0));
    let received = sender.service.wait_for(2, LIMIT);
    let headers = |at: usize| ["TTL", "Urgency", "Topic", "X-WNS-Cache-Policy"].map(|name| received[at].header(name));
    assert_eq!(headers(0), [Some("0"), Some("very-low"), Some("news"), None]);
    assert_eq!(headers(1), [Some("86400"), None, None, None]);
}

#[test]
fn text_and_bytes_are_read_from_stdin_or_a_file() {
    let (sender, [_]) = Sender::with();
    let bytes: Vec<u8> = (0..=255).collect();
    sender.write("bytes", &bytes);
    for (args, stdin) in [
        (&["-"][..], "from stdin\n".as_bytes()),
        (&["--payload", "-"], &bytes),
        (&["--payload", "bytes"], b""),
        (&["--payload", "/dev/null"], b""),
    ] {
        let sent = sender.notify().args(args).stdin(stdin).run();
        assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
    let received = sender.service.wait_for(4, LIMIT);
    assert_eq!(received[0].json()["body"], "from stdin");
    assert_eq!(received[1].payload.as_deref(), Some(&bytes[..]));
    assert_eq!(received[2].payload.as_deref(), Some(&bytes[..]));
    assert_eq!((received[3].body.len(), received[3].header("Content-Encoding")), (0, None));
}

#[test]
fn a_payload_of_3967_bytes_passes_and_of_3968_is_refused_before_sending() {
    let (sender, [_]) = Sender::with();
    let of = |bytes: usize| sender.notify().args(["--payload", "-"]).stdin("x".repeat(bytes)).run();
    let longest = of(3967);
    assert_eq!(longest.code, Some(0));
    assert_eq!(
        longest.stderr,
        "notify: note: the payload is 3967 bytes long; phones reached over a bridge may refuse more than 2744\n"
    );
    assert_eq!(sender.service.wait_for(1, LIMIT)[0].text().len(), 3967);
    assert_eq!(of(2744).stderr, "");
    let hint = "notify: hint: shorten it, or send a URL and let the worker fetch the rest\n";
    let error = "notify: error: the payload is 3968 bytes long, at most 3967 fit into one message\n";
    of(3968).is(1, "", &format!("{error}{hint}"));
    of(1024 * 1024 + 1).is(
        1,
        "",
        "notify: error: stdin is over 1048576 bytes long, at most 3967 fit into one message\n\
         notify: hint: check the path, and who may read it\n",
    );
    assert_eq!(sender.service.calls(), 2);
}

#[test]
fn contradictions_are_refused_as_usage() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    for (args, part) in [
        (&["--payload", "x", "message"][..], "cannot be used with"),
        (&["--payload", "x", "--title", "T"], "cannot be used with"),
        (&["--payload", "x", "--declarative"], "cannot be used with"),
        (&["--all", "--explain"], "cannot be used with"),
        (&["--all", "--curl"], "cannot be used with"),
        (&["--curl", "--json"], "cannot be used with"),
        (&["--explain", "--json"], "cannot be used with"),
        (&["--show-secrets"], "--explain"),
        (&["--resume", "x"], "--resume needs --all or --subscriptions"),
        (&["-", "--subscriptions", "-"], "stdin can be read once"),
        (&["--payload", "-", "--subscriptions", "-"], "stdin can be read once"),
        (&["--topic", "new"], "a topic is 4, 8, 12, ... or 32 characters"),
        (&["--urgency", "now"], "very-low, low, normal, high"),
        (&["--ttl", "-1"], "--ttl"),
        (&["--ttl", "2147483648"], "--ttl"),
        (&["--jobs", "0"], "1..=1024"),
        (&["--jobs", "1025"], "1..=1024"),
        (&["--timeout", "0"], "1..=3600"),
        (&["--subject", "you@example.com"], "is not a contact"),
        (&["one", "two"], "unexpected argument"),
    ] {
        let refused = sender.notify().args(args).run();
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(part), "{args:?}: {}", refused.stderr);
    }
}

#[test]
fn help_has_examples_and_every_exit_code() {
    let help = notify(std::env::temp_dir().as_path()).arg("--help").run();
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for part in ["Examples:", "notify --all --json --resume results.jsonl", "Exit codes", "130  stopped by Ctrl-C"] {
        assert!(help.stdout.contains(part), "{part}\n{}", help.stdout);
    }
    assert!(!help.stdout.contains("VAPID_PRIVATE_KEY="), "{}", help.stdout);
}

#[test]
fn json_is_one_object_and_nothing_else() {
    let (sender, [browser]) = Sender::with();
    let result = |program: Program| {
        let ended = program.arg("--json").run();
        assert_eq!((ended.stderr.as_str(), ended.stdout.lines().count()), ("", 1), "{}", ended.stdout);
        let mut json: Value = serde_json::from_str(&ended.stdout).unwrap();
        for varying in ["at", "milliseconds"] {
            assert!(json[varying].is_u64(), "{json}");
            json.as_object_mut().unwrap().remove(varying);
        }
        (ended.code, json)
    };
    let (code, mut accepted) = result(sender.notify());
    assert_eq!(code, Some(0));
    assert_eq!(without_time(accepted["says"].as_str().unwrap()), "accepted by localhost in N ms (201 Created)");
    accepted["says"] = "".into();
    assert_eq!(accepted["message_id"].as_str().unwrap().len(), 8);
    accepted["message_id"] = "".into();
    let id = accepted["id"].as_str().unwrap().to_owned();
    let message = accepted["message"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), message.len()), (16, 16));
    assert_eq!(
        accepted,
        json!({
            "accepted": true, "attempts": 1, "class": "accepted", "hint": null, "id": id, "message": message, "message_id": "",
            "says": "", "service": "localhost", "status": 201, "tail": browser.tail,
        })
    );
    sender.service.answer_next(answer::status(413));
    let (code, refused) = result(sender.notify());
    assert_eq!(code, Some(4));
    assert_eq!(
        refused,
        json!({
            "accepted": false, "attempts": 1, "class": "refused", "id": id, "message": message, "message_id": null,
            "says": "refused by localhost: 413 Payload Too Large: payload reached size limit (errno 104): the message is larger than the push service accepts",
            "hint": "shorten the payload, or send a URL and let the service worker fetch the rest",
            "service": "localhost", "status": 413, "tail": browser.tail,
        })
    );
    let (code, dry) = result(sender.notify().arg("--dry-run"));
    assert_eq!((code, &dry["class"], &dry["attempts"]), (Some(0), &json!("not-sent"), &json!(0)));
    assert_eq!(dry["says"], "would be sent to localhost: 230 bytes");
    assert_eq!(sender.service.calls(), 2);
}

#[test]
fn quiet_says_nothing_of_success_and_everything_of_failure() {
    let (sender, [_]) = Sender::with();
    sender.notify().arg("-q").run().is(0, "", "");
    sender.service.answer_next(answer::status(400));
    sender.notify().arg("-q").run().is(
        4,
        "",
        "notify: error: refused by localhost: 400 Bad Request: Invalid Content-Encoding header (errno 110): \
         a header of the encryption did not arrive as it was sent\n\
         notify: hint: look for a proxy that changes headers (HTTPS_PROXY)\n",
    );
}

#[test]
fn a_closed_stdout_is_no_panic_and_does_not_undo_the_push() {
    let (sender, [_]) = Sender::with();
    for args in [&[][..], &["--json"], &["--show-public-key"], &["--explain"], &["--curl"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = sender.notify().args(args).stdout(writer).run();
        assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{args:?}: {}", ended.stderr);
    }
    assert_eq!(sender.service.received().len(), 3);
}

#[test]
fn nothing_is_coloured() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_next(answer::status(400));
    for ended in [sender.notify().run(), sender.notify().run(), sender.notify().env("NO_COLOR", "1").run()] {
        assert!(!ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'), "{ended:?}");
    }
}

#[test]
fn a_subscription_that_is_gone_is_moved_to_the_gone_file() {
    let (sender, [kept, gone]) = Sender::with();
    sender.service.unsubscribe(&gone);
    sender.notify().run().is(
        5,
        "",
        "notify: error: localhost says that this subscription no longer exists: 410 Gone: No such subscription (errno 106): the browser unsubscribed, or its permission was withdrawn\n\
         notify: hint: open the page and press Subscribe\n\
         notify: note: 1 line went to subscription.txt.gone\n",
    );
    assert_eq!(sender.read("subscription.txt"), format!("{}\n", kept.json_with_key));
    assert_eq!(sender.read("subscription.txt.gone"), format!("{}\n", gone.json_with_key));
}

#[test]
fn a_busy_push_service_is_asked_again_when_it_says_so() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_next(answer::retry_after(429, "1"));
    let start = std::time::Instant::now();
    let sent = sender.notify().run();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!((sent.code, sent.stdout.starts_with("accepted by")), (Some(0), true));
    let again = "notify: note: not accepted for now by localhost: 429 Too Many Requests: Use exponential back-off for retries (errno 201): \
                 too many messages in too short a time; trying again in 1.";
    assert!(sent.stderr.starts_with(again) && sent.stderr.lines().count() == 1, "{}", sent.stderr);
    assert_eq!(sender.service.calls(), 2);
}

#[test]
fn a_push_that_stays_temporary_is_tried_three_times_or_once() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_always(answer::status(500));
    let error = "notify: error: not accepted for now by localhost: 500 Internal Server Error: Unknown error (errno 999): it failed on its own side\n\
                 notify: hint: send again in a minute\n";
    sender.notify().args(["-q", "--no-retry"]).run().is(6, "", error);
    assert_eq!(sender.service.calls(), 1);
    sender.notify().arg("-q").run().is(6, "", error);
    assert_eq!(sender.service.calls(), 4);
    sender.service.answer_always(answer::retry_after(503, "31"));
    sender.notify().arg("-q").run().is(
        6,
        "",
        "notify: error: not accepted for now by localhost: 503 Service Unavailable: Use exponential back-off for retries (errno 201): \
         it is overloaded or being repaired\n\
         notify: hint: wait 31 s as it asks, then send again\n",
    );
    assert_eq!(sender.service.calls(), 5);
}

#[test]
fn a_push_service_that_does_not_answer_is_reported_with_how_it_failed() {
    let (sender, [_]) = Sender::with();
    for (answer, expected) in [
        (answer::garbage(), "its answer is not HTTP"),
        (answer::hang_after(""), "no answer within 1 s"),
        (answer::hang_after("HTTP/1.1 201 Cre"), "no answer within 1 s"),
        (answer::endless_headers(), "its answer is not HTTP"),
    ] {
        sender.service.answer_next(answer);
        let ended = sender.notify().args(["--no-retry", "--timeout", "1"]).run();
        assert_eq!(ended.code, Some(6), "{ended:?}");
        let error = format!("notify: error: cannot reach localhost: {expected}\n");
        assert!(ended.stderr.starts_with(&error), "{}", ended.stderr);
    }
    let mut nobody: Value = serde_json::from_str(&sender.read("subscription.txt")).unwrap();
    nobody["endpoint"] = "http://127.0.0.1:9/wpush/v2/nobody".into();
    sender.write("subscription.txt", nobody.to_string().as_bytes());
    sender.notify().arg("--no-retry").run().is(
        6,
        "",
        "notify: error: cannot reach 127.0.0.1: connection refused\n\
         notify: hint: start your push service, and check the port in the subscription's endpoint\n",
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_next(answer::redirect(&format!("{}/wpush/v2/elsewhere", sender.service.origin())));
    sender.notify().run().is(
        4,
        "",
        "notify: error: refused by localhost: 307 Temporary Redirect: it redirects to another address, which is not followed \
         because no one else may learn the endpoint\n\
         notify: hint: open the page and press Subscribe\n",
    );
    assert_eq!(sender.service.calls(), 1);
}

#[test]
fn a_wrong_clock_is_recognized_by_the_date_of_the_answer() {
    let (sender, [_]) = Sender::with();
    let answer = "HTTP/1.1 401 Unauthorized\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}";
    sender.service.answer_next(answer::bytes(answer));
    let ended = sender.notify().run();
    assert_eq!(ended.code, Some(4));
    let (error, hint) = ended.stderr.split_once('\n').unwrap();
    assert!(
        error.starts_with("notify: error: refused by localhost: 401 Unauthorized: {}: this machine's clock is "),
        "{error}"
    );
    assert!(error.ends_with(" days ahead of the push service's, so the token's expiry is wrong"), "{error}");
    assert_eq!(hint, "notify: hint: set this machine's clock, then send again\n");
}

#[test]
fn without_a_usable_subscription_it_says_what_to_do() {
    let sender = Sender::new();
    sender.service.expect_no_calls();
    let browser = sender.service.subscribe(None);
    let nobody = "notify: error: nobody has subscribed yet: subscription.txt";
    sender.write("subscription.txt", b"\n \n");
    sender.notify().run().is(3, "", &format!("{nobody} is empty\n{SUBSCRIBE}"));
    let with = |pointer: &str, value: Value| {
        let mut json: Value = serde_json::from_str(&browser.json).unwrap();
        *json.pointer_mut(pointer).unwrap() = value;
        json.to_string()
    };
    let mut off_curve = [4; 65];
    off_curve[64] = 5;
    for (line, why) in [
        ("not JSON".to_owned(), "not JSON: it breaks off at line 1, column 2"),
        ("[]".to_owned(), "not a PushSubscription: not a JSON object"),
        (
            r#"{"endpoint":"https://example.com/x"}"#.to_owned(),
            "not a PushSubscription: the member \"keys.p256dh\" is missing or not a string",
        ),
        (
            with("/endpoint", json!("http://push.example/x")),
            "endpoint: http is accepted on loopback only, a push service speaks https",
        ),
        (with("/keys/auth", json!(Base64UrlUnpadded::encode_string(&[1; 15]))), "auth is not 16 bytes of base64url"),
        (
            with("/keys/p256dh", json!(Base64UrlUnpadded::encode_string(&off_curve))),
            "p256dh is not a point on the curve P-256",
        ),
    ] {
        sender.write("subscription.txt", line.as_bytes());
        let expected = format!(
            "notify: error: subscription.txt line 1: {why}\n\
             notify: error: subscription.txt holds no usable subscription\n\
             {}; the unusable lines stay where they are\n",
            SUBSCRIBE.trim_end()
        );
        sender.notify().run().is(3, "", &expected);
        assert_eq!(sender.read("subscription.txt"), line);
    }
}

#[test]
fn a_bad_line_is_named_and_the_last_good_one_is_used() {
    let (sender, [browser]) = Sender::with();
    sender.write("subscription.txt", format!("{}\n\nnonsense\n", browser.json).as_bytes());
    let sent = sender.notify().run();
    assert_eq!(sent.code, Some(0));
    assert_eq!(sent.stderr, "notify: error: subscription.txt line 3: not JSON: it breaks off at line 1, column 2\n");
    assert_eq!(sender.service.wait_for(1, LIMIT)[0].endpoint, browser.endpoint);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    fs::create_dir(sender.path("folder")).unwrap();
    let ended = sender.notify().args(["--payload", "folder"]).run();
    ended.is(1, "", "notify: error: cannot read folder: Is a directory (os error 21)\nnotify: hint: check the path, and who may read it\n");
    let ended = sender.notify().args(["--payload", "missing"]).run();
    ended.is(1, "", "notify: error: cannot read missing: No such file or directory (os error 2)\nnotify: hint: check the path, and who may read it\n");
    sender.notify().arg("-").stdin([0xff]).run().is(
        1,
        "",
        "notify: error: cannot read stdin as UTF-8: invalid utf-8 sequence of 1 bytes from index 0\n\
         notify: hint: pipe UTF-8 text in, or send any bytes with --payload -\n",
    );
    fs::remove_file(sender.path("subscription.txt")).unwrap();
    fs::create_dir(sender.path("subscription.txt")).unwrap();
    sender.notify().run().is(
        1,
        "",
        "notify: error: cannot read subscription.txt: Is a directory (os error 21)\n\
         notify: hint: check who may read subscription.txt, and that it is a file\n",
    );
}

#[test]
fn the_private_key_is_taken_in_every_form_in_circulation() {
    let (sender, [_]) = Sender::with();
    let raw = sender.key.to_bytes();
    let der = sender.key.to_pkcs8_der().unwrap();
    let pem = sender.key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let forms = [
        pem.clone(),
        pem.replace('\n', "\\n"),
        sender.key.to_sec1_pem(LineEnding::LF).unwrap().to_string(),
        Base64UrlUnpadded::encode_string(&raw),
        Base64Unpadded::encode_string(&raw),
        Base64::encode_string(&raw),
        Base64UrlUnpadded::encode_string(der.as_bytes()),
    ];
    for form in &forms {
        sender.write("keys/vapid_private.pem", form.as_bytes());
        let from_file = sender.notify().run();
        assert_eq!((from_file.code, from_file.stderr.as_str()), (Some(0), ""), "{form}");
    }
    fs::remove_dir_all(sender.path("keys")).unwrap();
    for form in &forms {
        let from_env = sender.notify().env("VAPID_PRIVATE_KEY", form).run();
        assert_eq!((from_env.code, from_env.stderr.as_str()), (Some(0), ""), "{form}");
    }
    assert_eq!(sender.service.received().len(), 2 * forms.len());
}

#[test]
fn a_key_that_is_none_is_said_to_be_none_and_never_shown() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    let hint = "notify: hint: give PKCS#8 or SEC1 PEM, or the 32 bytes in base64url; or move the file away: \
                the server then makes a new key, and every browser has to subscribe again\n";
    sender.write("keys/vapid_private.pem", b"garbage");
    let error = "notify: error: keys/vapid_private.pem is not a VAPID key: neither PEM nor 32 bytes of base64url\n";
    sender.notify().run().is(1, "", &format!("{error}{hint}"));
    let error = "notify: error: VAPID_PRIVATE_KEY is not a VAPID key: neither PEM nor 32 bytes of base64url\n";
    sender.notify().env("VAPID_PRIVATE_KEY", "secret garbage").run().is(1, "", &format!("{error}{hint}"));
    fs::remove_file(sender.path("keys/vapid_private.pem")).unwrap();
    fs::create_dir(sender.path("keys/vapid_private.pem")).unwrap();
    sender.notify().run().is(
        1,
        "",
        "notify: error: cannot read the VAPID key keys/vapid_private.pem: Is a directory (os error 21)\n\
         notify: hint: check who may read keys/vapid_private.pem\n",
    );
}

#[test]
fn a_subscription_made_with_another_key_is_found_before_sending() {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    sender.write("keys/vapid_private.pem", Base64UrlUnpadded::encode_string(&[7; 32]).as_bytes());
    sender.notify().run().is(
        3,
        "",
        &format!(
            "notify: error: the subscription localhost …{} was made with another VAPID key\n\
             notify: hint: open the page, which subscribes again with the server's key, or restore the key that it was made with\n",
            browser.tail
        ),
    );
}

#[test]
fn the_public_key_is_shown_in_every_form_that_other_tools_take() {
    let sender = Sender::new();
    sender.service.expect_no_calls();
    let base64url = sender.public_key();
    let point = Base64UrlUnpadded::decode_vec(&base64url).unwrap();
    let hex: String = point.iter().map(|byte| format!("{byte:02x}")).collect();
    let [x, y] = [&point[1..33], &point[33..]].map(Base64UrlUnpadded::encode_string);
    let pem = public_pem(&sender.read("keys/vapid_private.pem"));
    sender.notify().arg("--show-public-key").run().is(
        0,
        &format!(
            "base64url  {base64url}\nhex        {hex}\n\
             JWK        {{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}\nPEM\n{pem}"
        ),
        "",
    );
    let shown = sender.notify().args(["--show-public-key", "--json"]).run();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    let expected = json!({"base64url": base64url, "hex": hex, "jwk": jwk, "pem": pem});
    assert_eq!((shown.code, serde_json::from_str::<Value>(&shown.stdout).unwrap()), (Some(0), expected));
}

/// The public key in PEM, by p256 alone.
fn public_pem(private: &str) -> String {
    use p256::pkcs8::{DecodePrivateKey, EncodePublicKey};
    let key = p256::SecretKey::from_pkcs8_pem(private).unwrap();
    key.public_key().to_public_key_pem(LineEnding::LF).unwrap()
}

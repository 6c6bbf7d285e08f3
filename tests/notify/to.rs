//! `notify --to`: one of several subscriptions, by its tail, by the push service's host or by the browser's name.

use crate::support::program::LIMIT;
use crate::support::sender::Sender;
use push_service_fixture::TestSubscription;

/// A line of subscription.txt like `of`'s, at another endpoint.
fn at(of: &TestSubscription, endpoint: &str) -> String {
    let mut json: serde_json::Value = serde_json::from_str(&of.json_with_key).unwrap();
    json["endpoint"] = endpoint.into();
    format!("{json}\n")
}

const FIREFOX: &str = "https://updates.push.services.mozilla.com/wpush/v2/secret-fire0001";
const CHROME: &str = "https://fcm.googleapis.com/fcm/send/secret-chro0002";
const CHROMIUM: &str = "https://jmt17.google.com/fcm/send/secret-chro0003";
const EDGE: &str = "https://wns2-db5p.notify.windows.com/w/?token=secret-edge0004";

/// Four browsers of three vendors, the newest last; nothing of it can be sent.
fn four() -> Sender {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    let lines = [FIREFOX, CHROME, CHROMIUM, EDGE].map(|endpoint| at(&browser, endpoint));
    sender.write("subscription.txt", lines.concat().as_bytes());
    sender
}

#[test]
fn to_takes_the_tail_as_it_is_printed() {
    let (sender, [first, _]) = Sender::with();
    for tail in [first.tail.clone(), format!("…{}", first.tail), format!("...{}", first.tail)] {
        let sent = sender.notify().args(["--to", &tail, "Dinner"]).run();
        assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""), "{tail}");
    }
    let received = sender.service.wait_for(3, LIMIT);
    assert!(received.iter().all(|push| push.endpoint == first.endpoint));
}

#[test]
fn to_takes_a_host_or_a_browser_s_name_in_upper_or_lower_case() {
    let sender = four();
    for (to, host) in [
        ("firefox", "updates.push.services.mozilla.com"),
        ("Firefox", "updates.push.services.mozilla.com"),
        ("edge", "wns2-db5p.notify.windows.com"),
        ("fcm.googleapis.com", "fcm.googleapis.com"),
        ("FCM.googleapis.com", "fcm.googleapis.com"),
        ("chro0003", "jmt17.google.com"),
    ] {
        let ended = sender.notify().args(["--to", to, "--dry-run"]).run();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{to}");
        assert!(ended.stdout.contains(&format!("would be sent to {host}: ")), "{to}: {}", ended.stdout);
    }
}

#[test]
fn to_several_is_refused_and_names_them() {
    let sender = four();
    sender.notify().args(["--to", "chrome", "--dry-run"]).run().is(
        2,
        "",
        "notify: error: --to \"chrome\" matches more than one subscription: \
         fcm.googleapis.com …chro0002, jmt17.google.com …chro0003\n\
         notify: hint: choose one by its last characters: --to chro0003\n",
    );
}

#[test]
fn to_nobody_says_what_is_stored() {
    let sender = four();
    sender.notify().args(["--to", "safari", "--dry-run"]).run().is(
        3,
        "",
        "notify: error: --to \"safari\" matches none of the subscriptions in subscription.txt: \
         updates.push.services.mozilla.com …fire0001, fcm.googleapis.com …chro0002, \
         jmt17.google.com …chro0003, wns2-db5p.notify.windows.com …edge0004\n\
         notify: hint: choose one by its last characters, its host or its browser: --to edge0004\n",
    );
}

#[test]
fn a_long_list_is_named_by_its_newest() {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    let lines: String = (1000..1020).map(|n| at(&browser, &format!("https://push.example/secret-{n}-end"))).collect();
    sender.write("subscription.txt", lines.as_bytes());
    let named: Vec<_> = (1012..1020).map(|n| format!("push.example …{n}-end")).collect();
    sender.notify().args(["--to", "push.example", "--dry-run"]).run().is(
        2,
        "",
        &format!(
            "notify: error: --to \"push.example\" matches more than one subscription: 12 others, {}\n\
             notify: hint: choose one by its last characters: --to 1019-end\n",
            named.join(", ")
        ),
    );
}

#[test]
fn to_chooses_from_another_list_as_well() {
    let sender = four();
    let lines = sender.read("subscription.txt");
    sender.write("people.txt", lines.as_bytes());
    sender.write("subscription.txt", b"");
    let ended = sender.notify().args(["--subscriptions", "people.txt", "--to", "edge", "--dry-run"]).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("would be sent to wns2-db5p.notify.windows.com"), "{}", ended.stdout);
    let ended = sender.notify().args(["--subscriptions", "-", "--to", "edge", "--dry-run"]).stdin(lines).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let refused = sender.notify().args(["--all", "--to", "edge"]).run();
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("cannot be used with"), "{}", refused.stderr);
}

#[test]
fn a_subscription_that_is_stored_twice_is_one() {
    let (sender, [browser]) = Sender::with();
    let line = format!("{}\n", browser.json_with_key);
    sender.write("subscription.txt", line.repeat(2).as_bytes());
    let sent = sender.notify().args(["--to", "localhost"]).run();
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""));
}

#[test]
fn without_any_subscription_to_says_what_to_do_first() {
    let sender = Sender::new();
    sender.service.expect_no_calls();
    sender.write("subscription.txt", b"");
    let ended = sender.notify().args(["--to", "firefox"]).run();
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.starts_with("notify: error: nobody has subscribed yet: "), "{}", ended.stderr);
}

//! The whole loop, as README tells it: subscribe over https, a first notification, `notify`, unsubscribe, 410.

use std::fs;
use std::time::Duration;

use crate::fixture::TestServer;
use crate::support::program::LIMIT;
use push_service_fixture::answer;
use serde_json::json;

/// Not the server's: that of RFC 8291's example.
const OTHER_KEY: &str = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

#[test]
fn from_subscribing_to_an_expired_subscription() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));

    let subscribed = setup.page.post("/add-subscription", &browser.json_with_key);
    assert_eq!((subscribed.status, &subscribed.json()["stored"]), (201, &json!(1)));
    assert_eq!(subscribed.json()["push"]["accepted"], true, "{}", subscribed.text);
    let first = &setup.service.wait_for(1, LIMIT)[0];
    assert_eq!(
        first.json(),
        json!({"title": "Hello from barepush", "body": "You are subscribed. This is the first notification."})
    );

    let again = setup.page.post("/add-subscription", &browser.json_with_key);
    assert_eq!((again.status, again.json()), (200, json!({"stored": 1})));

    let sent = setup.notify().arg("message").run();
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""));
    assert!(
        sent.stdout.starts_with("accepted by localhost in ") && sent.stdout.ends_with(" ms (201 Created)\n"),
        "{}",
        sent.stdout
    );
    let second = &setup.service.wait_for(2, LIMIT)[1];
    assert_eq!(second.json(), json!({"title": "barepush", "body": "message"}));
    assert_eq!((second.header("ttl"), second.header("urgency"), second.header("topic")), (Some("86400"), None, None));

    // Behind the server's back: the push service answers 410, the line is moved to the file .gone.
    setup.service.unsubscribe(&browser);
    let expired = setup.notify().arg("message").run();
    let tail = &browser.tail;
    expired.is(
        5,
        "",
        "notify: error: localhost says that this subscription no longer exists: 410 Gone: No such subscription (errno 106): \
         the browser unsubscribed, or its permission was withdrawn\n\
         notify: hint: open the page and press Subscribe\n\
         notify: note: 1 line went to subscription.txt.gone\n",
    );
    let moved = fs::read_to_string(setup.path().join("subscription.txt.gone")).unwrap();
    assert_eq!(moved, format!("{}\n", browser.json_with_key));
    assert_eq!(fs::read_to_string(setup.path().join("subscription.txt")).unwrap(), "");
    assert!(!expired.stderr.contains(&browser.endpoint) && browser.endpoint.ends_with(tail));

    setup.notify().run().is(
        3,
        "",
        "notify: error: nobody has subscribed yet: subscription.txt is empty\n\
         notify: hint: run cargo run --bin server, open the page and press Subscribe\n",
    );
}

#[test]
fn unsubscribing_removes_the_subscription_from_the_server() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.page.post("/add-subscription", &browser.json);
    let by = json!({"endpoint": browser.endpoint}).to_string();
    let removed = setup.page.post("/remove-subscription", &by);
    assert_eq!((removed.status, removed.json()), (200, json!({"stored": 0})));
    assert_eq!(setup.page.post("/remove-subscription", &by).status, 404);
    assert_eq!(setup.page.post("/notify-me", &by).status, 404);
    assert_eq!(setup.notify().run().code, Some(3));
}

#[test]
fn the_page_pushes_to_one_and_to_all_and_expired_subscriptions_are_moved() {
    let setup = TestServer::https();
    assert_eq!(setup.page.send("POST", "/notify-all", &[], "").status, 409);
    let (one, two) = (setup.service.subscribe(Some(&setup.key())), setup.service.subscribe(Some(&setup.key())));
    setup.page.post("/add-subscription", &one.json_with_key);
    setup.page.post("/add-subscription", &two.json_with_key);
    let request = json!({"endpoint": one.endpoint, "title": "T", "body": "B", "url": "/x", "ttl": 60});
    let me = setup.page.post("/notify-me", &request.to_string());
    assert_eq!((me.status, &me.json()["push"]["class"]), (200, &json!("accepted")));
    let got = setup.service.wait_for(3, LIMIT);
    assert_eq!(got[2].json(), json!({"title": "T", "body": "B", "url": "/x"}));
    assert_eq!(got[2].header("ttl"), Some("60"));

    setup.service.unsubscribe(&one);
    let all = setup.page.send("POST", "/notify-all", &[], "").json();
    let classes: Vec<_> =
        all["pushes"].as_array().unwrap().iter().map(|push| push["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["gone", "accepted"]);
    assert_eq!(
        fs::read_to_string(setup.path().join("subscription.txt.gone")).unwrap(),
        format!("{}\n", one.json_with_key)
    );
    let status = setup.page.get("/status").json();
    assert_eq!(status["stored"], 1);
    assert_eq!(status["newest"], json!({"service": "localhost", "tail": two.tail, "key_matches": true}));
    assert!(status["last_push"]["says"].is_string(), "{status}");
}

#[test]
fn a_delayed_push_is_promised_and_sent_later() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.page.post("/add-subscription", &browser.json);
    let asked = std::time::Instant::now();
    let promised = setup.page.post("/notify-me", &json!({"endpoint": browser.endpoint, "delay": 1}).to_string());
    assert_eq!((promised.status, promised.json()), (202, json!({"scheduled": 1})));
    assert_eq!(setup.service.wait_for(2, LIMIT).len(), 2);
    assert!(asked.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_failed_push_does_not_undo_the_storing_and_its_reason_is_answered() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.service.answer_next(answer::status(413));
    let added = setup.page.post("/add-subscription", &browser.json);
    assert_eq!((added.status, &added.json()["stored"]), (201, &json!(1)));
    let push = &added.json()["push"];
    assert_eq!((&push["accepted"], &push["class"], &push["status"]), (&json!(false), &json!("refused"), &json!(413)));
    assert!(push["hint"].as_str().unwrap().len() > 10, "{push}");
}

#[test]
fn a_subscription_that_the_first_notification_finds_expired_is_moved() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.service.unsubscribe(&browser);
    let added = setup.page.post("/add-subscription", &browser.json);
    assert_eq!(
        (added.status, &added.json()["stored"], &added.json()["push"]["class"]),
        (201, &json!(0), &json!("gone"))
    );
    let read = |name| fs::read_to_string(setup.path().join(name)).unwrap();
    assert_eq!(
        (read("subscription.txt"), read("subscription.txt.gone")),
        (String::new(), format!("{}\n", browser.json))
    );
    assert_eq!(setup.page.send("POST", "/notify-all", &[], "").status, 409);
}

#[test]
fn a_subscription_whose_push_service_refuses_our_vapid_key_is_not_kept() {
    let setup = TestServer::https();
    let own = setup.service.subscribe(Some(&setup.key()));
    assert_eq!(setup.page.post("/add-subscription", &own.json).status, 201);
    // As the article's page sends it: with a key of its own, which is not in the JSON.
    let other = setup.service.subscribe(Some(OTHER_KEY));
    for _ in 0..2 {
        let refused = setup.page.post("/add-subscription", &other.json);
        let expected = json!({
            "error": "not stored, because the first notification was refused by localhost: 401 Unauthorized: \
                VAPID public key mismatch (errno 109): the subscription was made with another VAPID key",
            "hint": "unsubscribe, then subscribe with the key of /vapid-public-key",
        });
        assert_eq!((refused.status, refused.json()), (409, expected));
        let stored = fs::read_to_string(setup.path().join("subscription.txt")).unwrap();
        assert_eq!(stored, format!("{}\n", own.json));
    }
    assert_eq!(setup.page.get("/status").json()["newest"]["tail"], own.tail.as_str());
}

#[test]
fn a_list_whose_last_subscription_was_removed_meanwhile_is_answered_as_an_empty_one() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.page.post("/add-subscription", &browser.json);
    setup.service.unsubscribe(&browser);
    // The server remembers one by the file's length and time.
    let list = fs::File::options().write(true).open(setup.path().join("subscription.txt")).unwrap();
    let before = list.metadata().unwrap();
    std::io::Write::write_all(&mut &list, &vec![b'\n'; before.len() as usize]).unwrap();
    list.set_modified(before.modified().unwrap()).unwrap();
    assert_eq!(setup.page.get("/status").json()["stored"], 1);
    let all = setup.page.send("POST", "/notify-all", &[], "");
    let expected = json!({"error": "nobody has subscribed yet", "hint": "open the page and press Subscribe"});
    assert_eq!((all.status, all.json()), (409, expected));
}

#[test]
fn a_push_to_a_long_list_answers_counts_by_class_and_the_first_hundred_results() {
    let setup = TestServer::https();
    let browsers: Vec<_> = (0..130).map(|_| setup.service.subscribe(Some(&setup.key()))).collect();
    let lines = browsers.iter().map(|browser| format!("{}\n", browser.json_with_key));
    fs::write(setup.path().join("subscription.txt"), lines.collect::<String>()).unwrap();
    for expired in [7, 120] {
        setup.service.unsubscribe(&browsers[expired]);
    }
    let all = setup.page.send("POST", "/notify-all", &[], "").json();
    assert_eq!(all["counts"], json!({"accepted": 128, "gone": 2}));
    let tails = all["pushes"].as_array().unwrap().iter().map(|push| &push["tail"]);
    assert!(tails.eq(browsers[..100].iter().map(|browser| &browser.tail)), "{all}");
    let moved = fs::read_to_string(setup.path().join("subscription.txt.gone")).unwrap();
    assert_eq!(moved, [7, 120].map(|expired| format!("{}\n", browsers[expired].json_with_key)).concat());
    assert_eq!(setup.page.get("/status").json()["stored"], 128);
}

#[test]
fn delayed_pushes_that_are_dropped_at_the_end_are_logged() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.page.post("/add-subscription", &browser.json);
    let later = json!({"endpoint": browser.endpoint, "delay": 300}).to_string();
    for _ in 0..2 {
        assert_eq!(setup.page.post("/notify-me", &later).status, 202);
    }
    setup.server.terminate();
    let ended = setup.server.wait();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.ends_with("server: dropped 2 delayed pushes\n"), "{}", ended.stderr);
}

#[test]
fn at_most_sixteen_delayed_pushes_wait_at_once() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.page.post("/add-subscription", &browser.json);
    let later = json!({"endpoint": browser.endpoint, "delay": 300}).to_string();
    for _ in 0..16 {
        assert_eq!(setup.page.post("/notify-me", &later).status, 202);
    }
    let refused = setup.page.post("/notify-me", &later);
    let expected = json!({"error": "too many delayed pushes are waiting", "hint": "wait for them to be sent"});
    assert_eq!((refused.status, refused.json()), (500, expected));
    setup.server.terminate();
    let ended = setup.server.wait();
    assert!(ended.stderr.ends_with("server: dropped 16 delayed pushes\n"), "{}", ended.stderr);
}

#[test]
fn a_subscription_of_another_vapid_key_is_found_before_sending() {
    let setup = TestServer::https();
    let other = setup.service.subscribe(Some(OTHER_KEY));
    setup.service.expect_no_calls();
    let refused = setup.page.post("/add-subscription", &other.json_with_key);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"], "this subscription was made with another VAPID key");
    fs::write(setup.path().join("subscription.txt"), format!("{}\n", other.json_with_key)).unwrap();
    setup.notify().run().is(
        3,
        "",
        &format!(
            "notify: error: the subscription localhost …{} was made with another VAPID key\n\
             notify: hint: open the page, which subscribes again with the server's key, or restore the key that it was made with\n",
            other.tail
        ),
    );
}

#[test]
fn a_hanging_push_service_delays_no_other_request() {
    let setup = TestServer::https();
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.service.answer_next(answer::hang_after(""));
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| setup.page.post("/add-subscription", &browser.json));
        setup.service.wait_for(1, LIMIT);
        let start = std::time::Instant::now();
        for path in ["/", "/sw.js", "/status", "/vapid-public-key"] {
            assert_eq!(setup.page.get(path).status, 200);
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        let push = hanging.join().unwrap().json()["push"].clone();
        assert_eq!(
            (&push["class"], &push["says"]),
            (&json!("unreachable"), &json!("cannot reach localhost: no answer within 15 s"))
        );
    });
}

#[test]
fn a_push_to_all_that_hangs_for_one_delays_no_other_and_is_answered_in_the_order_of_the_list() {
    let setup = TestServer::https();
    let key = setup.key();
    let browsers: Vec<_> = (0..40).map(|_| setup.service.subscribe(Some(&key))).collect();
    let lines = browsers.iter().map(|browser| format!("{}\n", browser.json_with_key));
    let list = setup.path().join("subscription.txt");
    fs::write(list, lines.collect::<String>()).unwrap();
    let hanging = 3;
    setup.service.answer_for(&browsers[hanging], answer::hang_after(""));
    std::thread::scope(|scope| {
        let start = std::time::Instant::now();
        let all = scope.spawn(|| setup.page.send("POST", "/notify-all", &[], "").json());
        setup.service.wait_for(browsers.len(), LIMIT);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(10), "{took:?}");
        let all = all.join().unwrap();
        let pushes = all["pushes"].as_array().unwrap();
        let tails = pushes.iter().map(|push| &push["tail"]);
        assert!(tails.eq(browsers.iter().map(|browser| &browser.tail)), "{all}");
        let failed: Vec<_> = (0..pushes.len()).filter(|&at| pushes[at]["class"] != "accepted").collect();
        assert_eq!(failed, [hanging], "{all}");
    });
}

#[test]
fn no_secret_reaches_what_is_printed() {
    let setup = TestServer::https_with(|server| server.arg("-v"));
    let browser = setup.service.subscribe(Some(&setup.key()));
    setup.page.post("/add-subscription", &browser.json_with_key);
    setup.page.post("/notify-me", &json!({"endpoint": browser.endpoint}).to_string());
    setup.server.error_line(|line| line == "server: POST /notify-me 200");
    let printed = setup.server.printed();
    for secret in [&browser.endpoint, &browser.auth, &browser.p256dh] {
        assert!(!printed.contains(secret.as_str()), "{printed}");
    }
    assert!(printed.contains(&format!("server: subscribed: localhost …{}, 1 stored", browser.tail)), "{printed}");
}

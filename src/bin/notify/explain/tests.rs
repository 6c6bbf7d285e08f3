//! What an explanation says where a push service or a message differs; its values are tested on the real program.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use ureq::http::StatusCode;

use super::Explanation;
use barepush::push::{
    Answer, DEFAULT_SUBJECT, Interface, Message, Notification, PushRequest, PushResult, SendError, Subject,
    Subscription, Unreachable, VapidKey,
};

fn subscription(endpoint: &str) -> Subscription {
    // The example of RFC 8291, section 5.
    let p256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    let keys = serde_json::json!({"p256dh": p256dh, "auth": "BTBZMqHH6r4Tts7J_aSIgg"});
    let json = serde_json::json!({"endpoint": endpoint, "keys": keys});
    Subscription::from_json(&json.to_string()).unwrap()
}

fn request(endpoint: &str, message: &Message) -> String {
    let key =
        VapidKey::from_text("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", Subject::parse(DEFAULT_SUBJECT).unwrap());
    let (key, subscription) = (key.unwrap(), subscription(endpoint));
    let request = PushRequest::new(message, &subscription, &key).unwrap();
    Explanation::new(message, &subscription, false).request(&key, &request)
}

fn answer(endpoint: &str, result: Result<Answer, SendError>) -> String {
    let subscription = subscription(endpoint);
    let outcome = PushResult::sent(subscription.endpoint(), result, Duration::from_millis(5), Interface::CommandLine);
    Explanation::new(&Message::new(Vec::new()), &subscription, false).answer(&outcome)
}

const WINDOWS: &str = "https://wns2-db5p.notify.windows.com/w/?token=secretsecretsecret";
const MOZILLA: &str = "https://updates.push.services.mozilla.com/wpush/v2/secretsecretsecret";

#[test]
fn the_push_service_is_named_with_its_vendor() {
    for (endpoint, whose) in [
        (MOZILLA, "updates.push.services.mozilla.com (Mozilla's, for Firefox)"),
        (WINDOWS, "wns2-db5p.notify.windows.com (Microsoft's WNS, for Edge on Windows)"),
        ("https://fcm.googleapis.com/fcm/send/x", "fcm.googleapis.com (Google's FCM, for Chrome and most others)"),
        ("https://web.push.apple.com/x", "web.push.apple.com (Apple's, for Safari and every browser on iOS)"),
        ("https://push.example/x", "push.example (none of the browser vendors')"),
    ] {
        let explanation = request(endpoint, &Message::new(b"x".to_vec()));
        assert!(explanation.contains(whose), "{explanation}");
    }
}

#[test]
fn ttl_0_is_explained_and_its_header_for_wns() {
    let message = Message { ttl: Duration::ZERO, ..Message::new(b"x".to_vec()) };
    let wns = "   X-WNS-Cache-Policy no-cache  WNS takes TTL 0 only with it\n";
    let ttl = "   TTL              0  now or never, RFC 8030 section 5.2\n";
    let explanation = request(WINDOWS, &message);
    assert!(explanation.contains(wns) && explanation.contains(ttl), "{explanation}");
    let explanation = request(MOZILLA, &message);
    assert!(!explanation.contains("WNS") && explanation.contains(ttl), "{explanation}");
}

#[test]
fn a_payload_is_shown_as_text_when_it_is_text() {
    for (payload, shown) in
        [(&b"tab\tand \xc3\xbc"[..], r"tab\tand ü"), (&[0xff, 0xfe], "(bytes that are not UTF-8 text)")]
    {
        let explanation = request(MOZILLA, &Message::new(payload.to_vec()));
        assert!(explanation.contains(&format!("   payload          {shown}\n")), "{explanation}");
    }
    let explanation = request(MOZILLA, &Message::new(vec![b'x'; 2745]));
    assert!(explanation.contains("phones reached over a bridge may refuse more than 2744 bytes"));
    assert!(explanation.contains("... and 2688 bytes more: --show-secrets"), "{explanation}");
}

#[test]
fn a_declarative_message_needs_no_service_worker_in_safari() {
    let note = "Safari shows this declarative message without the service worker";
    let accepted = |payload: &[u8]| {
        let (message, subscription) = (Message::new(payload.to_vec()), subscription(MOZILLA));
        let result = Ok(Answer::new(StatusCode::CREATED));
        let outcome = PushResult::sent(subscription.endpoint(), result, Duration::ZERO, Interface::CommandLine);
        Explanation::new(&message, &subscription, false).answer(&outcome)
    };
    let declarative = accepted(&Notification::new("title", "body").declarative_payload());
    assert!(declarative.contains(note), "{declarative}");
    assert!(!accepted(&Notification::new("title", "body").payload()).contains(note));
}

#[test]
fn an_accepted_message_is_followed_by_what_may_still_happen() {
    let accepted = Answer {
        ttl: Some(Duration::from_secs(3600)),
        location: Some("https://updates.push.services.mozilla.com/m/secretsecretsecret12345678".into()),
        ..Answer::new(StatusCode::CREATED)
    };
    assert_eq!(
        answer(MOZILLA, Ok(accepted)),
        "1. the answer (RFC 8030 section 5; src/push/answer.rs)\n   \
         A status of 2xx means that the push service has accepted the message, not that a browser has shown it.\n   \
         status           201 Created\n   \
         TTL              3600  seconds that the push service really waits for the browser\n                    \
         the push service lowered it from 86400\n   \
         Location         ...12345678 (masked)\n                    \
         the message's own address: DELETE there takes it back\n   \
         result           accepted by updates.push.services.mozilla.com in 5 ms (201 Created)\n                    \
         Firefox gets it at once when it runs, else at its next start; a payload it cannot decrypt is dropped in silence\n\n\
         2. in the browser: the push event (Push API, \"The push event\"; www/sw.js)\n   \
         The browser starts the page's service worker, if it is not running, and hands the payload to it.\n   \
         The page itself need not be open.\n   \
         event.data       null: there was no body\n\n\
         3. in the browser: the notification (Notifications API, \"Service worker notifications\"; www/sw.js)\n   \
         Our page subscribes with userVisibleOnly: it promises to show a notification for each push.\n   \
         The operating system displays the notification, unless its settings or a focus mode prevent it.\n   \
         call             registration.showNotification(title, options)\n"
    );
}

#[test]
fn a_refusal_is_followed_by_its_cause_and_cure() {
    let busy = Answer { retry_after: Some(Duration::from_secs(7)), ..Answer::new(StatusCode::TOO_MANY_REQUESTS) };
    assert_eq!(
        answer(WINDOWS, Err(SendError::Busy(busy))),
        "1. the answer (RFC 8030 section 5; src/push/answer.rs)\n   \
         A status of 2xx means that the push service has accepted the message, not that a browser has shown it.\n   \
         status           429 Too Many Requests\n   \
         Retry-After      7  seconds\n   \
         result           not accepted for now by wns2-db5p.notify.windows.com: 429 Too Many Requests: WNS throttles this sender\n   \
         cause            WNS throttles this sender\n   \
         cure             wait 7 s as it asks, then send again\n"
    );
}

#[test]
fn a_missing_answer_is_called_missing() {
    assert_eq!(
        answer("https://push.example/x", Err(SendError::Unreachable(Unreachable::Refused))),
        "1. the answer (RFC 8030 section 5; src/push/answer.rs)\n   \
         A status of 2xx means that the push service has accepted the message, not that a browser has shown it.\n                    \
         no answer came\n   \
         result           cannot reach push.example: connection refused\n   \
         cause            no program listens on its port\n   \
         cure             start your push service, and check the port in the subscription's endpoint\n"
    );
}

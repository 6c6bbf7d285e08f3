//! One table: each fault, in each vendor's words.
#![allow(clippy::unwrap_used)]

use super::*;

const CORRESPOND: &str = "the VAPID credentials in the authorization header do not correspond to the credentials used to \
                          create the subscriptions.";
const AUD: &str = "aud claim in the token MUST include the origin of the push resource URL";
const JWT: &str = "permission denied: invalid JWT provided";
const GONE: &str = "push subscription has unsubscribed or expired.";
const CACHE: &str = "Ttl value conflicts with X-WNS-Cache-Policy.";

/// A fault, Mozilla's status and number, Google's status and sentence, Apple's status and reason, Windows' status and words.
type Row = (Kind, (u16, u16), (u16, &'static str), (u16, &'static str), (u16, &'static str));

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Kind::Authorization, (401, 109), (400, "UnauthorizedRegistration"), (403, "BadAuthorizationHeader"), (401, "")),
    (Kind::Token, (401, 109), (403, JWT), (403, "BadJwtToken"), (401, "")),
    (Kind::Audience, (401, 109), (403, AUD), (403, "BadJwtToken"), (401, "")),
    (Kind::Key, (401, 109), (403, CORRESPOND), (400, "VapidPkHashMismatch"), (403, "")),
    (Kind::Gone, (410, 106), (410, GONE), (410, "Unregistered"), (410, "")),
    (Kind::Ttl, (400, 111), (400, "InvalidTtlParameter"), (400, "BadTtl"), (400, "Ttl value is missing or invalid.")),
    (Kind::Topic, (400, 113), (400, "Bad Request"), (400, "BadWebPushTopic"), (400, "")),
    (Kind::Urgency, (400, 999), (400, "Bad Request"), (400, "BadUrgency"), (400, "")),
    (Kind::Encoding, (400, 110), (400, "Bad Request"), (400, "BadWebPushRequest"), (400, "")),
    (Kind::TooLarge, (413, 104), (413, "Payload Too Large"), (413, "PayloadTooLarge"), (413, "")),
    (Kind::CachePolicy, (400, 999), (400, "Bad Request"), (400, "BadWebPushRequest"), (400, CACHE)),
];

fn text(vendor: Vendor, kind: Kind) -> String {
    let refusal = Refusal::of(vendor, &Fault::new(kind, "why"));
    String::from_utf8(refusal.response(vendor).to_bytes()).unwrap()
}

#[test]
fn each_vendor_refuses_each_fault_in_its_own_words() {
    for &(kind, mozilla, google, apple, windows) in TABLE {
        let answer = text(Vendor::Mozilla, kind);
        assert!(answer.starts_with(&format!("HTTP/1.1 {} ", mozilla.0)), "{answer}");
        assert!(
            answer.contains(&format!("\"errno\":{},", mozilla.1)) && answer.contains("\"message\":\"why\""),
            "{answer}"
        );
        let answer = text(Vendor::Google, kind);
        assert!(answer.starts_with(&format!("HTTP/1.1 {} ", google.0)) && answer.contains(google.1), "{answer}");
        assert!(answer.contains(if google.0 == 400 { "text/html" } else { "text/plain" }), "{answer}");
        let answer = text(Vendor::Apple, kind);
        assert!(answer.starts_with(&format!("HTTP/1.1 {} ", apple.0)) && answer.contains("apns-id: "), "{answer}");
        assert!(answer.contains(&format!("\"reason\":\"{}\"", apple.1)), "{answer}");
        assert_eq!(answer.contains("timestamp"), apple.0 == 410);
        let answer = text(Vendor::Windows, kind);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {} ", windows.0)) && answer.contains("X-WNS-STATUS: dropped"),
            "{answer}"
        );
        let description = answer.lines().find_map(|line| line.strip_prefix("X-WNS-ERROR-DESCRIPTION: "));
        assert_eq!(description.unwrap_or_default(), windows.1);
        assert!(answer.ends_with("Content-Length: 0\r\n\r\n"), "{answer}");
    }
}

#[test]
fn each_fault_has_its_row() {
    let kinds = FAULTS.map(|(kind, ..)| kind);
    for (place, kind) in kinds.into_iter().enumerate() {
        assert_eq!(kind as usize, place, "{kind:?}");
    }
    assert_eq!(Kind::Strict as usize + 1, kinds.len());
}

#[test]
fn mozillas_404_and_405_have_no_body() {
    for kind in [Kind::Endpoint, Kind::Method] {
        assert!(text(Vendor::Mozilla, kind).ends_with("Content-Length: 0\r\n\r\n"));
        assert!(text(Vendor::Apple, kind).contains("reason"));
    }
}

#[test]
fn a_chosen_answer_has_the_vendors_usual_words_unless_the_test_chose_others() {
    let chosen =
        Refusal { words: Some("ServerBusy".to_owned()), retry_after: Some("7".to_owned()), ..Refusal::status(429) };
    let busy = String::from_utf8(chosen.response(Vendor::Apple).to_bytes()).unwrap();
    assert!(busy.contains("Retry-After: 7\r\n") && busy.ends_with("{\"reason\":\"ServerBusy\"}"), "{busy}");
    let usual = String::from_utf8(Refusal::status(403).response(Vendor::Google).to_bytes()).unwrap();
    assert!(usual.ends_with(&format!("\r\n\r\n{CORRESPOND}\n")), "{usual}");
    let chosen = Refusal { errno: Some(103), words: Some("expired".to_owned()), ..Refusal::status(410) };
    let gone = String::from_utf8(chosen.response(Vendor::Mozilla).to_bytes()).unwrap();
    assert!(gone.contains("\"errno\":103") && gone.contains("\"message\":\"expired\""), "{gone}");
}

#[test]
fn an_accepted_message_is_answered_with_the_vendors_headers() {
    let headers = |vendor| String::from_utf8(accepted(vendor, "https://push.example", "id", 60).to_bytes()).unwrap();
    assert!(headers(Vendor::Mozilla).contains("Location: https://push.example/m/id\r\nTTL: 60\r\n"));
    assert!(headers(Vendor::Google).contains("Location: https://push.example/"));
    let apple = headers(Vendor::Apple);
    let id = apple.lines().find_map(|line| line.strip_prefix("apns-id: ")).unwrap();
    assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(headers(Vendor::Windows).contains("X-WNS-STATUS: received"));
}

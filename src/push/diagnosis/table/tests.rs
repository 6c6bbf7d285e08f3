//! Every row of the table, met by an answer as the push service gives it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use ureq::http::StatusCode;

use super::{TABLE, look_up};
use crate::push::Vendor::{Apple, Google, Mozilla, Other, Windows};
use crate::push::{Answer, Endpoint, Interface, Vendor};

/// Vendor, status, errno (0: none), words; then what the cause and the cure must speak of.
#[rustfmt::skip]
const ANSWERS: &[(Vendor, u16, u16, &str, &str, &str)] = &[
    (Apple, 400, 0, "VapidPkHashMismatch", "another VAPID key", "subscribes again"),
    (Apple, 403, 0, "VapidPkHashMismatch", "another VAPID key", "subscribes again"),
    (Apple, 403, 0, "BadJwtToken", "most often because of its subject", "--subject"),
    (Apple, 403, 0, "BadAuthorizationHeader", "Authorization header", "proxy"),
    (Apple, 403, 0, "BadVapidPublicKey", "public key", "--show-public-key"),
    (Apple, 400, 0, "BadTtl", "TTL", "--ttl between 0 and 2419200"),
    (Apple, 400, 0, "BadUrgency", "urgency", "very-low, low, normal or high"),
    (Apple, 400, 0, "BadWebPushTopic", "topic does not decode", "--topic 4, 8"),
    (Apple, 400, 0, "BadWebPushRequest", "malformed", "--explain"),
    (Apple, 404, 0, "BadPath", "cut or mistyped", "press Subscribe"),
    (Apple, 413, 0, "PayloadTooLarge", "4096", "shorten"),
    (Apple, 429, 0, "TooManyRequests", "too many", "send again"),
    (Apple, 410, 0, "Unregistered", "unsubscribed", "press Subscribe"),
    (Google, 400, 0, "UnauthorizedRegistration", "another sender", "subscribes again"),
    (Google, 403, 0, "the key in the authorization header does not correspond to the sender ID used to subscribe this user.",
        "another VAPID key", "subscribes again"),
    (Google, 403, 0, "crypto-key header had invalid format: aud claim must be the push service's origin", "audience", "--explain"),
    (Google, 403, 0, "invalid JWT provided", "cannot read the token", "clock"),
    (Google, 403, 0, "", "does not accept the token", "subscribes again"),
    (Google, 401, 0, "Unauthorized", "does not accept the token", "subscribes again"),
    (Mozilla, 400, 101, "Missing necessary crypto keys", "header of the encryption", "--explain"),
    (Mozilla, 404, 102, "Not Found", "damaged", "press Subscribe"),
    (Mozilla, 410, 103, "Expired URL endpoint", "expired", "press Subscribe"),
    (Mozilla, 413, 104, "payload reached size limit", "bridge", "2744"),
    (Other, 413, 104, "payload reached size limit", "larger than the push service accepts", "shorten"),
    (Mozilla, 410, 105, "Endpoint became unavailable during request", "while the message", "press Subscribe"),
    (Mozilla, 410, 106, "No such subscription", "unsubscribed", "press Subscribe"),
    (Mozilla, 400, 107, "Router token is invalid", "bridge", "press Subscribe"),
    (Mozilla, 400, 108, "Router type is invalid", "bridge", "press Subscribe"),
    (Mozilla, 401, 109, "VAPID public key mismatch", "another VAPID key", "subscribes again"),
    (Mozilla, 401, 109, "ExpiredSignature", "has expired", "clock"),
    (Mozilla, 401, 109, "The VAPID token expiration is too long", "24 h", "clock"),
    (Mozilla, 401, 109, "Invalid VAPID audience", "audience", "same host name"),
    (Mozilla, 401, 109, "InvalidSignature", "not signed by", "--explain"),
    (Mozilla, 401, 109, "Missing VAPID public key", "did not arrive", "proxy"),
    (Mozilla, 401, 109, "Invalid VAPID token", "not accepted", "clock"),
    (Mozilla, 400, 110, "Invalid Content-Encoding header", "header of the encryption", "proxy"),
    (Mozilla, 400, 111, "Missing TTL value", "TTL header did not arrive", "proxy"),
    (Mozilla, 400, 112, "Invalid TTL header value", "not a number", "--ttl between 0 and 2592000"),
    (Mozilla, 400, 113, "Invalid topic", "topic", "--topic"),
    (Mozilla, 400, 114, "Invalid TTL value", "negative", "--ttl"),
    (Windows, 400, 0, "Ttl value conflicts with X-WNS-Cache-Policy", "TTL 0", "--ttl 60"),
    (Windows, 400, 0, "Conflicting Cache-Policy", "TTL 0", "--ttl 60"),
    (Windows, 400, 0, "", "malformed", "--explain"),
    (Windows, 401, 0, "", "WNS does not accept the token", "subscribes again"),
    (Windows, 403, 0, "", "WNS does not accept the token", "subscribes again"),
    (Windows, 406, 0, "", "throttles", "send again"),
    (Windows, 429, 0, "", "throttles", "send again"),
    (Other, 307, 0, "", "not followed", "press Subscribe"),
    (Other, 400, 0, "", "missing or malformed", "--explain"),
    (Apple, 403, 0, "", "subject", "--subject"),
    (Other, 401, 0, "", "key is not the one", "subscribes again"),
    (Google, 404, 0, "", "nine months", "press Subscribe"),
    (Windows, 404, 0, "", "does not know this subscription", "press Subscribe"),
    (Other, 405, 0, "", "does not accept messages", "host and port"),
    (Other, 407, 0, "", "proxy", "HTTPS_PROXY"),
    (Other, 408, 0, "", "in time", "send again"),
    (Google, 410, 0, "", "Chrome does that itself", "allow notifications"),
    (Windows, 410, 0, "", "unsubscribed", "press Subscribe"),
    (Mozilla, 413, 0, "", "bridge", "2744"),
    (Other, 413, 0, "", "larger than the push service accepts", "shorten"),
    (Google, 429, 0, "", "1,000 a minute", "14 days"),
    (Other, 429, 0, "", "too many", "send again"),
    (Other, 410, 0, "", "unsubscribed", "press Subscribe"),
    (Other, 418, 0, "", "does not accept the request", "--explain"),
    (Mozilla, 502, 0, "", "behind it", "send again"),
    (Mozilla, 503, 201, "Use exponential back-off for retries", "overloaded", "send again"),
    (Other, 504, 0, "", "in time", "send again"),
    (Apple, 500, 0, "InternalServerError", "own side", "send again"),
    (Other, 101, 0, "", "RFC 8030", "host and port"),
];

/// An endpoint at the vendor's push service.
fn endpoint(vendor: Vendor) -> Endpoint {
    let host = match vendor {
        Mozilla => "updates.push.services.mozilla.com",
        Google => "fcm.googleapis.com",
        Apple => "web.push.apple.com",
        Windows => "wns2-db5p.notify.windows.com",
        Other => "push.example",
    };
    Endpoint::parse(&format!("https://{host}/x")).unwrap()
}

fn answer(status: u16, errno: u16, words: &str) -> Answer {
    Answer {
        reason: (!words.is_empty()).then(|| words.to_owned()),
        errno: (errno > 0).then_some(errno),
        ..Answer::new(StatusCode::from_u16(status).unwrap())
    }
}

#[test]
fn each_answer_has_its_cause_and_its_cure() {
    for (vendor, status, errno, words, cause, cure) in ANSWERS {
        let row = look_up(&endpoint(*vendor), &answer(*status, *errno, words)).unwrap();
        assert!(row.cause.contains(cause), "{vendor:?} {status} {words}: {}", row.cause);
        let shown = row.cure.for_interface(Interface::CommandLine);
        assert!(shown.contains(cure), "{vendor:?} {status} {words}: {shown}");
    }
}

#[test]
fn a_subscription_that_chromium_s_own_host_lost_differs_from_one_that_ended() {
    let chromium = Endpoint::parse("https://jmt17.google.com/fcm/send/x").unwrap();
    for status in [404, 410] {
        let row = look_up(&chromium, &answer(status, 0, "")).unwrap();
        assert!(row.cause.contains("Chromium without Google's branding"), "{}", row.cause);
        let shown = row.cure.for_interface(Interface::Page);
        assert!(shown.contains("--enable-features=PushMessagingGcmEndpointWebpushPath"), "{shown}");
    }
    assert!(look_up(&chromium, &answer(429, 0, "")).unwrap().cause.contains("1,000 a minute"));
}

#[test]
fn no_row_is_without_an_answer_that_finds_it() {
    let found = ANSWERS.iter().map(|(vendor, status, errno, words, ..)| {
        let row = look_up(&endpoint(*vendor), &answer(*status, *errno, words)).unwrap();
        std::ptr::from_ref(row) as usize
    });
    let chromium = Endpoint::parse("https://jmt17.google.com/fcm/send/x").unwrap();
    let chromium = std::ptr::from_ref(look_up(&chromium, &answer(410, 0, "")).unwrap()) as usize;
    let found: BTreeSet<_> = found.chain([chromium]).collect();
    let missing: Vec<_> = TABLE.iter().filter(|row| !found.contains(&(std::ptr::from_ref(*row) as usize))).collect();
    assert!(missing.is_empty(), "{:?}", missing.iter().map(|row| row.cause).collect::<Vec<_>>());
}

#[test]
fn causes_and_cures_are_one_sentence_without_a_full_stop() {
    for row in TABLE {
        for text in [row.cause, row.cure.for_interface(Interface::Page), row.cure.for_interface(Interface::CommandLine)]
        {
            let text = text.replace("...", "");
            assert!(!text.is_empty() && !text.ends_with('.') && !text.contains(". ") && text == text.trim(), "{text}");
        }
    }
}

#[test]
fn no_cure_on_the_page_names_an_option_of_notify() {
    // Those of the browser are no options of notify.
    for row in TABLE {
        let shown = row.cure.for_interface(Interface::Page).replace("--enable-features=", "");
        assert!(!shown.contains("--"), "{shown}");
    }
}

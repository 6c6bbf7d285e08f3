//! Diagnosis that needs more than the table: clocks, waiting, no answer at all.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use ureq::http::StatusCode;

use super::{Diagnosis, Interface, diagnose};
use crate::push::{Answer, Endpoint, SendError, Unreachable, Vendor};

const MINUTE: Duration = Duration::from_secs(60);

fn refused(status: u16) -> Answer {
    Answer {
        errno: Some(109),
        reason: Some("VAPID public key mismatch".into()),
        ..Answer::new(StatusCode::from_u16(status).unwrap())
    }
}

/// The diagnosis, for the command line, of an error of `vendor`'s push service.
fn diagnosis(vendor: Vendor, error: &SendError) -> Diagnosis {
    diagnose(&endpoint(vendor), error, Interface::CommandLine)
}

fn endpoint(vendor: Vendor) -> Endpoint {
    let host = match vendor {
        Vendor::Mozilla => "updates.push.services.mozilla.com",
        Vendor::Apple => "web.push.apple.com",
        _ => "push.example",
    };
    Endpoint::parse(&format!("https://{host}/x")).unwrap()
}

fn cause(answer: Answer) -> String {
    diagnosis(Vendor::Mozilla, &SendError::Refused(answer)).cause
}

#[test]
fn a_clock_that_is_off_is_blamed_before_anything_else() {
    for (status, expected) in [(401, true), (403, true), (400, false)] {
        let mut answer = refused(status);
        answer.date = Some(answer.received - 90 * MINUTE);
        let cause = cause(answer);
        assert_eq!(
            cause.starts_with("this machine's clock is 90 minutes ahead of the push service's"),
            expected,
            "{cause}"
        );
    }
    let mut answer = refused(401);
    answer.date = Some(answer.received + 60 * 60 * MINUTE);
    assert_eq!(
        diagnosis(Vendor::Mozilla, &SendError::Refused(answer)),
        Diagnosis {
            cause: "this machine's clock is 2 days behind the push service's, so the token's expiry is wrong".into(),
            cure: "set this machine's clock, then send again".into(),
        }
    );
}

#[test]
fn a_clock_that_is_off_by_less_than_a_token_s_rest_is_not_blamed() {
    let mut answer = refused(401);
    answer.date = Some(answer.received - 59 * MINUTE);
    assert_eq!(cause(answer), "the subscription was made with another VAPID key");
    assert_eq!(cause(refused(401)), "the subscription was made with another VAPID key");
}

#[test]
fn a_time_to_wait_is_passed_on() {
    let answer = Answer { retry_after: Some(2 * MINUTE), ..Answer::new(StatusCode::SERVICE_UNAVAILABLE) };
    assert_eq!(
        diagnosis(Vendor::Mozilla, &SendError::Busy(answer)),
        Diagnosis {
            cause: "it is overloaded or being repaired".into(),
            cure: "wait 120 s as it asks, then send again".into()
        }
    );
}

#[test]
fn each_kind_of_no_answer_has_its_own_cause() {
    for (vendor, why, cure) in [
        (Vendor::Mozilla, Unreachable::Name, "DNS"),
        (Vendor::Other, Unreachable::Refused, "start your push service"),
        (Vendor::Mozilla, Unreachable::Refused, "firewall"),
        (Vendor::Mozilla, Unreachable::Lost("reset".into()), "firewall"),
        (Vendor::Mozilla, Unreachable::Lost("proxy".into()), "HTTPS_PROXY"),
        (Vendor::Other, Unreachable::Tls("UnknownIssuer".into()), "SSL_CERT_FILE=ca.pem"),
        (Vendor::Apple, Unreachable::Timeout(MINUTE), "--timeout"),
        (Vendor::Other, Unreachable::NotHttp, "captive portal"),
    ] {
        let error = SendError::Unreachable(why.clone());
        let advice = diagnosis(vendor, &error);
        let on_page = diagnose(&endpoint(vendor), &error, Interface::Page);
        assert!(!on_page.cure.contains("--"), "{on_page:?}");
        assert!(advice.cure.contains(cure) && !advice.cause.is_empty(), "{why:?}: {advice:?}");
    }
}

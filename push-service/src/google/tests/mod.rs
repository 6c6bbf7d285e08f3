//! The three stand-ins, each against a simulated Chromium. The real one is in barepush's browser tests.
#![allow(clippy::unwrap_used)]

mod chromium;

use super::MessageChannel;
use crate::StoredMessage;
use crate::{Limits, Service, Settings};
use base64ct::{Base64UrlUnpadded, Encoding};
use chromium::{Chromium, DataMessage, Login};
use std::time::Duration;

const SUBTYPE: &str = "wp:http://localhost:4480/#0123-V2";
const KEY: [u8; 65] = [4; 65];

fn service() -> (Service, MessageChannel) {
    let settings = Settings {
        port: 0,
        tls: None,
        strict: true,
        limits: Limits::default(),
        log: Box::new(|line| println!("push service: {line}")),
    };
    let service = Service::start(settings).unwrap();
    let channel = MessageChannel::open(&service.shared).unwrap();
    (service, channel)
}

/// Hands over a message as if a sender had posted it.
fn post(service: &Service, token: &str, id: &str, body: &[u8], ttl: u64) {
    let now = service.shared.lock().now();
    let message = StoredMessage {
        id: id.to_owned(),
        token: token.to_owned(),
        topic: None,
        body: body.to_owned(),
        ttl,
        expires: now + Duration::from_secs(ttl),
        key: KEY.to_vec(),
    };
    service.shared.deliver(message);
}

/// Waits until the push service stores this many messages.
fn wait_for_stored(service: &Service, count: usize) {
    let shared = &service.shared;
    let limit = Duration::from_secs(20);
    let waited = shared.changed.wait_while_for(&mut shared.lock(), |state| state.stored.len() != count, limit);
    assert!(!waited.timed_out(), "not {count} messages stored in time");
}

#[test]
fn a_check_in_gives_an_id_and_a_secret_which_stay() {
    let (_service, channel) = service();
    let first = Chromium::check_in(&channel);
    let again = first.check_in_again(&channel);
    assert_eq!((again.id, again.token), (first.id, first.token));
    let forged = Chromium { token: first.token ^ 1, ..first };
    assert_ne!(forged.check_in_again(&channel).id, forged.id);
}

#[test]
fn a_page_of_another_site_can_neither_check_in_nor_register() {
    let (service, channel) = service();
    for header in ["Origin: https://example.com\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        for name in ["--gcm-checkin-url=", "--gcm-registration-url="] {
            assert_eq!(chromium::post(&chromium::switch(&channel, name), header, b"").0, 403, "{name} {header}");
        }
    }
    assert!(service.shared.lock().chromium_tokens.is_empty());
}

#[test]
fn a_registration_makes_a_subscription_and_delete_ends_it() {
    let (service, channel) = service();
    let chromium = Chromium::check_in(&channel);
    let key = Base64UrlUnpadded::encode_string(&KEY);
    let register = format!("app=org.chromium.linux&X-subtype={}&scope=GCM&sender={key}", SUBTYPE.replace('#', "%23"));
    let answer = chromium.register(&channel, &register);
    let token = answer.strip_prefix("token=").unwrap();
    assert_eq!(service.shared.lock().subscriptions[token].key.as_deref(), Some(&KEY[..]));
    assert_eq!(chromium.register(&channel, &register), answer, "registered again, it keeps its token");

    let delete = register.replace(&key, "*") + "&delete=true";
    assert_eq!(chromium.register(&channel, &delete), format!("token={SUBTYPE}"));
    assert!(service.shared.lock().subscriptions[token].ended);
    assert_ne!(chromium.register(&channel, &register), answer, "after its end, it has a new one");
}

#[test]
fn a_registration_without_the_secret_or_a_key_is_refused_and_one_for_chromium_itself_makes_no_subscription() {
    let (service, channel) = service();
    let chromium = Chromium::check_in(&channel);
    let forged = Chromium { token: chromium.token ^ 1, ..chromium };
    assert_eq!(forged.register(&channel, "X-subtype=x&sender=y"), "Error=AUTHENTICATION_FAILED");
    assert_eq!(chromium.register(&channel, "X-subtype=x&sender=745476177629"), "Error=INVALID_SENDER");
    assert!(chromium.register(&channel, "app=com.google.android.gms&sender=1").starts_with("token="));
    assert_eq!(chromium.register(&channel, "app=a&delete=true"), "deleted=a");
    assert!(service.shared.lock().subscriptions.is_empty());
}

#[test]
fn a_message_is_delivered_and_stored_until_it_is_acknowledged() {
    let (service, channel) = service();
    let chromium = Chromium::check_in(&channel);
    let token = chromium.subscribe(&channel, SUBTYPE, &KEY);
    let mut line = chromium.log_in(&channel, &[]).unwrap();
    post(&service, &token, "first", b"encrypted", 60);
    post(&service, &token, "second", b"", 60);
    let first = line.data_message();
    assert_eq!(
        (first.category.as_str(), first.from, first.persistent_id.as_str(), first.ttl, first.immediate_ack),
        (SUBTYPE, Base64UrlUnpadded::encode_string(&KEY), "first", 60, true)
    );
    assert_eq!(first.raw_data.as_deref(), Some(&b"encrypted"[..]));
    assert_eq!((first.app_data[0].key.as_str(), first.app_data[0].value.as_str()), ("content-encoding", "aes128gcm"));
    let DataMessage { raw_data, app_data, .. } = line.data_message();
    assert_eq!((raw_data, app_data.len()), (None, 0), "without a body it has no data");
    // The answer to the login was the first frame.
    line.acknowledge(2);
    wait_for_stored(&service, 1);
    line.acknowledge(3);
    wait_for_stored(&service, 0);
}

#[test]
fn a_message_for_a_chromium_that_is_away_comes_with_the_next_login() {
    let (service, channel) = service();
    let chromium = Chromium::check_in(&channel);
    let token = chromium.subscribe(&channel, SUBTYPE, &KEY);
    post(&service, &token, "lost", b"", 0);
    post(&service, &token, "received", b"", 60);
    post(&service, &token, "kept", b"", 60);
    // Chromium received one and could not acknowledge it.
    let mut line = chromium.log_in(&channel, &["received"]).unwrap();
    assert_eq!(line.data_message().persistent_id, "kept");
    drop(line);
    let mut line = chromium.log_in(&channel, &[]).unwrap();
    assert_eq!(line.data_message().persistent_id, "kept", "without an acknowledgement it comes again");
}

#[test]
fn a_ping_is_answered_and_a_login_without_the_secret_refused() {
    let (_service, channel) = service();
    let chromium = Chromium::check_in(&channel);
    chromium.log_in(&channel, &[]).unwrap().ping();
    let forged = Chromium { token: chromium.token ^ 1, ..chromium };
    assert_eq!(forged.log_in(&channel, &[]).err(), Some(Login::Refused { code: 401 }));
}

//! Arbitrary input for everything that reads what others wrote: no panic, and what each reader promises.

use std::fs;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use barepush::push::{
    Answer, Client, DEFAULT_SUBJECT, Endpoint, Interface, Message, PushRequest, Sender, Subject, Subscription,
    VapidKey, Vendor,
};
use barepush::store::{Entries, Store};
use barepush::web::routes::{Call, answer};
use barepush::web::{Application, Host, Log, allow_list};
use proptest::prelude::*;

fn subscription(token: &str) -> String {
    let vector: serde_json::Value = serde_json::from_str(include_str!("../vectors/rfc8291.json")).unwrap();
    serde_json::json!({
        "endpoint": format!("https://updates.push.services.mozilla.com/wpush/v2/{token}"),
        "keys": {"p256dh": vector["ua_public"], "auth": vector["auth_secret"]},
    })
    .to_string()
}

/// Pieces of what stands in such files and requests, and anything else.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<Vec<u8>>(),
        2 => "[a-z]{1,3}".prop_map(|token| subscription(&token).into_bytes()),
        4 => prop::sample::select(vec![
            "\n", "\r\n", " ", "{", "}", "[", "]", ",", ":", "\"", "\\", "\\ud800", "1e999", "null",
            "{\"endpoint\":", "\"keys\":{", "\"auth\":\"", "-----BEGIN PRIVATE KEY-----\n",
            "-----END PRIVATE KEY-----\n", "-----BEGIN EC PRIVATE KEY-----\n", "=", "\u{feff}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.retain(|byte| !byte.is_ascii_whitespace());
    bytes
}

fn key() -> VapidKey {
    let secret = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::encode_string(&[7; 32]);
    VapidKey::from_text(&secret, Subject::parse(DEFAULT_SUBJECT).unwrap()).unwrap()
}

fn loadable(text: &str) -> bool {
    VapidKey::from_text(text, Subject::parse(DEFAULT_SUBJECT).unwrap()).is_ok()
}

/// Gives its bytes out in reads of these sizes, over and over.
struct Pieces {
    bytes: Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    next: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()].min(buffer.len());
        self.next += 1;
        self.bytes.read(&mut buffer[..size])
    }
}

#[test]
fn numbers_that_a_read_cuts_are_read_whole() {
    let text = b"{\"a\":1.5,\"b\":[-2e3,3e+4]}\n12.25 -1e+2\n{\"c\":null,\"d\":true}".to_vec();
    let lines = |reader: Box<dyn Read + Send>| -> Vec<usize> {
        Entries::new(reader, Path::new("list")).map(|entry| entry.unwrap().line).collect()
    };
    for size in 1..text.len() {
        let pieces = Pieces { bytes: Cursor::new(text.clone()), sizes: vec![size], next: 0 };
        assert_eq!(lines(Box::new(pieces)), [1, 2, 2, 3], "{size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn however_the_bytes_arrive_the_entries_are_the_same(bytes in pieces(), sizes in prop::collection::vec(1..40_usize, 1..8)) {
        let entries = |reader: Box<dyn Read + Send>| -> Vec<(usize, String)> {
            let entries = Entries::new(reader, Path::new("list"));
            let told = entries.map(|entry| entry.unwrap()).map(|entry| (entry.line, format!("{:?}", entry.subscription())));
            told.collect()
        };
        let whole = entries(Box::new(Cursor::new(bytes.clone())));
        prop_assert_eq!(entries(Box::new(Pieces { bytes: Cursor::new(bytes), sizes, next: 0 })), whole);
    }

    #[test]
    fn a_change_of_the_file_loses_nothing_whatever_stands_in_it(bytes in pieces()) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("subscription.txt"));
        fs::write(store.path(), &bytes).unwrap();
        let read: usize = store.read().unwrap().unwrap().map(|entry| usize::from(entry.is_ok())).sum();
        let new = subscription("not-in-any-piece");
        store.add(&Subscription::from_json(&new).unwrap()).unwrap();
        let after = fs::read(store.path()).unwrap();
        let expected = [squeezed(&bytes), squeezed(new.as_bytes())].concat();
        prop_assert!(store.read().unwrap().unwrap().count() > read);
        prop_assert_eq!(&squeezed(&after), &expected);
        let by = "https://updates.push.services.mozilla.com/wpush/v2/not-in-any-piece";
        prop_assert_eq!(store.remove(by).unwrap().found, 1);
        prop_assert_eq!(squeezed(&fs::read(store.path()).unwrap()), squeezed(&bytes));
    }

    #[test]
    fn whatever_is_taken_for_a_subscription_is_kept_on_one_line_and_read_again(bytes in pieces()) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(subscription) = Subscription::from_json(&text) {
            prop_assert!(!subscription.json().contains('\n'));
            let again = Subscription::from_json(subscription.json()).unwrap();
            prop_assert_eq!(again.endpoint(), subscription.endpoint());
        }
    }

    #[test]
    fn any_text_for_a_key_is_refused_without_being_repeated_or_loads(bytes in pieces()) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let subject = Subject::parse(DEFAULT_SUBJECT).unwrap();
        if let Err(error) = VapidKey::from_text(&text, subject) {
            prop_assert!(text.len() < 16 || !error.to_string().contains(&text));
        }
    }

    #[test]
    fn any_32_bytes_are_a_key_or_refused(bytes in any::<[u8; 32]>()) {
        use base64ct::{Base64UrlUnpadded, Encoding};
        // All but a few of 2^256 numbers are below the order of the group.
        prop_assert!(loadable(&Base64UrlUnpadded::encode_string(&bytes)) || bytes.starts_with(&[0xff; 4]) || bytes == [0; 32]);
    }

    #[test]
    fn an_endpoint_is_taken_only_if_its_host_is_a_known_push_services(
        text in "(https?://)?([a-z.@:%\\\\]{0,8})?(fcm\\.googleapis\\.com|web\\.push\\.apple\\.com|127\\.0\\.0\\.1|\\PC{0,12})(\\.|:[0-9]{0,6}|@|%2f|\\\\)?([a-z.]{0,12})?(/\\PC{0,24})?",
    ) {
        if let Ok(endpoint) = Endpoint::parse(&text) {
            prop_assert!(text.is_ascii() && !text.contains('@'));
            prop_assert_eq!(endpoint.tail(), &text[text.len().saturating_sub(8)..]);
            if allow_list::check(&endpoint, &[]).is_ok() {
                prop_assert!(endpoint.vendor() != Vendor::Other);
                prop_assert_eq!(endpoint.origin(), format!("https://{}", endpoint.host().to_ascii_lowercase()));
                prop_assert!(endpoint.origin().starts_with("https://"));
            }
        }
    }

    #[test]
    fn whatever_a_push_service_says_is_one_short_line_without_the_endpoint(
        status in 200u16..600,
        headers in prop::collection::vec(("(retry-after|date|location|ttl|x-wns-status)", "[ -~]{0,40}"), 0..4),
        body in pieces(),
        echo in any::<bool>(),
    ) {
        let text = subscription("a-token-that-nobody-else-may-know");
        let to = Subscription::from_json(&text).unwrap();
        let message = Message::new(b"x".to_vec());
        let request = PushRequest::new(&message, &to, &key()).unwrap();
        let mut response = ureq::http::Response::builder().status(status);
        for (name, value) in &headers {
            response = response.header(name, value);
        }
        let endpoint = to.endpoint().as_str();
        let body = if echo { [body, endpoint.as_bytes().to_vec()].concat() } else { body };
        let body = ureq::Body::builder().data(body);
        let answer = Answer::read(response.body(body).unwrap(), &request);
        let words = answer.in_its_words();
        prop_assert!(!words.contains(endpoint) && !words.contains(char::is_control), "{}", words);
        prop_assert!(answer.reason.is_none_or(|reason| reason.chars().count() <= 300));
    }

    #[test]
    fn any_call_is_answered_and_only_our_names_are_let_in(
        method in "(GET|HEAD|POST|PUT|[A-Z]{1,4})",
        target in "(/|/status|/add-subscription|/remove-subscription|/notify-me|/notify-all|/page\\.js|/\\PC{0,12})(\\?\\PC{0,4})?",
        host in "(localhost:4443|localhost|evil\\.example:4443|\\PC{0,12})",
        origin in prop::option::of("(https://localhost:4443|null|\\PC{0,12})"),
        content_type in prop::option::of("(application/json|text/plain|\\PC{0,12})"),
        body in prop_oneof![pieces(), Just(b"{\"endpoint\":\"x\",\"ttl\":-1}".to_vec()), Just(b"{}".to_vec())],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let application = Arc::new(Application {
            store: Store::new(folder.path().join("subscription.txt")),
            sender: Sender {
                client: Client::new(Duration::from_millis(1), 1).unwrap(),
                key: key(),
                tries: 1,
                dry_run: false,
                interface: Interface::Page,
            },
            allowed_push_services: vec![],
            www: None,
            hosts: vec![Host { scheme: "https", url_host: "localhost".into(), port: 4443, names: vec![] }],
            log: Log::Quiet,
            about: Default::default(),
            last_push: Default::default(),
            delayed: Default::default(),
        });
        // No push service is known below this name, so none is called.
        let body = String::from_utf8_lossy(&body).replace("push.services.mozilla.com", "evil.example");
        let reply = answer(&application, 0, &Call {
            method: &method,
            target: &target,
            host: &host,
            origin: origin.as_deref(),
            content_type: content_type.as_deref(),
            if_none_match: None,
            body: body.as_bytes(),
        });
        let stranger = !["localhost:4443", "127.0.0.1:4443", "[::1]:4443"].contains(&&*host.to_ascii_lowercase());
        prop_assert_eq!(reply.status == 403, stranger || (!matches!(&*method, "GET" | "HEAD")
            && origin.is_some_and(|origin| !origin.eq_ignore_ascii_case(&format!("https://{host}")))));
        prop_assert!(!application.store.path().exists());
        prop_assert!([200, 400, 403, 404, 405, 409, 415].contains(&reply.status), "{}", reply.status);
    }
}

//! Arbitrary heads: no panic, and what is let through is one plain request of a few known headers.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn heads() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        2 => any::<Vec<u8>>(),
        8 => prop::sample::select(vec![
            "GET / HTTP/1.1\r\n", "POST /x HTTP/1.1\r\n", "HEAD / HTTP/1.0\r\n", "Host: localhost\r\n", "host: b\r\n",
            "Origin: null\r\n", "Content-Length: 5\r\n", "Content-Length: -5\r\n", "content-length: 99999\r\n",
            "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Upgrade: x\r\n", "X: y\r\n", "Listener: 0\r\n", " folded\r\n",
            "\r\n", "\r\n\r\n", "\n", "\r", "\0",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    let start = prop::sample::select(vec!["", "GET / HTTP/1.1\r\nHost: localhost\r\n"]);
    (start, prop::collection::vec(piece, 0..12))
        .prop_map(|(start, pieces)| [start.as_bytes(), &pieces.concat(), b"\r\n\r\n"].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4096) })]

    #[test]
    fn any_bytes_are_refused_or_rewritten_as_one_plain_request(bytes in heads()) {
        let Ok(Some(end)) = end(&bytes) else {
            return Ok(());
        };
        prop_assert!(bytes[..end].ends_with(b"\r\n\r\n") && end <= HEAD_BYTES_MAX);
        let Ok(head) = check(&bytes[..end], 1) else {
            return Ok(());
        };
        prop_assert!(head.body_bytes <= BODY_BYTES_MAX);
        let rewritten = std::str::from_utf8(&head.rewritten).unwrap();
        prop_assert!(rewritten.ends_with("\r\n\r\n") && rewritten.matches("\r\n\r\n").count() == 1);
        prop_assert!(rewritten.bytes().all(|byte| matches!(byte, b'\r' | b'\n' | b' '..=b'~')));
        prop_assert_eq!(rewritten.matches('\r').count(), rewritten.matches('\n').count());
        prop_assert_eq!(rewritten.matches("\r\nhost: ").count(), 1);
        prop_assert_eq!(rewritten.matches("\r\nListener: 1\r\n").count(), 1);
        prop_assert_eq!(rewritten.to_ascii_lowercase().matches("\r\nlistener:").count(), 1);
        for line in rewritten.trim_end().lines().skip(1) {
            let name = line.split(':').next().unwrap();
            prop_assert!(FORWARDED.contains(&name) || ["Connection", "Listener", "Content-Length"].contains(&name), "{}", line);
        }
    }
}

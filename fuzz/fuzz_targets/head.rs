//! The reading of request heads: refused, or rewritten as one plain request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use barepush::http::request_head::{check, end};

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some(end)) = end(bytes) else {
        return;
    };
    if let Ok(head) = check(&bytes[..end], 1) {
        let rewritten = std::str::from_utf8(&head.rewritten).expect("ASCII");
        assert!(rewritten.ends_with("\r\n\r\n") && rewritten.matches("\r\n\r\n").count() == 1);
        assert_eq!(rewritten.matches("\r\nhost: ").count(), 1);
        assert_eq!(rewritten.to_ascii_lowercase().matches("\r\nlistener:").count(), 1);
    }
});

//! The gate's reading of request heads: refused, or written anew as one plain request.
#![no_main]
#![allow(dead_code)]

#[path = "../../src/gate/head.rs"]
mod head;
#[path = "../../src/gate/refusal.rs"]
mod refusal;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some(end)) = head::end(bytes) else {
        return;
    };
    if let Ok(head) = head::check(&bytes[..end]) {
        let inner = std::str::from_utf8(&head.inner).expect("ASCII");
        assert!(inner.ends_with("\r\n\r\n") && inner.matches("\r\n\r\n").count() == 1);
        assert_eq!(inner.matches("\r\nhost: ").count(), 1);
    }
});

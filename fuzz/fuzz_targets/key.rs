//! The VAPID key in any text: loaded or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use barepush::push::{DEFAULT_SUBJECT, Subject, VapidKey};

fuzz_target!(|text: &str| {
    let subject = Subject::parse(DEFAULT_SUBJECT).expect("a subject");
    if let Ok(key) = VapidKey::from_text(text, subject) {
        assert_eq!(key.public_key().len(), 87);
    }
});

//! subscription.txt: any bytes are read to their end, each entry on a line at or after the one before.
#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use barepush::store::Entries;

fuzz_target!(|bytes: &[u8]| {
    let mut last = 1;
    for entry in Entries::new(Cursor::new(bytes.to_vec()), Path::new("subscription.txt")) {
        let entry = entry.expect("memory is always readable");
        assert!(entry.line >= last);
        last = entry.line;
    }
});

//! Subscriptions and endpoints: what is taken is read again from its own line, and allowed only for a known push service.
#![no_main]

use libfuzzer_sys::fuzz_target;
use barepush::push::{Endpoint, Subscription, Vendor};
use barepush::web::allow_list;

fuzz_target!(|text: &str| {
    if let Ok(subscription) = Subscription::from_json(text) {
        assert!(!subscription.json().contains('\n'));
        assert!(Subscription::from_json(subscription.json()).is_ok());
    }
    if let Ok(endpoint) = Endpoint::parse(text) {
        assert_eq!(endpoint.tail(), &text[text.len().saturating_sub(8)..]);
        if allow_list::check(&endpoint, &[]).is_ok() {
            assert!(endpoint.vendor() != Vendor::Other && endpoint.origin().starts_with("https://"));
        }
    }
});

//! The push service that the other tests rely on, tested itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::push_service::PushService;

#[test]
fn starts() {
    let service = PushService::start_tls();
    service.expect_no_calls();
}

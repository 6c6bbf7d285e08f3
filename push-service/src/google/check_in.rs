//! Google's check-in: gives each Chromium an id and a secret, with which it registers and logs in to the message channel.

use super::messages::{CheckInRequest, CheckInResponse};
use crate::{Response, Shared, State, random};
use prost::Message;

/// Each start of a fresh profile makes one; a learner or a test suite starts a few hundred.
const MOST_BROWSERS: usize = 10_000;

impl Shared {
    /// Answers a check-in: a Chromium that is known keeps its id.
    pub(super) fn check_in(&self, body: &[u8]) -> Response {
        let Ok(request) = CheckInRequest::decode(body) else {
            return Response::new(400);
        };
        let mut state = self.lock();
        let android_id = match u64::try_from(request.android_id) {
            Ok(known) if state.is_chromium(known, request.security_token) => known,
            _ if state.chromium_tokens.len() >= MOST_BROWSERS => return Response::new(503),
            _ => state.add_chromium(),
        };
        let response = CheckInResponse {
            stats_ok: true,
            time_msec: milliseconds(&state),
            android_id,
            security_token: state.chromium_tokens.get(&android_id).copied().unwrap_or_default(),
        };
        Response::new(200).body("application/x-protobuf", response.encode_to_vec())
    }
}

impl State {
    /// Whether the check-in gave this id and this secret.
    pub(super) fn is_chromium(&self, android_id: u64, security_token: u64) -> bool {
        self.chromium_tokens.get(&android_id) == Some(&security_token)
    }

    fn add_chromium(&mut self) -> u64 {
        // Positive as an int64, which the check-in's request needs; Chromium takes 0 for none.
        let android_id = (u64::from_le_bytes(random()) >> 1) | 1;
        self.chromium_tokens.insert(android_id, u64::from_le_bytes(random()) | 1);
        android_id
    }
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(state: &State) -> i64 {
    i64::try_from(state.now_seconds()).unwrap_or(i64::MAX).saturating_mul(1000)
}

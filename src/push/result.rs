//! One push told in words: the same for the page, for notify and for `--json`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::push::answer::Answer;
use crate::push::client::{Client, SendError};
use crate::push::diagnosis::{self, Diagnosis};
use crate::push::message::Message;
use crate::push::request::{PushRequest, RequestError};
use crate::push::subscription::Subscription;
use crate::push::vapid::VapidKey;

/// What became of one push; cut by what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Any 2xx.
    Accepted,
    /// Our side: nothing was sent.
    Ours,
    /// The subscription was made with another VAPID key: nothing was sent.
    OtherKey,
    /// Refused, and would be again.
    Refused,
    /// The subscription is over.
    Gone,
    /// 429 or 5xx.
    Busy,
    /// No answer.
    Unreachable,
    /// Everything but the sending was done (`--dry-run`).
    NotSent,
}

impl Class {
    /// What it means that a request could not be made.
    pub fn of(error: &RequestError) -> Class {
        match error {
            RequestError::OtherKey(_) => Class::OtherKey,
            _ => Class::Ours,
        }
    }

    /// The exit code of notify.
    pub fn exit_code(self) -> u8 {
        match self {
            Class::Accepted | Class::NotSent => 0,
            Class::Ours => 1,
            Class::OtherKey => 3,
            Class::Refused => 4,
            Class::Gone => 5,
            Class::Busy | Class::Unreachable => 6,
        }
    }
}

/// What became of one push, without a secret in it.
#[derive(Debug, Clone, Serialize)]
pub struct PushResult {
    /// Whether the push service took it; not whether a browser showed it.
    pub accepted: bool,
    /// What to do next, as one word.
    pub class: Class,
    /// The push service's host.
    pub service: String,
    /// The endpoint's last 8 characters.
    pub tail: String,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// How often it was posted.
    pub attempts: u32,
    /// From the last request's making to its answer.
    pub milliseconds: u64,
    /// The last 8 characters of the message's own resource, when the push service named one (RFC 8030 section 5).
    pub message_id: Option<String>,
    /// What happened and why, in one sentence.
    pub says: String,
    /// What to do next, in one sentence.
    pub hint: Option<String>,
    /// When it ended, in seconds since 1970.
    pub at: u64,
}

impl PushResult {
    /// Makes the request, sends it once, and tells what became of it.
    pub fn of(client: &Client, message: &Message, subscription: &Subscription, key: &VapidKey) -> PushResult {
        let start = Instant::now();
        match PushRequest::new(message, subscription, key) {
            Ok(request) => PushResult::sent(subscription, &client.send(&request), start.elapsed()),
            Err(e) => PushResult::not_sent(subscription, &e),
        }
    }

    /// The outcome of a request that was posted.
    pub fn sent(subscription: &Subscription, result: &Result<Answer, SendError>, took: Duration) -> PushResult {
        let endpoint = subscription.endpoint();
        let host = endpoint.host();
        let error = match result {
            Ok(answer) => {
                let says = format!("accepted by {host} in {} ms ({})", took.as_millis(), answer.status);
                return PushResult {
                    status: Some(answer.status.as_u16()),
                    message_id: answer.message_id().map(str::to_owned),
                    ..PushResult::told(subscription, Class::Accepted, took, says, None)
                };
            }
            Err(error) => error,
        };
        let Diagnosis { cause, cure } = diagnosis::on(endpoint.vendor(), error);
        let (class, what, answer) = match error {
            SendError::Gone(answer) => (Class::Gone, "gone, says", answer),
            SendError::Busy(answer) => (Class::Busy, "not now, says", answer),
            SendError::Refused(answer) => (Class::Refused, "refused by", answer),
            SendError::Unreachable(why) => {
                let says = format!("cannot reach {host}: {why}");
                return PushResult::told(subscription, Class::Unreachable, took, says, Some(cure));
            }
        };
        let says = format!("{what} {host}: {}: {cause}", answer.in_its_words());
        PushResult {
            status: Some(answer.status.as_u16()),
            ..PushResult::told(subscription, class, took, says, Some(cure))
        }
    }

    /// The outcome of a request that could not be made.
    pub fn not_sent(subscription: &Subscription, error: &RequestError) -> PushResult {
        let class = Class::of(error);
        PushResult {
            attempts: 0,
            ..PushResult::told(subscription, class, Duration::ZERO, error.to_string(), Some(error.hint()))
        }
    }

    /// The outcome of a request that was made but not posted (`--dry-run`).
    pub fn made(subscription: &Subscription, request: &PushRequest) -> PushResult {
        let says = format!("would be sent to {}: {} bytes", subscription.endpoint().host(), request.body().len());
        PushResult { attempts: 0, ..PushResult::told(subscription, Class::NotSent, Duration::ZERO, says, None) }
    }

    fn told(
        subscription: &Subscription,
        class: Class,
        took: Duration,
        says: String,
        hint: Option<String>,
    ) -> PushResult {
        PushResult {
            accepted: class == Class::Accepted,
            class,
            service: subscription.endpoint().host().to_owned(),
            tail: subscription.endpoint().tail().to_owned(),
            status: None,
            attempts: 1,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            message_id: None,
            says,
            hint,
            at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        }
    }
}

//! One push told in words: the same for the page, for notify and for `--json`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::advice;
use crate::message::Message;
use crate::push::{Answer, Client, PushRequest, RequestError, SendError};
use crate::subscription::Subscription;
use crate::vapid::VapidKey;

/// What became of one push; cut by what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
}

impl Class {
    /// The exit code of notify.
    pub fn exit_code(self) -> u8 {
        match self {
            Class::Accepted => 0,
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
pub struct Outcome {
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
    /// From the request's making to its answer.
    pub milliseconds: u64,
    /// What happened, in one sentence.
    pub says: String,
    /// What to do next, in one sentence.
    pub hint: Option<String>,
    /// When it ended, in seconds since 1970.
    pub at: u64,
}

impl Outcome {
    /// Makes the request, sends it once, and tells what became of it.
    pub fn of(
        client: &Client,
        message: &Message,
        subscription: &Subscription,
        key: &VapidKey,
    ) -> Outcome {
        let start = Instant::now();
        match PushRequest::new(message, subscription, key) {
            Ok(request) => Outcome::sent(subscription, client.send(&request), start.elapsed()),
            Err(e) => Outcome::not_sent(subscription, &e),
        }
    }

    /// The outcome of a request that was posted.
    pub fn sent(
        subscription: &Subscription,
        result: Result<Answer, SendError>,
        took: Duration,
    ) -> Outcome {
        let endpoint = subscription.endpoint();
        let host = endpoint.host();
        let (class, says, hint, answer) = match result {
            Ok(answer) => {
                let says = format!(
                    "accepted by {host} in {} ms ({})",
                    took.as_millis(),
                    answer.status
                );
                (Class::Accepted, says, None, Some(answer))
            }
            Err(error) => {
                let hint = Some(advice::cure(endpoint.vendor(), &error));
                let (class, what, answer) = match error {
                    SendError::Gone(answer) => (Class::Gone, "gone, says", Some(answer)),
                    SendError::Busy(answer) => (Class::Busy, "not now, says", Some(answer)),
                    SendError::Refused(answer) => (Class::Refused, "refused by", Some(answer)),
                    SendError::Unreachable(why) => {
                        return Outcome::told(
                            subscription,
                            Class::Unreachable,
                            took,
                            format!("cannot reach {host}: {why}"),
                            hint,
                        );
                    }
                };
                let reason = answer
                    .as_ref()
                    .and_then(|a| a.reason.as_deref())
                    .map(|r| format!(": {r}"))
                    .unwrap_or_default();
                let status = answer
                    .as_ref()
                    .map(|a| a.status.to_string())
                    .unwrap_or_default();
                (
                    class,
                    format!("{what} {host}: {status}{reason}"),
                    hint,
                    answer,
                )
            }
        };
        Outcome {
            status: answer.map(|a| a.status.as_u16()),
            ..Outcome::told(subscription, class, took, says, hint)
        }
    }

    /// The outcome of a request that could not be made.
    pub fn not_sent(subscription: &Subscription, error: &RequestError) -> Outcome {
        let class = match error {
            RequestError::OtherKey(_) => Class::OtherKey,
            _ => Class::Ours,
        };
        Outcome::told(
            subscription,
            class,
            Duration::ZERO,
            error.to_string(),
            Some(error.hint()),
        )
    }

    fn told(
        subscription: &Subscription,
        class: Class,
        took: Duration,
        says: String,
        hint: Option<String>,
    ) -> Outcome {
        Outcome {
            accepted: class == Class::Accepted,
            class,
            service: subscription.endpoint().host().to_owned(),
            tail: subscription.endpoint().tail().to_owned(),
            status: None,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            says,
            hint,
            at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
        }
    }
}

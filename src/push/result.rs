//! How one push ended, in words and as JSON: the same for the page, for `notify` and for `--json`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::diagnosis::SAME_KEY;
use super::{Answer, Diagnosis, Endpoint, Interface, PushRequest, RequestError, SendError, diagnose};

/// How one push ended, by what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Any 2xx.
    Accepted,
    /// Nothing was sent, because something failed here: for example the encryption.
    #[serde(rename = "ours")]
    LocalError,
    /// Nothing was sent, because the subscription was made with another VAPID key.
    OtherKey,
    /// Refused, and would be again.
    Refused,
    /// The subscription no longer exists.
    Gone,
    /// 429 or 5xx.
    Busy,
    /// No answer.
    Unreachable,
    /// Everything but the sending was done (`--dry-run`).
    NotSent,
}

impl Class {
    /// The exit code of notify.
    pub fn exit_code(self) -> u8 {
        match self {
            Class::Accepted | Class::NotSent => 0,
            Class::LocalError => 1,
            Class::OtherKey => 3,
            Class::Refused => 4,
            Class::Gone => 5,
            Class::Busy | Class::Unreachable => 6,
        }
    }
}

/// How one push ended.
#[derive(Debug, Clone, Serialize)]
pub struct PushResult {
    /// Whether the push service accepted it; not whether a browser showed it.
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
    /// The answer or its absence, when it was posted. It holds secrets, so it is never written anywhere.
    #[serde(skip)]
    pub outcome: Option<Result<Answer, SendError>>,
}

impl PushResult {
    /// The result of a request that was posted and took `took` to be answered. Its hint is worded for `interface`.
    pub fn sent(
        endpoint: &Endpoint,
        outcome: Result<Answer, SendError>,
        took: Duration,
        interface: Interface,
    ) -> PushResult {
        let host = endpoint.host();
        let (class, says, hint) = match &outcome {
            Ok(Answer { status, .. }) => {
                (Class::Accepted, format!("accepted by {host} in {} ms ({status})", took.as_millis()), None)
            }
            Err(error) => {
                let (class, what) = match error {
                    SendError::Gone(_) => (Class::Gone, format!("{host} says that this subscription no longer exists")),
                    SendError::Busy(_) => (Class::Busy, format!("not accepted for now by {host}")),
                    SendError::Refused(_) => (Class::Refused, format!("refused by {host}")),
                    SendError::Unreachable(why) => (Class::Unreachable, format!("cannot reach {host}: {why}")),
                };
                let Diagnosis { cause, cure } = diagnose(endpoint, error, interface);
                let why = error.answer().map(|answer| format!(": {}: {cause}", answer.in_its_words()));
                (class, what + &why.unwrap_or_default(), Some(cure))
            }
        };
        let answer = outcome.as_ref().map_or_else(SendError::answer, Some);
        PushResult {
            status: answer.map(|answer| answer.status.as_u16()),
            attempts: 1,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            message_id: outcome.as_ref().ok().and_then(Answer::message_id).map(str::to_owned),
            hint,
            outcome: Some(outcome),
            ..PushResult::unsent(endpoint, class, says)
        }
    }

    /// Whether the push service refused the VAPID key: it will refuse every push to this subscription.
    pub fn is_for_another_key(&self) -> bool {
        self.class == Class::Refused && self.hint.as_deref() == Some(SAME_KEY)
    }

    /// The result of a request that could not be built.
    pub fn not_built(endpoint: &Endpoint, error: &RequestError, interface: Interface) -> PushResult {
        let class = match error {
            RequestError::OtherKey(_) => Class::OtherKey,
            _ => Class::LocalError,
        };
        PushResult { hint: Some(error.hint(interface)), ..PushResult::unsent(endpoint, class, error.to_string()) }
    }

    /// The result of a request that was built but not posted (`--dry-run`).
    pub fn dry_run(request: &PushRequest) -> PushResult {
        let endpoint = &request.endpoint;
        let says = format!("would be sent to {}: {} bytes", endpoint.host(), request.body.len());
        PushResult::unsent(endpoint, Class::NotSent, says)
    }

    fn unsent(endpoint: &Endpoint, class: Class, says: String) -> PushResult {
        PushResult {
            accepted: class == Class::Accepted,
            class,
            service: endpoint.host().to_owned(),
            tail: endpoint.tail().to_owned(),
            status: None,
            attempts: 0,
            milliseconds: 0,
            message_id: None,
            says,
            hint: None,
            at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            outcome: None,
        }
    }
}

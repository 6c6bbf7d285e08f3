//! The next answers, chosen by a test.

use super::subscriptions::by_name;
use super::{Refused, Request, Result};
use crate::{Answer, First, GARBAGE, Refusal, Response, Scope, Shared, Then};
use serde::Deserialize;
use std::time::Duration;

/// A test that sets more has lost count.
const MAX_ANSWERS: usize = 1000;
const MAX_TIMES: u32 = 1_000_000;
/// Longer than any sender waits.
const MAX_DELAY_SECONDS: f64 = 600.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    /// Neither: messages to every subscription.
    subscription: Option<String>,
    vendor: Option<String>,
    /// Left out: 201 as the vendor has it, and the message is delivered.
    status: Option<u16>,
    /// In place of the vendor's usual words; of a redirect, the address.
    reason: Option<String>,
    /// Mozilla's number for the reason.
    errno: Option<u16>,
    /// The value of Retry-After, valid or not.
    retry_after: Option<Text>,
    /// How many messages; 1 when it is left out, 0: all from now on.
    times: Option<u32>,
    /// Seconds before the answer.
    delay: Option<f64>,
    /// In place of an answer.
    drop: Option<Drop>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Number(u64),
    Text(String),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Drop {
    Hang,
    Reset,
    Close,
    Garbage,
}

pub(super) fn set(shared: &Shared, request: &Request) -> Result<Response> {
    let new: New = request.json()?;
    let times = new.times.unwrap_or(1);
    if times > MAX_TIMES {
        return Err(Refused::bad("times is over 1,000,000", "0 means all messages from now on"));
    }
    let answer = new.answer()?;
    let mut state = shared.lock();
    let scope = match (&new.subscription, &new.vendor) {
        (Some(name), None) => Scope::Subscription(state.find_token(name)?),
        (None, Some(vendor)) => Scope::Vendor(by_name(vendor)?),
        (None, None) => Scope::Any,
        (Some(_), Some(_)) => {
            return Err(Refused::bad("both subscription and vendor are given", "leave one of them out"));
        }
    };
    if state.answers.0.len() >= MAX_ANSWERS {
        return Err(Refused(409, "1,000 answers are set already".to_owned(), "DELETE /control/everything"));
    }
    state.answers.set(scope, answer, (times > 0).then_some(times));
    Ok(Response::new(204))
}

impl New {
    fn answer(&self) -> Result<Answer> {
        let delay = self.delay.unwrap_or_default();
        if !(0.0..=MAX_DELAY_SECONDS).contains(&delay) {
            return Err(Refused::bad("delay is not between 0 and 600 seconds", "give seconds"));
        }
        let (first, then) = match (self.drop, self.status) {
            (Some(_), Some(_)) => return Err(Refused::bad("both status and drop are given", "leave one of them out")),
            (Some(Drop::Hang), None) => (First::Bytes(Vec::new()), Then::Hang),
            (Some(Drop::Reset), None) => (First::Bytes(Vec::new()), Then::Reset),
            (Some(Drop::Close), None) => (First::Bytes(Vec::new()), Then::Close),
            (Some(Drop::Garbage), None) => (First::Bytes(GARBAGE.to_vec()), Then::Close),
            (None, None | Some(201)) => (First::Created, Then::KeepAlive),
            (None, Some(status @ 200..1000)) => (First::Status(self.with_status(status)?), Then::KeepAlive),
            (None, Some(status)) => {
                return Err(Refused::bad(format!("{status} is not a status from 200 to 999"), "give an HTTP status"));
            }
        };
        Ok(Answer { delay: Duration::from_secs_f64(delay), first, then })
    }

    fn with_status(&self, status: u16) -> Result<Refusal> {
        let retry_after = self.retry_after.as_ref().map(|value| match value {
            Text::Number(seconds) => seconds.to_string(),
            Text::Text(text) => text.clone(),
        });
        let texts = [&self.reason, &retry_after];
        if texts.iter().any(|text| text.as_ref().is_some_and(|text| text.contains(char::is_control))) {
            return Err(Refused::bad("reason or retry_after contains a control character", "give one line of text"));
        }
        Ok(Refusal { status, errno: self.errno, words: self.reason.clone(), retry_after })
    }
}

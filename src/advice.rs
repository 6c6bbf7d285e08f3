//! What a push service's refusal means and what to do about it, by vendor and status: the one table behind notify and page.

use std::time::{Duration, SystemTime};

use crate::endpoint::Vendor;
use crate::push::{Answer, SendError};

/// A clock further off than this breaks VAPID's expiry or is about to.
const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// What to do next after `error`, in one sentence.
pub fn cure(vendor: Vendor, error: &SendError) -> String {
    match error {
        SendError::Gone(_) => "the subscription is over; open the page and press Subscribe".into(),
        SendError::Busy(answer) => match answer.retry_after {
            Some(wait) => format!("try again in {} s", wait.as_secs()),
            None => "try again in a minute".into(),
        },
        SendError::Refused(answer) => refused(vendor, answer),
        SendError::Unreachable(_) if vendor == Vendor::Other => {
            "check that your push service is running, and that its certificate is trusted".into()
        }
        SendError::Unreachable(_) => {
            "check this machine's connection to the internet, and its proxy".into()
        }
    }
}

fn refused(vendor: Vendor, answer: &Answer) -> String {
    if let Some(skew) = clock_skew(answer) {
        return format!(
            "this machine's clock is {} minutes off the push service's: set it",
            skew.as_secs() / 60
        );
    }
    match (answer.status.as_u16(), vendor) {
        (401 | 403, Vendor::Apple) => {
            "check --subject first (a mailto: or https: with a public domain), then this machine's clock".into()
        }
        (401 | 403, _) => {
            "the VAPID key is not the one it was subscribed with: open the page, it subscribes anew".into()
        }
        (413, _) => "shorten the message".into(),
        (300..=399, _) => "redirects are not followed: subscribe again in the page".into(),
        _ => "see what the push service says, and the README's table of statuses".into(),
    }
}

/// How far our clock is from the push service's, when that is far enough to matter.
fn clock_skew(answer: &Answer) -> Option<Duration> {
    let (theirs, ours) = (answer.date?, SystemTime::now());
    let skew = ours
        .duration_since(theirs)
        .or_else(|_| theirs.duration_since(ours))
        .ok()?;
    (skew > CLOCK_SKEW).then_some(skew)
}

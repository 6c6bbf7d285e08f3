//! Which subscriptions of a list are pushed to: the usable ones, without those that earlier runs finished and without duplicates.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use barepush::cli::CliError;
use barepush::push::Subscription;
use barepush::store::{Entries, StoreError};
use parking_lot::Mutex;

use crate::results::{SubscriptionId, subscription_id};
use crate::summary::Summary;

/// How many subscriptions are remembered at least to find duplicates: with twice as many, 2 MiB. In a longer list, a duplicate that
/// stands further behind is pushed to again.
const MIN_REMEMBERED: usize = 32_768;

/// Each subscription to push to, with the line that it begins on. The others are reported to `summary`, and so is the error that
/// ends a list early.
pub(crate) fn selected(
    mut entries: Entries,
    done: BTreeSet<SubscriptionId>,
    summary: Arc<Mutex<Summary>>,
) -> impl Iterator<Item = (usize, Subscription)> + Send {
    let mut recent = Recent::default();
    std::iter::from_fn(move || {
        loop {
            let entry = match entries.next()? {
                Ok(entry) => entry,
                Err(e) => {
                    summary.lock().failure = Some(CliError::hinted(StoreError::hint)(e));
                    return None;
                }
            };
            match entry.subscription() {
                Err(e) => summary.lock().add_unusable(entry.line, e),
                Ok(subscription) => {
                    let id = subscription_id(subscription.endpoint());
                    if done.contains(&id) {
                        summary.lock().done_before += 1;
                    } else if !recent.add(id) {
                        summary.lock().duplicates += 1;
                    } else {
                        return Some((entry.line, subscription));
                    }
                }
            }
        }
    })
}

/// The subscriptions seen last, in two halves: the older half is forgotten when the newer one is full.
#[derive(Default)]
struct Recent {
    newer: HashSet<SubscriptionId>,
    older: HashSet<SubscriptionId>,
}

impl Recent {
    /// Whether `id` is not among them yet.
    fn add(&mut self, id: SubscriptionId) -> bool {
        if self.older.contains(&id) || !self.newer.insert(id) {
            return false;
        }
        if self.newer.len() == MIN_REMEMBERED {
            self.older = std::mem::take(&mut self.newer);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use barepush::push::Endpoint;

    fn id(number: usize) -> SubscriptionId {
        subscription_id(&Endpoint::parse(&format!("https://push.example/{number}")).unwrap())
    }

    #[test]
    fn a_duplicate_is_found_among_the_last_32768_subscriptions() {
        let mut recent = Recent::default();
        let seen = 2 * MIN_REMEMBERED;
        assert!((0..seen).all(|number| recent.add(id(number))));
        assert!((seen - MIN_REMEMBERED..seen).all(|number| !recent.add(id(number))));
        assert!(recent.add(id(0)), "the oldest was forgotten");
        assert!(recent.newer.len() + recent.older.len() <= 2 * MIN_REMEMBERED);
    }
}

//! Which subscriptions of a list are pushed to: the usable ones, without those that earlier runs finished and without duplicates.

use std::collections::HashSet;
use std::sync::Arc;

use barepush::push::Subscription;
use barepush::store::Entries;
use parking_lot::Mutex;

use crate::results::{ResumeSet, SubscriptionId};
use crate::summary::Summary;

/// How many subscriptions are remembered at least to find duplicates: with twice as many, 2 MiB. In a longer list, a duplicate that
/// stands further behind is pushed to again.
const MIN_REMEMBERED: usize = 32_768;

/// Each subscription to push to, with the line that it begins on. The others are reported to `summary`, and so is the error that
/// ends a list early.
pub(crate) fn selected(
    entries: Entries,
    done: ResumeSet,
    summary: Arc<Mutex<Summary>>,
) -> impl Iterator<Item = (usize, Subscription)> + Send {
    let of_error = Arc::clone(&summary);
    let entries = entries.map_while(move |entry| entry.map_err(|e| of_error.lock().unread = Some(e)).ok());
    let mut recent = Recent::default();
    entries.filter_map(move |entry| {
        let subscription = match entry.subscription {
            Ok(subscription) => subscription,
            Err(error) => {
                summary.lock().add_unusable(entry.line, error);
                return None;
            }
        };
        let id = SubscriptionId::of(subscription.endpoint());
        if done.contains(id) {
            summary.lock().done_before += 1;
            return None;
        }
        if !recent.add(id) {
            summary.lock().duplicates += 1;
            return None;
        }
        Some((entry.line, subscription))
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
        SubscriptionId::of(&Endpoint::parse(&format!("https://push.example/{number}")).unwrap())
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

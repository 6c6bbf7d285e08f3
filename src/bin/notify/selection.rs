//! Which subscriptions of a list are pushed to: the usable ones, without those that earlier runs finished and without duplicates.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use barepush::push::subscription::Subscription;
use barepush::store::subscriptions::Entries;

use crate::results::{ResumeSet, SubscriptionId};
use crate::summary::{Summary, lock};

/// How many subscriptions are remembered to find duplicates, 3 MiB at most. In a longer list, a duplicate that stands further behind
/// is pushed to again.
const MAX_REMEMBERED: usize = 65_536;

/// Each subscription to push to, with the line that it begins on. The others are reported to `summary`, and so is the error that
/// ends a list early.
pub(crate) fn selected(
    entries: Entries,
    done: ResumeSet,
    summary: Arc<Mutex<Summary>>,
) -> impl Iterator<Item = (usize, Subscription)> + Send {
    let of_error = Arc::clone(&summary);
    let entries = entries.map_while(move |entry| entry.map_err(|e| lock(&of_error).unread = Some(e)).ok());
    let mut recent = Recent::default();
    entries.filter_map(move |entry| {
        let subscription = match entry.subscription {
            Ok(subscription) => subscription,
            Err(error) => {
                lock(&summary).add_unusable(entry.line, error);
                return None;
            }
        };
        let id = SubscriptionId::of(subscription.endpoint());
        if done.contains(id) {
            lock(&summary).done_before += 1;
            return None;
        }
        if !recent.add(id) {
            lock(&summary).duplicates += 1;
            return None;
        }
        Some((entry.line, subscription))
    })
}

/// The subscriptions seen last.
#[derive(Default)]
struct Recent {
    ids: HashSet<SubscriptionId>,
    oldest_first: VecDeque<SubscriptionId>,
}

impl Recent {
    /// Whether `id` is not among them yet.
    fn add(&mut self, id: SubscriptionId) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        if self.oldest_first.len() == MAX_REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.oldest_first.push_back(id);
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use barepush::push::endpoint::Endpoint;

    fn id(number: usize) -> SubscriptionId {
        SubscriptionId::of(&Endpoint::parse(&format!("https://push.example/{number}")).unwrap())
    }

    #[test]
    fn a_duplicate_is_found_among_the_last_65536_subscriptions() {
        let mut recent = Recent::default();
        assert!((0..=MAX_REMEMBERED).all(|number| recent.add(id(number))));
        assert!(!recent.add(id(1)) && !recent.add(id(MAX_REMEMBERED)));
        assert!(recent.add(id(0)), "the oldest was forgotten");
        assert_eq!((recent.ids.len(), recent.oldest_first.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}

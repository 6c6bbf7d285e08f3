//! The subscription that a single message goes to: the newest one, or the one that `--to` names by its endpoint's tail, its
//! push service's host or its browser.

use std::collections::VecDeque;

use anyhow::anyhow;
use barepush::cli::{CliError, shell};
use barepush::push::{Endpoint, Subscription, Vendor};

use crate::args::Args;
use crate::list::{EXIT_NOBODY, each_usable, nobody};

/// As for any other contradiction in the arguments.
const EXIT_USAGE: u8 = 2;
/// A message names at most this many subscriptions: the newest ones.
const MAX_NAMED: usize = 8;

/// The subscription that `--to` names, else the last usable one.
pub(crate) fn recipient(args: &Args) -> Result<Subscription, CliError> {
    if let Some(to) = &args.to {
        return chosen(args, to);
    }
    let store = args.store();
    let mut newest = None;
    let unusable = each_usable(args, &store, |subscription| newest = Some(subscription))?;
    newest.ok_or_else(|| nobody(&store, unusable))
}

/// The subscription that `to` matches, if it is exactly one.
fn chosen(args: &Args, to: &str) -> Result<Subscription, CliError> {
    let store = args.store();
    let (mut matching, mut stored) = (Seen::default(), Seen::default());
    let unusable = each_usable(args, &store, |subscription| {
        if matches(to, subscription.endpoint()) {
            matching.add(subscription.clone());
        }
        stored.add(subscription);
    })?;
    let Some(newest) = stored.newest.back() else {
        return Err(nobody(&store, unusable));
    };
    match (matching.newest.pop_back(), matching.newest.back()) {
        (Some(only), None) => Ok(only),
        (Some(newest), Some(_)) => {
            let tail = newest.endpoint().tail().to_owned();
            matching.newest.push_back(newest);
            let error = anyhow!("--to \"{to}\" matches more than one subscription: {}", matching.names());
            Err(CliError::new(
                EXIT_USAGE,
                error,
                format!("choose one by its last characters: --to {}", shell::quoted(&tail)),
            ))
        }
        (None, _) => {
            let path = store.path().display();
            let names = stored.names();
            let error = anyhow!("--to \"{to}\" matches none of the subscriptions in {path}: {names}");
            let tail = shell::quoted(newest.endpoint().tail());
            let hint = format!("choose one by its last characters, its host or its browser: --to {tail}");
            Err(CliError::new(EXIT_NOBODY, error, hint))
        }
    }
}

fn matches(to: &str, endpoint: &Endpoint) -> bool {
    // Messages print a tail behind an ellipsis, and --explain behind three dots.
    let tail = to.strip_prefix('…').or_else(|| to.strip_prefix("...")).unwrap_or(to);
    tail == endpoint.tail()
        || to.eq_ignore_ascii_case(endpoint.host())
        || Vendor::named(to).is_some_and(|vendor| vendor == endpoint.vendor())
}

/// The newest of some subscriptions, the last one last, and how many others there were.
#[derive(Default)]
struct Seen {
    newest: VecDeque<Subscription>,
    others: usize,
}

impl Seen {
    fn add(&mut self, subscription: Subscription) {
        self.newest.retain(|known| known.endpoint() != subscription.endpoint());
        self.newest.push_back(subscription);
        if self.newest.len() > MAX_NAMED {
            self.newest.pop_front();
            self.others += 1;
        }
    }

    /// `12 others, push.example …12345678, push.example …87654321`
    fn names(&self) -> String {
        let others = (self.others > 0).then(|| format!("{} others", self.others));
        let names = self.newest.iter().map(|subscription| subscription.endpoint().to_string());
        others.into_iter().chain(names).collect::<Vec<_>>().join(", ")
    }
}

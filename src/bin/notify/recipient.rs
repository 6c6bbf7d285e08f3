//! The subscription that a single message goes to: the newest one, or the one that `--to` names by its endpoint's tail, its
//! push service's host or its browser.

use std::collections::VecDeque;

use anyhow::anyhow;
use barepush::cli::{CliError, shell};
use barepush::push::{Endpoint, Subscription, Vendor};
use barepush::store::{Entries, StoreError};

use crate::args::Args;
use crate::list;

/// As for any other contradiction in the arguments.
const EXIT_USAGE: u8 = 2;
/// A message names at most this many subscriptions: the newest ones.
const MAX_NAMED: usize = 8;

/// The subscription that `--to` names, else the last usable one. Reports the unusable lines; they stay where they are.
pub(crate) fn recipient(args: &Args) -> Result<Subscription, CliError> {
    let store = args.store();
    let (reader, _) = list::open(args, &store)?;
    let (mut matching, mut stored, mut unusable) = (Seen::default(), Seen::default(), 0);
    for entry in Entries::new(reader, store.path()) {
        let entry = entry.map_err(CliError::hinted(StoreError::hint))?;
        let Ok(subscription) = entry.subscription().map_err(|e| list::complain_of_line(store.path(), entry.line, &e))
        else {
            unusable += 1;
            continue;
        };
        if args.to.as_deref().is_some_and(|to| matches(to, subscription.endpoint())) {
            matching.add(subscription.clone());
        }
        stored.add(subscription);
    }
    let Some(newest) = stored.newest.back() else {
        return Err(list::nobody(&store, unusable));
    };
    let choose = "choose one by its last characters";
    match (&args.to, matching.newest.back()) {
        (None, _) => Ok(newest.clone()),
        (Some(_), Some(only)) if matching.newest.len() == 1 => Ok(only.clone()),
        (Some(to), Some(newest)) => {
            let error = anyhow!("--to \"{to}\" matches more than one subscription: {}", matching.names());
            let tail = shell::quoted(newest.endpoint().tail());
            Err(CliError::new(EXIT_USAGE, error, format!("{choose}: --to {tail}")))
        }
        (Some(to), None) => {
            let (path, names) = (store.path().display(), stored.names());
            let error = anyhow!("--to \"{to}\" matches none of the subscriptions in {path}: {names}");
            let tail = shell::quoted(newest.endpoint().tail());
            Err(CliError::new(list::EXIT_NOBODY, error, format!("{choose}, its host or its browser: --to {tail}")))
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

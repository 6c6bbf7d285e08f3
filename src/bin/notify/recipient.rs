//! The subscription that a single message goes to: the newest one, or the one that `--to` names by its endpoint's tail, its
//! push service's host or its browser.

use anyhow::anyhow;
use barepush::cli::{CliError, shell};
use barepush::push::{Endpoint, Subscription, Vendor};
use barepush::store::Entries;

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
        let entry = entry?;
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
    let Some(newest) = stored.newest.last() else {
        return Err(list::nobody(&store, unusable));
    };
    let Some(to) = &args.to else {
        return Ok(newest.clone());
    };
    let (code, what, how, newest) = match matching.newest.as_slice() {
        [only] => return Ok(only.clone()),
        [.., newest] => (EXIT_USAGE, format!("more than one subscription: {}", matching.names()), "", newest),
        [] => {
            let what = format!("none of the subscriptions in {}: {}", store.path().display(), stored.names());
            (list::EXIT_NOBODY, what, ", its host or its browser", newest)
        }
    };
    let hint = format!("choose one by its last characters{how}: --to {}", shell::quoted(newest.endpoint().tail()));
    Err(CliError::new(code, anyhow!("--to \"{to}\" matches {what}"), hint))
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
    newest: Vec<Subscription>,
    others: usize,
}

impl Seen {
    fn add(&mut self, subscription: Subscription) {
        self.newest.retain(|known| known.endpoint() != subscription.endpoint());
        self.newest.push(subscription);
        if self.newest.len() > MAX_NAMED {
            self.newest.remove(0);
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

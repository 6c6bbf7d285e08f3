//! A list of subscriptions as notify reads it, and what it reports about unusable lines and about lists without any subscription.

use std::io::{self, BufReader};
use std::path::Path;

use anyhow::anyhow;
use barepush::cli::{CliError, complain};
use barepush::push::{Subscription, SubscriptionError};
use barepush::store::{Entries, Store, StoreError};

use crate::args::{Args, OTHER_FOLDER, absolute};

/// The exit code when the list is missing, empty, or has unusable lines only.
pub(crate) const EXIT_NOBODY: u8 = 3;
const OPEN_THE_PAGE: &str = "run cargo run --bin server, open the page and press Subscribe";

/// Calls `take` with each usable subscription in order. Names the unusable lines on stderr, and returns how many they are;
/// they stay where they are.
pub(crate) fn each_usable(args: &Args, store: &Store, mut take: impl FnMut(Subscription)) -> Result<usize, CliError> {
    let entries = match args.reads_stdin() {
        true => Entries::new(BufReader::new(io::stdin()), store.path()),
        false => store.read().map_err(|e| not_read(args, e))?,
    };
    let mut unusable = 0;
    for entry in entries {
        let entry = entry.map_err(CliError::hinted(StoreError::hint))?;
        match entry.subscription {
            Ok(subscription) => take(subscription),
            Err(e) => {
                unusable += 1;
                complain_of_line(store.path(), entry.line, e);
            }
        }
    }
    Ok(unusable)
}

/// The error for a list that cannot be opened. A missing one is named by its absolute path: the folder may be the wrong one.
pub(crate) fn not_read(args: &Args, error: StoreError) -> CliError {
    let StoreError::Missing(path) = &error else {
        return CliError::hinted(StoreError::hint)(error);
    };
    let missing = StoreError::Missing(absolute(path));
    if args.subscriptions.is_some() {
        let hint = "check the path given to --subscriptions";
        return CliError::new(EXIT_NOBODY, anyhow!("no subscriptions: {missing}"), hint);
    }
    let hint = format!("{OPEN_THE_PAGE}; {OTHER_FOLDER}");
    CliError::new(EXIT_NOBODY, anyhow!("nobody has subscribed yet: {missing}"), hint)
}

/// The error for a list that was read to its end and had no usable subscription.
pub(crate) fn nobody(store: &Store, unusable: usize) -> CliError {
    let path = store.path().display();
    match unusable {
        0 => CliError::new(EXIT_NOBODY, anyhow!("nobody has subscribed yet: {path} is empty"), OPEN_THE_PAGE),
        _ => {
            let hint = format!("{OPEN_THE_PAGE}; the unusable lines stay where they are");
            CliError::new(EXIT_NOBODY, anyhow!("{path} holds no usable subscription"), hint)
        }
    }
}

/// Reports a line that is not a valid subscription.
pub(crate) fn complain_of_line(path: &Path, line: usize, error: SubscriptionError) {
    let why = anyhow::Error::new(error);
    complain("notify", format_args!("{} line {line}: {why:#}", path.display()), None);
}

//! The list of subscriptions: how notify opens it, what it reports about it, and how expired subscriptions leave it.

use std::fmt::Display;
use std::io::{self, Read};
use std::path::Path;

use anyhow::anyhow;
use barepush::cli::{CliError, complain};
use barepush::push::Endpoint;
use barepush::store::{Change, Store, StoreError};

use crate::args::Args;

/// The exit code when the list is missing, empty, or has unusable lines only.
pub(crate) const EXIT_NOBODY: u8 = 3;
const OPEN_THE_PAGE: &str = "run cargo run --bin server, open the page and press Subscribe";

/// The opened list, and its length in bytes where that is known.
pub(crate) fn open(args: &Args, store: &Store) -> Result<(Box<dyn Read + Send>, Option<u64>), CliError> {
    if args.reads_stdin() {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = store.open()?.ok_or_else(|| missing(args, store.path()))?;
    let length = file.metadata().map(|file| file.len()).ok();
    Ok((Box::new(file), length))
}

/// A missing list is named by its absolute path: the folder may be the wrong one.
fn missing(args: &Args, path: &Path) -> CliError {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let missing = format!("{} not found", path.display());
    if args.subscriptions.is_some() {
        let hint = "check the path given to --subscriptions";
        return CliError::new(EXIT_NOBODY, anyhow!("no subscriptions: {missing}"), hint);
    }
    let hint = format!("{OPEN_THE_PAGE}; if the server runs in another folder, name it: --data-dir DIR");
    CliError::new(EXIT_NOBODY, anyhow!("nobody has subscribed yet: {missing}"), hint)
}

/// The error for a list that was read to its end and had no usable subscription.
pub(crate) fn nobody(store: &Store, unusable: usize) -> CliError {
    let path = store.path().display();
    if unusable == 0 {
        return CliError::new(EXIT_NOBODY, anyhow!("nobody has subscribed yet: {path} is empty"), OPEN_THE_PAGE);
    }
    let hint = format!("{OPEN_THE_PAGE}; the unusable lines stay where they are");
    CliError::new(EXIT_NOBODY, anyhow!("{path} holds no usable subscription"), hint)
}

/// Reports what is wrong with a line, or with the push to its subscription.
pub(crate) fn complain_of_line(path: &Path, line: usize, why: impl Display) {
    complain("notify", format_args!("{} line {line}: {why}", path.display()), None);
}

/// Moves the lines of those endpoints that `is_gone` names to `subscription.txt.gone`, in one rewrite, and notes how many they
/// were. A list that is not a regular file stays as it is.
pub(crate) fn move_to_gone(args: &Args, is_gone: impl Fn(&Endpoint) -> bool) -> Result<(), CliError> {
    if args.reads_stdin() {
        return Ok(());
    }
    let store = args.store();
    match store.move_to_gone(is_gone) {
        Ok(Change { found: 0, .. }) => {}
        Ok(Change { found, .. }) => {
            let lines = if found == 1 { "line" } else { "lines" };
            args.note(format_args!("{found} {lines} went to {}", store.gone_path().display()));
        }
        Err(kept @ StoreError::NotRegular(_)) => args.note(kept),
        Err(StoreError::Local(e)) => return Err(e.into()),
    }
    Ok(())
}

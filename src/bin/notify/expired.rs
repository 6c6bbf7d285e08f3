//! What happens to subscriptions that a push service no longer knows: their lines move to `subscription.txt.gone`.

use barepush::cli::{CliError, note};
use barepush::push::Endpoint;
use barepush::store::{Change, StoreError};

use crate::args::Args;

/// Moves the lines of those endpoints that `is_gone` names, in one rewrite, and notes how many they were. A list that is not a
/// regular file stays as it is.
pub(crate) fn move_to_gone(args: &Args, is_gone: impl Fn(&Endpoint) -> bool) -> Result<(), CliError> {
    if args.reads_stdin() {
        return Ok(());
    }
    let store = args.store();
    match store.move_to_gone(is_gone) {
        Ok(Change { found: 0, .. }) => {}
        Ok(_) | Err(StoreError::NotRegular(_)) if args.quiet => {}
        Ok(Change { found, .. }) => {
            let lines = if found == 1 { "line" } else { "lines" };
            note("notify", format_args!("{found} {lines} went to {}", store.gone_path().display()));
        }
        Err(kept @ StoreError::NotRegular(_)) => note("notify", kept),
        Err(e) => return Err(CliError::hinted(StoreError::hint)(e)),
    }
    Ok(())
}

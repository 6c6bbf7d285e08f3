//! One message to every subscription of a list: results as they come, one summary, one exit code.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use barepush::cli::{CliError, note, print, signals};
use barepush::push::{Message, Queue, Subscription};
use barepush::store::Entries;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

use crate::args::Args;
use crate::list;
use crate::results::{EarlierResults, SubscriptionId, message_hash, subscription_id};
use crate::summary::Summary;

/// As a shell reports a program that Ctrl-C ended: 128 + SIGINT.
const EXIT_STOPPED: u8 = 130;
/// What to do when not everything was sent.
pub(crate) const RESUME: &str = "send the rest with --resume FILE, where FILE holds what --json printed";
/// How often the spinner is drawn when nothing happens.
const TICK: Duration = Duration::from_millis(200);
/// How many subscriptions are remembered at least to find duplicates: with twice as many, 2 MiB. In a longer list, a duplicate that
/// stands further behind is pushed to again.
const MIN_REMEMBERED: usize = 32_768;

/// The exit code of the pushes, or the error that is not a push's.
pub(crate) fn run(args: &Args, message: &Message) -> Result<u8, CliError> {
    let store = args.store();
    let (reader, length) = list::open(args, &store)?;
    let hash = message_hash(message);
    let earlier = args.resume.as_deref().map_or(Ok(EarlierResults::default()), |path| resume(args, path, &hash))?;
    let sender = args.sender()?;
    // Each job needs a connection. If the system refuses, connecting fails and says so.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let queue = Arc::new(Queue::new(args.jobs.into()));
    stop_on_signal(&queue)?;
    let bar = progress_bar(args, length);
    if args.json && earlier.is_cut_off {
        // So that the results begin a new line where they are appended to the earlier ones.
        print("\n")?;
    }
    let entries = Entries::new(bar.wrap_read(reader), store.path());
    let summary = Arc::new(Mutex::new(Summary::new(args, store.path(), hash, bar)));
    let list = selected(entries, earlier.done, Arc::clone(&summary));
    let ran = sender.push_all(message, &queue, list, |pushed| summary.lock().add(&pushed));
    let mut summary = summary.lock();
    summary.finish();
    if !summary.gone.is_empty() {
        list::move_to_gone(args, |endpoint| summary.gone.contains(&subscription_id(endpoint)))?;
    }
    let is_whole = ran.map_err(|e| CliError::local(anyhow!(e).context("cannot start a thread"), RESUME))?;
    if let Some(failure) = summary.failure.take() {
        return Err(failure);
    }
    if !is_whole {
        let error = anyhow!("stopped before the end of {}", store.path().display());
        return Err(CliError::new(EXIT_STOPPED, error, RESUME));
    }
    if summary.is_empty() {
        return Err(list::nobody(&store, summary.unusable));
    }
    Ok(summary.exit_code())
}

/// A bar where the list's length in bytes is known, else a spinner. It stays hidden where stderr is not a terminal.
fn progress_bar(args: &Args, length: Option<u64>) -> ProgressBar {
    let target = if args.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(length, target);
    let template = match length {
        Some(_) => "{wide_bar} {percent}% {msg}",
        None => {
            bar.enable_steady_tick(TICK);
            "{spinner} {msg}"
        }
    };
    // The templates are ours. A wrong one would only cost the bar its looks.
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What earlier runs did, and a note on what in their results is not as expected.
fn resume(args: &Args, path: &Path, message: &str) -> Result<EarlierResults, CliError> {
    let read = File::open(path).and_then(|file| EarlierResults::read(BufReader::new(file), message));
    let earlier = read
        .with_context(|| format!("cannot read the results {}", path.display()))
        .map_err(|e| CliError::local(e, "give --resume the file that --json was printed to"))?;
    for (what, count, rest) in [
        ("lines that are not results", earlier.unusable, ""),
        ("results of another message", earlier.of_other_message, "; they count as if they were this one's"),
    ] {
        if count > 0 {
            args.note(format_args!("{}: {what}: {count}{rest}", path.display()));
        }
    }
    Ok(earlier)
}

/// The first Ctrl-C (or SIGTERM) stops in order, the second at once.
fn stop_on_signal(queue: &Arc<Queue>) -> Result<(), CliError> {
    let queue = Arc::clone(queue);
    signals::on_stop(move || {
        if queue.is_stopped() {
            std::process::exit(EXIT_STOPPED.into());
        }
        // Said before stopping: otherwise the summary could come first, or the program could end before it is said.
        note("notify", "stopping when the pushes under way have ended; Ctrl-C again stops at once");
        queue.stop();
    })
}

/// Each subscription to push to, with the line that it begins on. The others are reported to `summary`, and so is the error that
/// ends a list early.
fn selected(
    entries: Entries,
    done: Vec<SubscriptionId>,
    summary: Arc<Mutex<Summary>>,
) -> impl Iterator<Item = (usize, Subscription)> + Send {
    let reader = Arc::clone(&summary);
    let failed = move |e| reader.lock().failure = Some(CliError::from(e));
    let mut recent = Recent::default();
    entries.map_while(move |entry| entry.map_err(&failed).ok()).filter_map(move |entry| {
        let subscription = entry.subscription().map_err(|e| summary.lock().add_unusable(entry.line, &e)).ok()?;
        let id = subscription_id(subscription.endpoint());
        if done.binary_search(&id).is_ok() {
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

//! One message to every subscription of a list: results as they come, one summary, one exit code.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use barepush::cli::{CliError, note, signals};
use barepush::push::{FanOut, Message, Queue};
use barepush::store::{Entries, Store, StoreError};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

use crate::args::Args;
use crate::expired;
use crate::list::{nobody, not_read};
use crate::results::{EarlierResults, message_hash};
use crate::selection::selected;
use crate::summary::Summary;

/// As a shell reports a program that Ctrl-C ended: 128 + SIGINT.
const EXIT_STOPPED: u8 = 130;
/// What to do when not everything was sent.
const RESUME: &str = "send the rest with --resume FILE, where FILE holds what --json printed";
/// How often the spinner is drawn when nothing happens.
const TICK: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &Args, message: &Message) -> Result<(), CliError> {
    let store = args.store();
    let (entries, bar) = open(args, &store)?;
    let hash = message_hash(message);
    let earlier = args.resume.as_deref().map_or(Ok(EarlierResults::default()), |path| resume(args, path, &hash))?;
    let sender = args.sender()?;
    // Each job needs a connection. If the system refuses, connecting fails and says so.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let queue = Arc::new(Queue::new(args.jobs.into()));
    stop_on_signal(&queue)?;
    let summary = Summary::new(args, store.path(), hash, earlier.is_cut_off, bar);
    let summary = Arc::new(Mutex::new(summary));
    let list = selected(entries, earlier.done, Arc::clone(&summary));
    let ran = FanOut { sender: &sender, message }.run(&queue, list, |pushed| summary.lock().add(&pushed));
    let mut summary = summary.lock();
    summary.finish();
    if !summary.gone.is_empty() {
        expired::move_to_gone(args, |endpoint| summary.is_gone(endpoint))?;
    }
    let is_whole = ran.map_err(|e| CliError::local(anyhow!(e).context("cannot start a thread"), RESUME))?;
    conclude(&store, &mut summary, is_whole)
}

/// The list and its progress: in bytes when the length is known.
fn open(args: &Args, store: &Store) -> Result<(Entries, ProgressBar), CliError> {
    let hidden = args.quiet || !io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    if args.reads_stdin() {
        let bar = ProgressBar::with_draw_target(None, target);
        bar.enable_steady_tick(TICK);
        return Ok((Entries::new(BufReader::new(io::stdin()), store.path()), styled(bar, "{spinner} {msg}")));
    }
    let file = store.open().map_err(|e| not_read(args, e))?;
    let length = file.metadata().map(|file| file.len()).ok();
    let bar = styled(ProgressBar::with_draw_target(length, target), "{wide_bar} {percent}% {msg}");
    let entries = Entries::new(BufReader::new(bar.wrap_read(file)), store.path());
    Ok((entries, bar))
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    // The templates are ours. A wrong one would only cost the bar its looks.
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What earlier runs did, and a note on what in their results is not as expected.
fn resume(args: &Args, path: &Path, message: &str) -> Result<EarlierResults, CliError> {
    let read = File::open(path).and_then(|file| EarlierResults::read(BufReader::new(file), message));
    let earlier = read
        .with_context(|| format!("cannot read the results {}", path.display()))
        .map_err(|e| CliError::local(e, "give --resume the file that --json was printed to"))?;
    let path = path.display();
    if earlier.unusable > 0 && !args.quiet {
        note("notify", format_args!("{path}: lines that are not results: {}", earlier.unusable));
    }
    if earlier.of_other_message > 0 && !args.quiet {
        let count = earlier.of_other_message;
        note(
            "notify",
            format_args!("{path}: results of another message: {count}; they count as if they were this one's"),
        );
    }
    Ok(earlier)
}

/// The first Ctrl-C (or SIGTERM) stops in order, the second at once.
fn stop_on_signal(queue: &Arc<Queue>) -> Result<(), CliError> {
    let queue = Arc::clone(queue);
    let handler = move || {
        if queue.is_stopped() {
            std::process::exit(EXIT_STOPPED.into());
        }
        // Said before stopping: otherwise the summary could come first, or the program could end before it is said.
        note("notify", "stopping when the pushes under way have ended; Ctrl-C again stops at once");
        queue.stop();
    };
    signals::on_stop(handler)
}

/// The exit code, and an error when it is not a push's.
fn conclude(store: &Store, summary: &mut Summary, is_whole: bool) -> Result<(), CliError> {
    if let Some(error) = summary.unread.take() {
        return Err(CliError::hinted(StoreError::hint)(error));
    }
    if let Some(why) = summary.unwritten.take() {
        return Err(CliError::local(anyhow!("cannot write the results, so sending stopped: {why}"), RESUME));
    }
    if !is_whole {
        let error = anyhow!("stopped before the end of {}", store.path().display());
        return Err(CliError::new(EXIT_STOPPED, error, RESUME));
    }
    if summary.is_empty() {
        return Err(nobody(store, summary.unusable));
    }
    match summary.exit_code() {
        0 => Ok(()),
        code => Err(CliError::silent(code)),
    }
}

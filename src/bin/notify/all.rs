//! One message to everybody in a list: results as they come, one summary, one exit code.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use barepush::cli::error::{CliError, note};
use barepush::push::fan_out::{FanOut, Left, Queue};
use barepush::push::message::Message;
use barepush::push::results::Done;
use barepush::store::subscriptions::{Entries, Store, StoreError};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Args;
use crate::newest::{nobody, not_read};
use crate::summary::Summary;

/// As a shell tells a program that Ctrl-C ended (128 + SIGINT).
const EXIT_STOPPED: u8 = 130;
/// What to do when not everything was sent.
const RESUME: &str = "send the rest with --resume FILE, where FILE holds what --json printed";
/// How often the progress is drawn when nothing happens.
const TICK: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &Args, message: &Message) -> Result<(), CliError> {
    let store = args.store();
    let (entries, bar) = open(args, &store)?;
    let done = args.resume.as_deref().map_or(Ok(Done::default()), |path| resume(args, path))?;
    let sender = args.sender()?;
    // A connection a job; where that cannot be had, connecting says so.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let queue = Arc::new(Queue::new(args.jobs.into()));
    stop_on_signal(&queue)?;
    let fan_out = FanOut { sender: &sender, message };
    let mut tally = Summary::new(args, store.path(), bar);
    let left = fan_out.run(&queue, entries, done, |event| tally.tell(event));
    tally.finish();
    set_aside(args, &store, &tally)?;
    conclude(&store, &tally, left.map_err(CliError::hinted(StoreError::hint))?)
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
    // The templates are ours; one that were wrong would cost the bar its looks.
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Whom the results of an earlier run call done.
fn resume(args: &Args, path: &Path) -> Result<Done, CliError> {
    let read = File::open(path).and_then(|file| Done::read(BufReader::new(file)));
    let (done, unusable) = read
        .with_context(|| format!("cannot read the results \"{}\"", path.display()))
        .map_err(|e| CliError::ours(e, "give --resume the file that --json was printed to"))?;
    if unusable > 0 && !args.quiet {
        note("notify", format_args!("{}: lines that are no results: {unusable}", path.display()));
    }
    Ok(done)
}

/// The first Ctrl-C (or SIGTERM) stops in order, the second at once.
fn stop_on_signal(queue: &Arc<Queue>) -> Result<(), CliError> {
    let queue = Arc::clone(queue);
    let handler = move || {
        if queue.is_stopped() {
            std::process::exit(EXIT_STOPPED.into());
        }
        // Before it is stopped: the summary that follows then would come first, or the program be over.
        note("notify", "stopping when the pushes under way have ended; Ctrl-C again stops at once");
        queue.stop();
    };
    ctrlc::set_handler(handler).map_err(|e| CliError::ours(e, "report this with the version of barepush"))
}

/// Sets aside all that is gone, in one rewrite; a list that is no file of its own stays as it is.
fn set_aside(args: &Args, store: &Store, tally: &Summary) -> Result<(), CliError> {
    if tally.gone().is_empty() || args.reads_stdin() || !store.path().is_file() {
        return Ok(());
    }
    let count = store.set_aside(|e| tally.is_gone(e)).map_err(CliError::hinted(StoreError::hint))?;
    if !args.quiet {
        let lines = if count == 1 { "line" } else { "lines" };
        note("notify", format_args!("{count} {lines} went to {}", store.gone_path().display()));
    }
    Ok(())
}

/// The exit code, and why when it is no push's.
fn conclude(store: &Store, tally: &Summary, left: Left) -> Result<(), CliError> {
    if let Some(why) = tally.unread() {
        return Err(CliError::ours(anyhow!("nobody reads the results any more, so sending stopped: {why}"), RESUME));
    }
    if left.stopped {
        let error = anyhow!("stopped before the end of {}", store.path().display());
        return Err(CliError::new(EXIT_STOPPED, error, RESUME));
    }
    if tally.nobody() {
        return Err(nobody(store, tally.unusable()));
    }
    match tally.exit_code() {
        0 => Ok(()),
        code => Err(CliError::said(code)),
    }
}

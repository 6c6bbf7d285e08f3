//! One message to everybody in a list: results as they come, one summary, one exit code.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use barepush::cli::error::{CliError, note};
use barepush::cli::signals;
use barepush::push::fan_out::{FanOut, Queue};
use barepush::push::message::Message;
use barepush::push::subscription::Subscription;
use barepush::store::subscriptions::{Change, Entries, Store, StoreError};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Args;
use crate::list::{nobody, not_read};
use crate::results::ResumeSet;
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
    let earlier = args.resume.as_deref().map_or(Ok(ResumeSet::default()), |path| resume(args, path))?;
    let sender = args.sender()?;
    // Each job needs a connection. If the system refuses, connecting fails and says so.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let queue = Arc::new(Queue::new(args.jobs.into()));
    stop_on_signal(&queue)?;
    let summary = Arc::new(Mutex::new(Summary::new(args, store.path(), bar)));
    let list = selected(entries, earlier, Arc::clone(&summary));
    let ran = FanOut { sender: &sender, message }.run(&queue, list, |pushed| lock(&summary).add(&pushed));
    let mut summary = lock(&summary);
    summary.finish();
    set_aside(args, &store, &summary)?;
    let is_whole = ran.map_err(|e| CliError::ours(anyhow!(e).context("cannot start a thread"), RESUME))?;
    conclude(&store, &mut summary, is_whole)
}

/// The subscriptions that are pushed to, each with its line: those that are usable, and not in the results of earlier runs.
/// The others are counted in `summary`.
fn selected(
    entries: Entries,
    earlier: ResumeSet,
    summary: Arc<Mutex<Summary>>,
) -> impl Iterator<Item = (usize, Subscription)> + Send {
    let broken = Arc::clone(&summary);
    let whole = entries.map_while(move |entry| entry.map_err(|e| lock(&broken).broken = Some(e)).ok());
    whole.filter_map(move |entry| match entry.subscription {
        Ok(subscription) if earlier.contains(subscription.endpoint()) => {
            lock(&summary).skipped += 1;
            None
        }
        Ok(subscription) => Some((entry.line, subscription)),
        Err(error) => {
            lock(&summary).add_unusable(entry.line, error);
            None
        }
    })
}

fn lock(summary: &Mutex<Summary>) -> MutexGuard<'_, Summary> {
    summary.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What the results of earlier runs say is done.
fn resume(args: &Args, path: &Path) -> Result<ResumeSet, CliError> {
    let read = File::open(path).and_then(|file| ResumeSet::read(BufReader::new(file)));
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
    signals::on_stop(handler)
}

/// Sets aside all that is gone, in one rewrite; a list that is not a regular file stays as it is, and that is said.
fn set_aside(args: &Args, store: &Store, summary: &Summary) -> Result<(), CliError> {
    if summary.gone.is_empty() || args.reads_stdin() {
        return Ok(());
    }
    match store.set_aside(|e| summary.is_gone(e)) {
        Ok(Change { found, .. }) if !args.quiet => {
            let lines = if found == 1 { "line" } else { "lines" };
            note("notify", format_args!("{found} {lines} went to {}", store.gone_path().display()));
        }
        Err(kept @ StoreError::NotRegular(_)) if !args.quiet => note("notify", kept),
        Ok(_) | Err(StoreError::NotRegular(_)) => {}
        Err(e) => return Err(CliError::hinted(StoreError::hint)(e)),
    }
    Ok(())
}

/// The exit code, and an error when it is not a push's.
fn conclude(store: &Store, summary: &mut Summary, is_whole: bool) -> Result<(), CliError> {
    if let Some(error) = summary.broken.take() {
        return Err(CliError::hinted(StoreError::hint)(error));
    }
    if let Some(why) = summary.unwritten.take() {
        return Err(CliError::ours(anyhow!("nobody reads the results any more, so sending stopped: {why}"), RESUME));
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
        code => Err(CliError::said(code)),
    }
}

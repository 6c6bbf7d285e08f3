//! What is printed while a message goes to many, and counted for the summary and the exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use barepush::cli::{complain, note};
use barepush::push::{Class, Endpoint, Pushed, SubscriptionError};
use barepush::store::StoreError;
use indicatif::ProgressBar;

use crate::args::Args;
use crate::list::{EXIT_NOBODY, complain_of_line};
use crate::results::{ResultLine, SubscriptionId};

/// The first of these that occurred is the program's exit code: what needs a person comes first, then what is worth another run,
/// what stays as it is, and what was tidied up.
const WORST_FIRST: [u8; 5] = [1, 4, 6, 3, 5];
/// How many different hints are printed at the end. `Retry-After` can make many.
const MAX_HINTS: usize = 8;
/// The words of the summary, in its order.
const WORDS: [(Class, &str); 8] = [
    (Class::Accepted, "accepted"),
    (Class::NotSent, "not sent, as asked"),
    (Class::Refused, "refused"),
    (Class::Busy, "busy"),
    (Class::Unreachable, "unreachable"),
    (Class::Gone, "gone"),
    (Class::OtherKey, "made with another VAPID key"),
    (Class::LocalError, "failed here"),
];

/// Prints each result and remembers what the end needs. Only the ids of expired subscriptions grow, 12 bytes each.
pub(crate) struct Summary {
    json: bool,
    quiet: bool,
    list: PathBuf,
    message: String,
    bar: ProgressBar,
    start: Instant,
    counts: [usize; WORDS.len()],
    codes: BTreeSet<u8>,
    /// Each hint, and for how many pushes it was given.
    hints: BTreeMap<String, usize>,
    /// Which subscriptions no longer exist; sorted by [`Summary::finish`].
    pub(crate) gone: Vec<SubscriptionId>,
    /// What the first result line begins with.
    before_line: &'static str,
    /// How many entries of the list are not subscriptions.
    pub(crate) unusable: usize,
    /// How many subscriptions were skipped because the results of earlier runs call them done.
    pub(crate) done_before: usize,
    /// How many subscriptions were skipped because they came before in the list.
    pub(crate) duplicates: usize,
    /// Why the list could not be read to its end.
    pub(crate) unread: Option<StoreError>,
    /// Why a result could not be written to stdout.
    pub(crate) unwritten: Option<io::Error>,
}

impl Summary {
    /// `message` is the [`message_hash`](crate::results::message_hash). Results that follow a line which `is_cut_off` begin a new line.
    pub(crate) fn new(args: &Args, list: &Path, message: String, is_cut_off: bool, bar: ProgressBar) -> Summary {
        Summary {
            json: args.json,
            quiet: args.quiet,
            list: list.to_owned(),
            message,
            before_line: if is_cut_off { "\n" } else { "" },
            bar,
            start: Instant::now(),
            counts: [0; WORDS.len()],
            codes: BTreeSet::new(),
            hints: BTreeMap::new(),
            gone: Vec::new(),
            unusable: 0,
            done_before: 0,
            duplicates: 0,
            unread: None,
            unwritten: None,
        }
    }

    /// Prints one result: accepted on stdout, the others on stderr; with --json all on stdout. Breaks when stdout cannot be written
    /// to: a push whose result is lost might be repeated.
    pub(crate) fn add(&mut self, pushed: &Pushed) -> ControlFlow<()> {
        self.count(pushed);
        let printed = self.bar.suspend(|| self.print(pushed));
        self.before_line = "";
        if let Err(e) = printed {
            self.unwritten.get_or_insert(e);
            return ControlFlow::Break(());
        }
        self.draw();
        ControlFlow::Continue(())
    }

    /// Prints that an entry of the list is not a subscription.
    pub(crate) fn add_unusable(&mut self, line: usize, error: SubscriptionError) {
        self.unusable += 1;
        self.codes.insert(EXIT_NOBODY);
        self.bar.suspend(|| complain_of_line(&self.list, line, error));
        self.draw();
    }

    fn draw(&self) {
        if !self.bar.is_hidden() {
            self.bar.set_message(self.summary());
        }
    }

    fn count(&mut self, Pushed { endpoint, result, .. }: &Pushed) {
        if let Some(at) = WORDS.iter().position(|(class, _)| *class == result.class) {
            self.counts[at] += 1;
        }
        self.codes.insert(result.class.exit_code());
        if let Some(hint) = &result.hint
            && (self.hints.len() < MAX_HINTS || self.hints.contains_key(hint))
        {
            *self.hints.entry(hint.clone()).or_default() += 1;
        }
        if result.class == Class::Gone {
            self.gone.push(SubscriptionId::of(endpoint));
        }
    }

    /// Each line is one write, so that results that break off break off between two lines.
    fn print(&self, Pushed { line, endpoint, result }: &Pushed) -> io::Result<()> {
        if self.json {
            let line = ResultLine::new(endpoint, &self.message, Some(*line), result).to_line()?;
            return io::stdout().write_all(format!("{}{line}", self.before_line).as_bytes());
        }
        let says = format_args!("{} …{}", result.says, result.tail);
        match result.class.exit_code() {
            0 if self.quiet => Ok(()),
            0 => io::stdout().write_all(format!("{says}\n").as_bytes()),
            _ => {
                complain("notify", format_args!("{} line {line}: {says}", self.list.display()), None);
                Ok(())
            }
        }
    }

    /// Ends the progress bar; prints the hints, each once, and the summary.
    pub(crate) fn finish(&mut self) {
        self.bar.finish_and_clear();
        self.gone.sort_unstable();
        if !self.json {
            self.hints.iter().for_each(|(hint, count)| print_hint(hint, *count));
        }
        if !self.quiet && !self.is_empty() {
            note("notify", self.summary());
        }
    }

    /// `3 pushed in 0.1 s: 2 accepted, 1 gone; 1 line unusable`
    fn summary(&self) -> String {
        let pushed: usize = self.counts.iter().sum();
        let counts = self.counts.iter().zip(WORDS).filter(|(count, _)| **count > 0);
        let words: Vec<_> = counts.map(|(count, (_, word))| format!("{count} {word}")).collect();
        let mut summary = format!("{pushed} pushed in {:.1} s", self.start.elapsed().as_secs_f32());
        if pushed > 0 {
            summary += &format!(": {}", words.join(", "));
        }
        for (count, what) in [
            (self.unusable, "unusable"),
            (self.done_before, "skipped, done before"),
            (self.duplicates, "skipped, duplicate"),
        ] {
            if count > 0 {
                summary += &format!("; {count} {} {what}", if count == 1 { "line" } else { "lines" });
            }
        }
        summary
    }

    /// After [`Summary::finish`].
    pub(crate) fn is_gone(&self, endpoint: &Endpoint) -> bool {
        self.gone.binary_search(&SubscriptionId::of(endpoint)).is_ok()
    }

    /// Whether the list held no usable subscription.
    pub(crate) fn is_empty(&self) -> bool {
        self.done_before == 0 && self.counts.iter().all(|count| *count == 0)
    }

    pub(crate) fn exit_code(&self) -> u8 {
        WORST_FIRST.into_iter().find(|code| self.codes.contains(code)).unwrap_or(0)
    }
}

fn print_hint(hint: &str, count: usize) {
    let pushes = if count == 1 { "push" } else { "pushes" };
    // Nothing is lost with a closed stderr.
    let _ = writeln!(io::stderr(), "notify: hint: for {count} {pushes}: {hint}");
}

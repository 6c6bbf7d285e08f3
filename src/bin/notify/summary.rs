//! What is printed while a message goes to many, and counted for the summary and the exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use barepush::cli::{CliError, note};
use barepush::push::{Class, Pushed};
use indicatif::ProgressBar;

use crate::args::Args;
use crate::list::{EXIT_NOBODY, complain_of_line};
use crate::many::RESUME;
use crate::results::{SubscriptionId, result_line, subscription_id};

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

/// Prints each result and remembers what the end needs. Only the ids of expired subscriptions grow.
pub(crate) struct Summary {
    json: bool,
    quiet: bool,
    list: PathBuf,
    message: String,
    bar: ProgressBar,
    /// How many pushes ended as each [`Class`].
    counts: BTreeMap<Class, usize>,
    /// Each hint, and for how many pushes it was given.
    hints: BTreeMap<String, usize>,
    /// Which subscriptions no longer exist.
    pub(crate) gone: BTreeSet<SubscriptionId>,
    /// How many entries of the list are not subscriptions.
    pub(crate) unusable: usize,
    /// How many subscriptions were skipped because the results of earlier runs call them done.
    pub(crate) done_before: usize,
    /// How many subscriptions were skipped because they came before in the list.
    pub(crate) duplicates: usize,
    /// Why the list could not be read to its end, or a result not be written to stdout.
    pub(crate) failure: Option<CliError>,
}

impl Summary {
    /// `message` is the [`message_hash`](crate::results::message_hash).
    pub(crate) fn new(args: &Args, list: &Path, message: String, bar: ProgressBar) -> Summary {
        Summary {
            json: args.json,
            quiet: args.quiet,
            list: list.to_owned(),
            message,
            bar,
            counts: BTreeMap::new(),
            hints: BTreeMap::new(),
            gone: BTreeSet::new(),
            unusable: 0,
            done_before: 0,
            duplicates: 0,
            failure: None,
        }
    }

    /// Prints one result: accepted on stdout, the others on stderr; with --json all on stdout. Breaks when stdout cannot be written
    /// to: a push whose result is lost might be repeated.
    pub(crate) fn add(&mut self, pushed: &Pushed) -> ControlFlow<()> {
        self.count(pushed);
        if let Err(e) = self.bar.suspend(|| self.print(pushed)) {
            let error = anyhow!("cannot write the results, so sending stopped: {e}");
            self.failure.get_or_insert(CliError::local(error, RESUME));
            return ControlFlow::Break(());
        }
        self.draw();
        ControlFlow::Continue(())
    }

    /// Prints that an entry of the list is not a subscription.
    pub(crate) fn add_unusable(&mut self, line: usize, why: &str) {
        self.unusable += 1;
        self.bar.suspend(|| complain_of_line(&self.list, line, why));
        self.draw();
    }

    fn draw(&self) {
        if !self.bar.is_hidden() {
            self.bar.set_message(self.to_string());
        }
    }

    fn count(&mut self, Pushed { endpoint, result, .. }: &Pushed) {
        *self.counts.entry(result.class).or_default() += 1;
        if let Some(hint) = &result.hint
            && (self.hints.len() < MAX_HINTS || self.hints.contains_key(hint))
        {
            *self.hints.entry(hint.clone()).or_default() += 1;
        }
        if result.class == Class::Gone {
            self.gone.insert(subscription_id(endpoint));
        }
    }

    /// Each line is one write, so that results that break off break off between two lines.
    fn print(&self, Pushed { line, endpoint, result }: &Pushed) -> io::Result<()> {
        if self.json {
            return io::stdout().write_all(result_line(endpoint, &self.message, Some(*line), result).as_bytes());
        }
        let says = format_args!("{} …{}", result.says, result.tail);
        match result.class.exit_code() {
            0 if self.quiet => Ok(()),
            0 => io::stdout().write_all(format!("{says}\n").as_bytes()),
            _ => {
                complain_of_line(&self.list, *line, says);
                Ok(())
            }
        }
    }

    /// Ends the progress bar; prints the hints, each once, and the summary.
    pub(crate) fn finish(&mut self) {
        self.bar.finish_and_clear();
        if !self.json {
            for (hint, count) in &self.hints {
                let pushes = if *count == 1 { "push" } else { "pushes" };
                // Nothing is lost with a closed stderr.
                let _ = writeln!(io::stderr(), "notify: hint: for {count} {pushes}: {hint}");
            }
        }
        if !self.quiet && !self.is_empty() {
            note("notify", &self);
        }
    }

    /// Whether the list held no usable subscription.
    pub(crate) fn is_empty(&self) -> bool {
        self.done_before == 0 && self.pushed() == 0
    }

    fn pushed(&self) -> usize {
        self.counts.values().sum()
    }

    pub(crate) fn exit_code(&self) -> u8 {
        let unusable = (self.unusable > 0).then_some(EXIT_NOBODY);
        let codes: Vec<_> = self.counts.keys().map(|class| class.exit_code()).chain(unusable).collect();
        WORST_FIRST.into_iter().find(|code| codes.contains(code)).unwrap_or(0)
    }
}

/// `3 pushed in 0.1 s: 2 accepted, 1 gone; 1 line unusable`
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pushed in {:.1} s", self.pushed(), self.bar.elapsed().as_secs_f32())?;
        let counts = WORDS.iter().filter_map(|(class, word)| Some((self.counts.get(class)?, word)));
        for (at, (count, word)) in counts.enumerate() {
            write!(f, "{} {count} {word}", if at == 0 { ":" } else { "," })?;
        }
        for (count, what) in [
            (self.unusable, "unusable"),
            (self.done_before, "skipped, done before"),
            (self.duplicates, "skipped, duplicate"),
        ] {
            if count > 0 {
                write!(f, "; {count} {} {what}", if count == 1 { "line" } else { "lines" })?;
            }
        }
        Ok(())
    }
}

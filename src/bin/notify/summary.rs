//! What is told while a message goes to everybody, and counted for the summary and the exit code.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use barepush::cli::error::{complain, note};
use barepush::push::endpoint::Endpoint;
use barepush::push::fan_out::{Event, Pushed};
use barepush::push::result::Class;
use barepush::push::results::{Id, ResultLine};
use indicatif::ProgressBar;

use crate::args::Args;
use crate::newest::{EXIT_NOBODY, complain_of_line};

/// Of exit codes that occurred the first of these is the program's: what needs a person, what is worth another run, what
/// stays as it is, what was tidied up.
const WORST_FIRST: [u8; 5] = [1, 4, 6, 3, 5];
/// So many different hints are printed at the end; times to wait can make many.
const MAX_HINTS: usize = 8;
/// The summary's words, in its order.
const WORDS: [(Class, &str); 8] = [
    (Class::Accepted, "accepted"),
    (Class::NotSent, "not sent, as asked"),
    (Class::Refused, "refused"),
    (Class::Busy, "not now"),
    (Class::Unreachable, "unreachable"),
    (Class::Gone, "gone"),
    (Class::OtherKey, "made with another VAPID key"),
    (Class::Ours, "failed here"),
];

/// Prints each event and remembers what the end needs; nothing in it grows but the ids of those gone, 12 bytes each.
pub(crate) struct Summary {
    json: bool,
    quiet: bool,
    list: PathBuf,
    bar: ProgressBar,
    start: Instant,
    counts: [usize; WORDS.len()],
    unusable: usize,
    done: usize,
    gone: Vec<Id>,
    codes: BTreeSet<u8>,
    hints: BTreeSet<String>,
    unread: Option<io::Error>,
}

impl Summary {
    pub(crate) fn new(args: &Args, list: &std::path::Path, bar: ProgressBar) -> Summary {
        Summary {
            json: args.json,
            quiet: args.quiet,
            list: list.to_owned(),
            bar,
            start: Instant::now(),
            counts: [0; WORDS.len()],
            unusable: 0,
            done: 0,
            gone: Vec::new(),
            codes: BTreeSet::new(),
            hints: BTreeSet::new(),
            unread: None,
        }
    }

    /// Prints one event: what was accepted on stdout, what was not on stderr; with --json both on stdout. Breaks when stdout is
    /// closed: a push whose result nobody hears of might be repeated.
    pub(crate) fn tell(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Done => self.done += 1,
            Event::Unusable { line, error } => {
                self.unusable += 1;
                self.codes.insert(EXIT_NOBODY);
                self.bar.suspend(|| complain_of_line(&self.list, line, error));
            }
            Event::Pushed(pushed) => {
                self.count(&pushed);
                if let Err(e) = self.bar.suspend(|| self.print(&pushed)) {
                    self.unread.get_or_insert(e);
                    return ControlFlow::Break(());
                }
            }
        }
        if !self.bar.is_hidden() {
            self.bar.set_message(self.summary());
        }
        ControlFlow::Continue(())
    }

    fn count(&mut self, Pushed { endpoint, outcome, .. }: &Pushed) {
        if let Some(at) = WORDS.iter().position(|(class, _)| *class == outcome.class) {
            self.counts[at] += 1;
        }
        self.codes.insert(outcome.class.exit_code());
        if let Some(hint) = outcome.hint.as_ref().filter(|_| self.hints.len() < MAX_HINTS) {
            self.hints.insert(hint.clone());
        }
        if outcome.class == Class::Gone {
            self.gone.push(Id::of(endpoint));
        }
    }

    /// One line, in one write: a list of results that breaks off breaks off between two lines.
    fn print(&self, Pushed { line, endpoint, outcome }: &Pushed) -> io::Result<()> {
        if self.json {
            let record = ResultLine::new(endpoint, Some(*line), outcome);
            return io::stdout().write_all(record.to_line()?.as_bytes());
        }
        let says = format_args!("{} …{}", outcome.says, outcome.tail);
        match outcome.class.exit_code() {
            0 if self.quiet => Ok(()),
            0 => io::stdout().write_all(format!("{says}\n").as_bytes()),
            _ => {
                let list = self.list.display();
                complain("notify", format_args!("{list} line {line}: {says}"), None);
                Ok(())
            }
        }
    }

    /// Ends the progress bar; prints the hints, each once, and the summary.
    pub(crate) fn finish(&mut self) {
        self.bar.finish_and_clear();
        self.gone.sort_unstable();
        if !self.json {
            self.hints.iter().for_each(|hint| eprint_hint(hint));
        }
        if !self.quiet && !self.nobody() {
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
        for (count, what) in [(self.unusable, "unusable"), (self.done, "left out, done before")] {
            if count > 0 {
                summary += &format!("; {count} {} {what}", if count == 1 { "line" } else { "lines" });
            }
        }
        summary
    }

    /// The ids of those gone; sorted after [`Summary::finish`].
    pub(crate) fn gone(&self) -> &[Id] {
        &self.gone
    }

    pub(crate) fn is_gone(&self, endpoint: &Endpoint) -> bool {
        self.gone.binary_search(&Id::of(endpoint)).is_ok()
    }

    /// Why stdout could not be written to, if it could not.
    pub(crate) fn unread(&self) -> Option<&io::Error> {
        self.unread.as_ref()
    }

    /// No usable subscription stood in the list.
    pub(crate) fn nobody(&self) -> bool {
        self.done == 0 && self.counts.iter().all(|count| *count == 0)
    }

    pub(crate) fn unusable(&self) -> usize {
        self.unusable
    }

    pub(crate) fn exit_code(&self) -> u8 {
        WORST_FIRST.into_iter().find(|code| self.codes.contains(code)).unwrap_or(0)
    }
}

fn eprint_hint(hint: &str) {
    // A closed stderr is nobody's loss.
    let _ = writeln!(io::stderr(), "notify: hint: {hint}");
}

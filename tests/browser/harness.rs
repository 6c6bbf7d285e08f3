//! How the browser tests are listed and run: each names what it needs by its fixture, and where that is not installed, the
//! harness shows the test as ignored. With `BAREPUSH_REQUIRE_BROWSERS` set, as in CI, that is a failure.

use std::collections::BTreeSet;
use std::env;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::browser::Need;

/// Browsers use some 0.5 GiB each, and a test has at most two.
const THREADS_MAX: usize = 4;

/// Set in a test's own process: the test's name.
pub(crate) const ALONE: &str = "BAREPUSH_BROWSER_TEST";

/// What a test begins with, opened for it alone and ended after it.
pub(crate) trait Fixture: 'static {
    /// What must be installed.
    fn needs() -> Vec<&'static Need>;

    /// Opens it.
    fn open() -> Self;
}

/// The tests of a module, by their functions' names.
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        /// This module's tests.
        pub(crate) fn tests() -> Vec<$crate::harness::Test> {
            vec![$($crate::harness::Test::new(concat!(module_path!(), "::", stringify!($test)), $test)),*]
        }
    };
}
pub(crate) use tests;

/// One test, and what it needs that is not installed.
pub(crate) struct Test {
    name: &'static str,
    run: Box<dyn FnOnce() + Send>,
    missing: Vec<&'static Need>,
}

impl Test {
    /// `path` is the function's, with the crate's name.
    pub(crate) fn new<F: Fixture>(path: &'static str, test: fn(&mut F)) -> Self {
        let name = path.split_once("::").map_or(path, |(_, name)| name);
        let missing = F::needs().into_iter().filter(|need| need.path().is_none()).collect();
        Self { name, run: Box::new(move || test(&mut F::open())), missing }
    }

    /// What the harness shows: the test in a process of its own, whose output appears only when it fails.
    fn trial(self) -> Trial {
        let missing: Vec<String> = self.missing.iter().map(ToString::to_string).collect();
        let ignored = !missing.is_empty() && !required();
        let run = move || match missing.is_empty() {
            true => run_alone(self.name),
            false => Err(Failed::from(missing.join("; "))),
        };
        Trial::test(self.name, run).with_ignored_flag(ignored)
    }
}

fn required() -> bool {
    env::var_os("BAREPUSH_REQUIRE_BROWSERS").is_some()
}

fn run_alone(name: &str) -> Result<(), Failed> {
    let output = Command::new(env::current_exe()?).env(ALONE, name).stdin(Stdio::null()).output()?;
    let printed = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(Failed::from(String::from_utf8_lossy(&printed))) }
}

/// Runs the tests that the command line asks for, or the one that [`run_alone`] asks for.
pub(crate) fn run(mut tests: Vec<Test>) -> ExitCode {
    if let Ok(name) = env::var(ALONE) {
        let test = tests.swap_remove(tests.iter().position(|test| test.name == name).expect("a test of this name"));
        // The thread's name is in panic messages and in the names of the files in `target/browser-failures/`.
        let thread = thread::Builder::new().name(name).spawn(test.run).expect("a thread");
        return if thread.join().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let mut arguments = Arguments::from_args();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // Half of the time a test waits for its browser, and a core is free for another one.
    arguments.test_threads.get_or_insert((2 * cores).min(THREADS_MAX));
    let missing: BTreeSet<String> = tests.iter().flat_map(|test| &test.missing).map(ToString::to_string).collect();
    if !required() {
        missing.iter().for_each(|need| eprintln!("note: browser tests are ignored: {need}"));
    }
    libtest_mimic::run(&arguments, tests.into_iter().map(Test::trial).collect()).exit_code()
}

/// For tests that open nothing.
impl Fixture for () {
    fn needs() -> Vec<&'static Need> {
        Vec::new()
    }

    fn open() {}
}

/// Both at once.
impl<A: Fixture, B: Fixture> Fixture for (A, B) {
    fn needs() -> Vec<&'static Need> {
        [A::needs(), B::needs()].concat()
    }

    fn open() -> Self {
        (A::open(), B::open())
    }
}

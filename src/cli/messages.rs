//! What the programs print: data on stdout; on stderr notes and, for a failure, one error line and one hint line.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::process::ExitCode;

use anyhow::Context;

use crate::push::LocalError;

/// The exit code of an error on this side: a file, a key, a port, encryption.
const EXIT_LOCAL: u8 = 1;

/// What ended a program, what to do next, and the exit code.
#[derive(Debug)]
pub struct CliError {
    /// The exit code; README lists them.
    pub code: u8,
    error: anyhow::Error,
    hint: String,
}

impl CliError {
    /// Prints `error` with its causes joined by ": ", then `hint`.
    pub fn new(code: u8, error: impl Into<anyhow::Error>, hint: impl Into<String>) -> CliError {
        CliError { code, error: error.into(), hint: hint.into() }
    }

    /// An error on this side: exit code 1.
    pub fn local(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> CliError {
        CliError::new(EXIT_LOCAL, error, hint)
    }

    /// Prints `program: error: what: why` and `program: hint: what to do next` on stderr.
    pub fn report(self, program: &str) -> ExitCode {
        complain(program, format_args!("{:#}", self.error), Some(&self.hint));
        ExitCode::from(self.code)
    }
}

impl From<LocalError> for CliError {
    fn from(error: LocalError) -> CliError {
        let hint = error.hint.clone();
        CliError::local(error, hint)
    }
}

/// Prints data. A reader that has closed the pipe has read enough, which is not an error; a full disk is one.
///
/// # Errors
/// What stdout answered.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written
            .context("cannot write to stdout")
            .map_err(|e| CliError::local(e, "check that the disk that stdout goes to has room")),
    }
}

/// A line about what does not end the program: `program: note: what`.
pub fn note(program: &str, what: impl Display) {
    let _ = writeln!(stderr(), "{program}: note: {what}");
}

/// One error line and perhaps one hint line on stderr. A closed stderr is not an error.
pub fn complain(program: &str, error: impl Display, hint: Option<&str>) {
    let mut stderr = stderr().lock();
    let _ = writeln!(stderr, "{program}: error: {error}");
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "{program}: hint: {hint}");
    }
}

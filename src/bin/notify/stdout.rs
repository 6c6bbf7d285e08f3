//! How `notify` writes data to stdout.

use std::io::{self, ErrorKind, Write};

use anyhow::Context;
use barepush::cli::CliError;

/// Prints `text`. A reader that has closed the pipe has read enough, which is not an error; a full disk is one.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written
            .context("cannot write to stdout")
            .map_err(|e| CliError::local(e, "check that the disk that stdout goes to has room")),
    }
}

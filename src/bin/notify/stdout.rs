//! How `notify` writes data to stdout.

use std::io::{self, ErrorKind, Write};

use barepush::cli::CliError;

/// Prints `text`. A reader that has closed the pipe has read enough, which is not an error; a full disk is one.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(e).context("cannot write to stdout");
            Err(CliError::local(error, "check that the disk that stdout goes to has room"))
        }
        _ => Ok(()),
    }
}

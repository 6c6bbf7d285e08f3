//! `--curl`: the request as a curl command to paste into a shell.

use std::path::Path;

use barepush::cli::{CliError, note, shell};
use barepush::push::{Header, PushRequest};

use crate::stdout;

/// The file for the encrypted body, in the current folder.
const BODY_FILE: &str = "payload.bin";

/// Writes payload.bin, unless there is no body, and prints the command.
pub(crate) fn print(request: &PushRequest) -> Result<(), CliError> {
    let body = &request.body;
    if !body.is_empty() {
        barepush::store::atomic_file::replace(Path::new(BODY_FILE), body).map_err(|e| {
            let error = anyhow::Error::new(e).context(format!("cannot write {BODY_FILE}"));
            CliError::local(error, "run notify in a folder that you may write to")
        })?;
    }
    stdout::print(&format!("{}\n", command(request)))?;
    note(
        "notify",
        "nothing was sent; keep the command secret: it contains the endpoint and a token valid for 12 hours",
    );
    Ok(())
}

/// One option a line, each value quoted for a POSIX shell. The endpoint has to stay as it is: without the two options curl reads
/// `[1-3]` and `{a,b}` as several URLs, and resolves `/../`.
fn command(request: &PushRequest) -> String {
    let mut lines = vec![format!(
        "curl --include --globoff --path-as-is --request POST {}",
        shell::quoted(request.endpoint.as_str())
    )];
    let header = |header: &Header| format!("--header {}", shell::quoted(&format!("{}: {}", header.name, header.value)));
    lines.extend(request.headers.iter().map(header));
    lines.push(match request.body.is_empty() {
        true => "--header 'Content-Length: 0'".into(),
        false => format!("--data-binary @{BODY_FILE}"),
    });
    lines.join(" \\\n  ")
}

//! `--curl`: the request as a curl command to paste into a shell.

use std::path::Path;

use anyhow::Context;
use barepush::cli::{CliError, note, shell};
use barepush::push::{Header, PushRequest};
use barepush::store::atomic_file;

use crate::stdout;

/// The file for the encrypted body, in the current folder.
const BODY_FILE: &str = "payload.bin";

/// Writes payload.bin, unless there is no body, and prints the command.
pub(crate) fn print(request: &PushRequest) -> Result<(), CliError> {
    if !request.body.is_empty() {
        atomic_file::replace(Path::new(BODY_FILE), &request.body)
            .with_context(|| format!("cannot write {BODY_FILE}"))
            .map_err(|e| CliError::local(e, "run notify in a folder that you may write to"))?;
    }
    stdout::print(&command(request))?;
    let secret = "keep the command secret: it contains the endpoint and a token valid for 12 hours";
    note("notify", format_args!("nothing was sent; {secret}"));
    Ok(())
}

/// One option a line, each value quoted for a POSIX shell. The endpoint has to stay as it is: without the two options curl reads
/// `[1-3]` and `{a,b}` as several URLs, and resolves `/../`.
fn command(request: &PushRequest) -> String {
    let endpoint = shell::quoted(request.endpoint.as_str());
    let mut command = format!("curl --include --globoff --path-as-is --request POST {endpoint} \\\n");
    for Header { name, value, .. } in &request.headers {
        command += &format!("  --header {} \\\n", shell::quoted(&format!("{name}: {value}")));
    }
    match request.body.is_empty() {
        true => command + "  --header 'Content-Length: 0'\n",
        false => command + &format!("  --data-binary @{BODY_FILE}\n"),
    }
}

//! The message from the command line: a notification's text, or bytes as they are.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use barepush::cli::CliError;
use barepush::push::{BRIDGED_PAYLOAD_BYTES, Interface, MAX_PAYLOAD_BYTES, Message, Notification, RequestError};

use crate::args::Args;

/// How much of a payload is read: a longer one is refused anyway, and stdin may be endless.
const MAX_READ_BYTES: usize = 1024 * 1024;

/// The message. One that is too long for any push is refused here.
pub(crate) fn message(args: &Args) -> Result<Message, CliError> {
    let payload = payload(args)?;
    if payload.len() > MAX_PAYLOAD_BYTES {
        let error = RequestError::TooLong(payload.len());
        let hint = error.hint(Interface::CommandLine);
        return Err(CliError::local(error, hint));
    }
    if payload.len() > BRIDGED_PAYLOAD_BYTES {
        let bytes = payload.len();
        let phones = "phones reached over a bridge may refuse more than";
        args.note(format_args!("the payload is {bytes} bytes long; {phones} {BRIDGED_PAYLOAD_BYTES}"));
    }
    let ttl = Duration::from_secs(args.ttl.into());
    Ok(Message { payload, ttl, urgency: args.urgency, topic: args.topic.clone() })
}

fn payload(args: &Args) -> Result<Vec<u8>, CliError> {
    if let Some(path) = &args.payload {
        return read(path).map_err(|e| CliError::local(e, "check the path, and who may read it"));
    }
    let text = match args.message.as_str() {
        "-" => read(Path::new("-"))
            .and_then(|bytes| String::from_utf8(bytes).context("cannot read stdin as UTF-8"))
            .map_err(|e| CliError::local(e, "pipe UTF-8 text in, or send any bytes with --payload -"))?,
        text => text.to_owned(),
    };
    let notification = Notification {
        title: args.title.clone(),
        body: Some(text.trim_end_matches('\n').to_owned()),
        url: args.url.clone(),
        icon: args.icon.clone(),
        tag: args.tag.clone(),
        silent: args.silent,
        require_interaction: args.require_interaction,
    };
    Ok(if args.declarative { notification.declarative_payload() } else { notification.payload() })
}

/// All bytes of a file, or of stdin for "-".
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "stdin".into() } else { path.display().to_string() };
    let (mut bytes, limit) = (Vec::new(), MAX_READ_BYTES as u64 + 1);
    let read = match is_stdin {
        true => io::stdin().take(limit).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("cannot read {name}"))?;
    ensure!(
        bytes.len() <= MAX_READ_BYTES,
        "{name} is over {MAX_READ_BYTES} bytes long, at most {MAX_PAYLOAD_BYTES} fit into one message"
    );
    Ok(bytes)
}

//! The message from the command line: a notification's text, or bytes as they are.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use barepush::cli::{CliError, note};
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
    if payload.len() > BRIDGED_PAYLOAD_BYTES && !args.quiet {
        let bytes = payload.len();
        let phones = "phones reached over a bridge may refuse more than";
        note("notify", format_args!("the payload is {bytes} bytes long; {phones} {BRIDGED_PAYLOAD_BYTES}"));
    }
    Ok(Message {
        ttl: Duration::from_secs(args.ttl.into()),
        urgency: args.urgency,
        topic: args.topic.clone(),
        ..Message::new(payload)
    })
}

fn payload(args: &Args) -> Result<Vec<u8>, CliError> {
    if let Some(path) = &args.payload {
        return read(path).map_err(|e| CliError::local(e, "check the path, and who may read it"));
    }
    let text = match args.message.as_str() {
        "-" => read(Path::new("-")).and_then(|bytes| String::from_utf8(bytes).context("cannot read stdin as UTF-8")),
        text => Ok(text.to_owned()),
    };
    let text = text.map_err(|e| CliError::local(e, "pipe UTF-8 text in, or send any bytes with --payload -"))?;
    let notification = Notification {
        title: args.title.clone(),
        body: Some(text.trim_end_matches('\n').to_owned()),
        url: args.url.clone(),
        icon: args.icon.clone(),
        tag: args.tag.clone(),
        silent: args.silent,
        require_interaction: args.require_interaction,
    };
    Ok(match args.declarative {
        true => notification.declarative_payload(),
        false => notification.payload(),
    })
}

/// All bytes of a file, or of stdin for "-".
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let (name, reader): (_, io::Result<Box<dyn Read>>) = match path.as_os_str() == "-" {
        true => ("stdin".into(), Ok(Box::new(io::stdin().lock()))),
        false => (path.display().to_string(), std::fs::File::open(path).map(|file| Box::new(file) as _)),
    };
    let mut bytes = Vec::new();
    reader
        .and_then(|reader| reader.take(MAX_READ_BYTES as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {name}"))?;
    match bytes.len() > MAX_READ_BYTES {
        true => {
            Err(anyhow!("{name} is over {MAX_READ_BYTES} bytes long, at most {MAX_PAYLOAD_BYTES} fit into one message"))
        }
        false => Ok(bytes),
    }
}

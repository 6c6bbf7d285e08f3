//! One message to one subscription: sent, explained, checked (`--dry-run`), or shown as a curl command (`--curl`).

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use barepush::cli::{CliError, complain, note, print, shell};
use barepush::push::{
    BRIDGED_PAYLOAD_BYTES, Class, Header, MAX_PAYLOAD_BYTES, Message, PushRequest, PushResult, Subscription, VapidKey,
    Vendor,
};
use barepush::store::atomic_file;

use crate::args::Args;
use crate::explain::Explanation;
use crate::list;
use crate::recipient::recipient;
use crate::results::{message_hash, result_line};

/// The file of --curl for the encrypted body, in the current folder.
const BODY_FILE: &str = "payload.bin";

/// The exit code of the push, or the error that is not a push's.
pub(crate) fn run(args: &Args, message: &Message) -> Result<u8, CliError> {
    let subscription = recipient(args)?;
    let sender = args.sender()?;
    if args.dry_run && !(args.explain || args.curl || args.json || args.quiet) {
        print(&checks(message, &subscription, &sender.key))?;
    }
    let retrying = |failure: &PushResult, pause: Duration| {
        args.note(format_args!("{}; trying again in {:.1} s", failure.says, pause.as_secs_f32()));
    };
    let result = match PushRequest::new(message, &subscription, &sender.key) {
        Err(e) => PushResult::not_built(subscription.endpoint(), &e, sender.interface),
        Ok(request) if args.curl => {
            print_curl(&request)?;
            return Ok(0);
        }
        Ok(request) if args.explain => {
            let mut explanation = Explanation::new(message, &subscription, args.show_secrets);
            print(&explanation.request(&sender.key, &request))?;
            let result = sender.send(&request, retrying);
            print(&explanation.answer(&result))?;
            result
        }
        Ok(request) => sender.send(&request, retrying),
    };
    match result.class.exit_code() {
        _ if args.json => print(&result_line(subscription.endpoint(), &message_hash(message), None, &result))?,
        // An explanation has said it already.
        0 if args.quiet || args.explain => {}
        0 => print(&format!("{}\n", result.says))?,
        _ => complain("notify", &result.says, result.hint.as_deref()),
    }
    // Only now: what happened to the push is worth more than a tidy file.
    if result.class == Class::Gone {
        list::move_to_gone(args, |endpoint| endpoint == subscription.endpoint())?;
    }
    Ok(result.class.exit_code())
}

/// `--dry-run`: what can be checked before sending, a line for each check: `name  ok|wrong|unknown: why`.
fn checks(message: &Message, subscription: &Subscription, key: &VapidKey) -> String {
    let endpoint = subscription.endpoint();
    let key_fits = match subscription.application_server_key() {
        Some(made_with) if made_with == key.public_key() => "ok: the subscription was made with this VAPID key",
        Some(_) => "wrong: the subscription was made with another VAPID key",
        None => "unknown: the subscription does not say which VAPID key it was made with",
    };
    let subject = match key.subject.refused_by(endpoint.vendor()) {
        Some(why) => format!("wrong: {why}"),
        None => format!("ok: {}", key.subject),
    };
    // A longer payload has been refused before.
    let mut size = format!("ok: {} bytes; at most {MAX_PAYLOAD_BYTES} fit into one message", message.payload.len());
    if message.payload.len() > BRIDGED_PAYLOAD_BYTES {
        size += &format!("; phones reached over a bridge may refuse more than {BRIDGED_PAYLOAD_BYTES}");
    }
    let host = match endpoint.vendor() {
        _ if endpoint.is_loopback() => format!("ok: {} is this machine", endpoint.host()),
        Vendor::Other => format!("unknown: {} is not a browser vendor's push service", endpoint.host()),
        vendor => format!("ok: {} is {}", endpoint.host(), vendor.rules().description),
    };
    format!("key      {key_fits}\nsubject  {subject}\nsize     {size}\nhost     {host}\n")
}

/// `--curl`: writes payload.bin, unless there is no body, and prints the command to paste into a shell.
fn print_curl(request: &PushRequest) -> Result<(), CliError> {
    if !request.body.is_empty() {
        atomic_file::replace(Path::new(BODY_FILE), &request.body)
            .with_context(|| format!("cannot write {BODY_FILE}"))
            .map_err(|e| CliError::local(e, "run notify in a folder that you may write to"))?;
    }
    print(&curl_command(request))?;
    let secret = "keep the command secret: it contains the endpoint and a token valid for 12 hours";
    note("notify", format_args!("nothing was sent; {secret}"));
    Ok(())
}

/// One option a line, each value quoted for a POSIX shell. The endpoint has to stay as it is: without the two options curl reads
/// `[1-3]` and `{a,b}` as several URLs, and resolves `/../`.
fn curl_command(request: &PushRequest) -> String {
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

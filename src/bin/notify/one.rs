//! One message to one subscription: sent, explained, or shown as a curl command.

use std::time::Duration;

use barepush::cli::{CliError, complain};
use barepush::push::{Class, Message, PushRequest, PushResult};

use crate::args::Args;
use crate::explain::Explanation;
use crate::recipient::recipient;
use crate::results::{message_hash, result_line};
use crate::stdout::print;
use crate::{checks, curl, list};

/// The exit code of the push, or the error that is not a push's.
pub(crate) fn run(args: &Args, message: &Message) -> Result<u8, CliError> {
    let subscription = recipient(args)?;
    let sender = args.sender()?;
    if args.dry_run && !(args.explain || args.curl || args.json || args.quiet) {
        print(&checks::lines(message, &subscription, &sender.key))?;
    }
    let retrying = |failure: &PushResult, pause: Duration| {
        args.note(format_args!("{}; trying again in {:.1} s", failure.says, pause.as_secs_f32()));
    };
    let result = match PushRequest::new(message, &subscription, &sender.key) {
        Err(e) => PushResult::not_built(subscription.endpoint(), &e, sender.interface),
        Ok(request) if args.curl => {
            curl::print(&request)?;
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

//! One message to the newest subscription: sent, or shown instead of being sent.

use std::time::Duration;

use crate::explain::Explanation;
use anyhow::anyhow;
use barepush::cli::error::{CliError, note};
use barepush::push::encryption::Trace;
use barepush::push::message::Message;
use barepush::push::request::{PushRequest, RequestError};
use barepush::push::result::{Class, PushResult};
use barepush::push::sender::Sender;
use barepush::push::subscription::Subscription;
use barepush::store::subscriptions::{Change, StoreError};

use crate::args::Args;
use crate::recipient::recipient;
use crate::results::ResultLine;
use crate::stdout::print;
use crate::{checks, curl};

pub(crate) fn run(args: &Args, message: &Message) -> Result<(), CliError> {
    let subscription = recipient(args)?;
    let sender = args.sender()?;
    if args.curl {
        let request = PushRequest::new(message, &subscription, &sender.key).map_err(not_made)?;
        return curl::print(&request);
    }
    if args.dry_run && !args.explain && !args.json && !args.quiet {
        print(&checks::lines(message, &subscription, &sender.key))?;
    }
    let retrying = |failure: &PushResult, pause: Duration| {
        if !args.quiet {
            note("notify", format_args!("{}; trying again in {:.1} s", failure.says, pause.as_secs_f32()));
        }
    };
    let outcome = match args.explain {
        true => explain(args, &sender, message, &subscription, retrying)?,
        false => sender.push(message, &subscription, retrying),
    };
    if outcome.class == Class::Gone {
        set_aside(args, &subscription)?;
    }
    tell(args, &subscription, outcome)
}

/// The same push, explained step by step on stdout.
fn explain(
    args: &Args,
    sender: &Sender,
    message: &Message,
    subscription: &Subscription,
    retrying: impl FnMut(&PushResult, Duration),
) -> Result<PushResult, CliError> {
    let mut explanation = Explanation::new(message, subscription, args.show_secrets);
    let show = |request: &PushRequest, trace: &Trace| print(&explanation.request(&sender.key, request, trace));
    let result = sender.push_traced(message, subscription, show, retrying)?;
    match &result.outcome {
        Some(outcome) => print(&explanation.answer(&result, outcome))?,
        None if result.class == Class::NotSent => print(&explanation.not_sent())?,
        None => {}
    }
    Ok(result)
}

/// Prints what became of it; a failure's words and exit code go up.
fn tell(args: &Args, subscription: &Subscription, outcome: PushResult) -> Result<(), CliError> {
    let code = outcome.class.exit_code();
    if args.json {
        print(&ResultLine::new(subscription.endpoint(), None, &outcome).to_line().unwrap_or_default())?;
        return if code == 0 { Ok(()) } else { Err(CliError::said(code)) };
    }
    if code != 0 {
        return Err(CliError::new(code, anyhow!(outcome.says), outcome.hint.unwrap_or_default()));
    }
    // The explanation says it already.
    if !args.quiet && !args.explain {
        print(&format!("{}\n", outcome.says))?;
    }
    Ok(())
}

fn not_made(error: RequestError) -> CliError {
    let code = Class::of(&error).exit_code();
    let hint = error.hint();
    CliError::new(code, error, hint)
}

fn set_aside(args: &Args, gone: &Subscription) -> Result<(), CliError> {
    if args.reads_stdin() {
        return Ok(());
    }
    let store = args.store();
    match store.set_aside(|e| e == gone.endpoint()) {
        Ok(Change { found: 1.., .. }) if !args.quiet => {
            note("notify", format_args!("its line went to {}", store.gone_path().display()));
        }
        Err(kept @ StoreError::NotRegular(_)) if !args.quiet => note("notify", kept),
        Ok(_) | Err(StoreError::NotRegular(_)) => {}
        Err(e) => return Err(CliError::hinted(StoreError::hint)(e)),
    }
    Ok(())
}

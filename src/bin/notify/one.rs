//! One message to the newest subscription: sent, or shown instead of being sent.

use std::time::Duration;

use crate::explain::Explanation;
use anyhow::anyhow;
use barepush::cli::error::{CliError, note};
use barepush::push::client::SendError;
use barepush::push::message::Message;
use barepush::push::request::{PushRequest, RequestError};
use barepush::push::result::{Class, PushResult};
use barepush::push::results::ResultLine;
use barepush::push::subscription::Subscription;
use barepush::push::vapid::VapidKey;
use barepush::store::subscriptions::StoreError;

use crate::args::Args;
use crate::newest::recipient;
use crate::stdout::print;
use crate::{checks, curl};

pub(crate) fn run(args: &Args, message: &Message) -> Result<(), CliError> {
    let subscription = recipient(args)?;
    let key = args.key()?;
    if args.curl {
        let request = PushRequest::new(message, &subscription, &key).map_err(not_made)?;
        return curl::print(&request);
    }
    if args.dry_run && !args.explain && !args.json && !args.quiet {
        print(&checks::lines(message, &subscription, &key))?;
    }
    let outcome = match args.explain {
        true => explain(args, message, &subscription, &key)?,
        false => push(args, message, &subscription, &key),
    };
    if outcome.class == Class::Gone {
        set_aside(args, &subscription)?;
    }
    tell(args, &subscription, outcome)
}

fn push(args: &Args, message: &Message, subscription: &Subscription, key: &VapidKey) -> PushResult {
    let request = match PushRequest::new(message, subscription, key) {
        Ok(request) if args.dry_run => return PushResult::made(subscription, &request),
        Ok(request) => request,
        Err(e) => return PushResult::not_sent(subscription, &e),
    };
    let waiting = |error: &SendError, pause: Duration| {
        if !args.quiet {
            say_waiting(subscription, error, pause);
        }
    };
    let (result, took, attempts) = args.retry().send(&args.client(), &request, waiting);
    PushResult { attempts, ..PushResult::sent(subscription, &result, took) }
}

/// The same push, explained step by step on stdout.
fn explain(
    args: &Args,
    message: &Message,
    subscription: &Subscription,
    key: &VapidKey,
) -> Result<PushResult, CliError> {
    let (request, trace) = match PushRequest::traced(message, subscription, key) {
        Ok(traced) => traced,
        Err(e) => return Ok(PushResult::not_sent(subscription, &e)),
    };
    let mut explanation = Explanation::new(message, subscription, args.show_secrets);
    print(&explanation.request(key, &request, &trace))?;
    if args.dry_run {
        print(&explanation.not_sent())?;
        return Ok(PushResult::made(subscription, &request));
    }
    let waiting = |error: &SendError, pause| say_waiting(subscription, error, pause);
    let (result, took, attempts) = args.retry().send(&args.client(), &request, waiting);
    let outcome = PushResult { attempts, ..PushResult::sent(subscription, &result, took) };
    print(&explanation.answer(&outcome, &result))?;
    Ok(outcome)
}

fn say_waiting(subscription: &Subscription, error: &SendError, pause: Duration) {
    let outcome = PushResult::sent(subscription, &Err(error.clone()), Duration::ZERO);
    note("notify", format_args!("{}; trying again in {:.1} s", outcome.says, pause.as_secs_f32()));
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
    let count = store.set_aside(|e| e == gone.endpoint()).map_err(CliError::hinted(StoreError::hint))?;
    if count > 0 && !args.quiet {
        note("notify", format_args!("its line went to {}", store.gone_path().display()));
    }
    Ok(())
}

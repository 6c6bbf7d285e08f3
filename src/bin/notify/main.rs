//! Sends messages from the command line: arguments to message, to requests, to results and one exit code.

mod all;
mod args;
mod curl;
mod newest;
mod one;
mod payload;
mod public_key;
mod tally;

use std::process::ExitCode;

use args::Args;
use barepush::failure::Failure;

fn main() -> ExitCode {
    match run(&Args::get()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("notify"),
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    if args.show_public_key {
        return public_key::show(args);
    }
    let message = payload::message(args)?;
    match args.to_all() {
        true => all::run(args, &message),
        false => one::run(args, &message),
    }
}

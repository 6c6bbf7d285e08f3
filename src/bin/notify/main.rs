//! Sends messages from the command line: arguments to message, to requests, to results and one exit code.

mod args;
mod explain;
mod list;
mod many;
mod one;
mod payload;
mod public_key;
mod recipient;
mod results;
mod summary;

use std::process::ExitCode;

use args::Args;
use barepush::cli::CliError;

fn main() -> ExitCode {
    match run(&Args::get()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report("notify"),
    }
}

fn run(args: &Args) -> Result<u8, CliError> {
    if args.show_public_key {
        public_key::show(args)?;
        return Ok(0);
    }
    let message = payload::message(args)?;
    if args.to_all() { many::run(args, &message) } else { one::run(args, &message) }
}

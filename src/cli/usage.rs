//! The command line of both programs: what clap does, and a hint where clap's usage would not help.

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::complain;

/// As clap exits when it refuses a command line.
const EXIT_USAGE: i32 = 2;

/// Parses the command line. Ends the process when that cannot be done, or with `--help` and `--version`. `hint` is asked
/// about an argument that is one too many.
pub fn parse<A: Parser>(program: &str, hint: impl Fn(&str) -> Option<&'static str>) -> A {
    let error = match A::try_parse() {
        Ok(args) => return args,
        Err(error) => error,
    };
    if let (ErrorKind::UnknownArgument, Some(ContextValue::String(argument))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
        && let Some(hint) = hint(argument)
    {
        complain(program, format_args!("unexpected argument \"{argument}\""), Some(hint));
        std::process::exit(EXIT_USAGE);
    }
    error.exit()
}

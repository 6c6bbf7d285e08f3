//! What both programs share on the command line. May use `push` and `store`.

mod data_args;
mod messages;
pub mod shell;
pub mod signals;
pub mod usage;

pub use data_args::DataArgs;
pub use messages::{CliError, complain, note, print};

//! What both programs share on the command line. May use `push` and `store`.

pub mod data_args;
pub mod error;
pub mod shell;
pub mod signals;
pub mod usage;

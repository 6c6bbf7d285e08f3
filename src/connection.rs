//! One client's connection, as listener and gate both see it: its bytes under a deadline, its place among the others, its limits.

mod channel;
mod crowd;
mod limits;

pub(crate) use channel::{Channel, Timed};
pub(crate) use crowd::{Crowd, Place};
pub(crate) use limits::INNER_MAX;
pub use limits::{Limits, raise_descriptor_limit};

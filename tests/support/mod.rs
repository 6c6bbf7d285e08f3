//! What the black-box tests share. Each test crate uses its own share of it, hence the allowance.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

pub mod client;
pub mod program;
pub mod sender;
pub mod wire;

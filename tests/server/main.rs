//! The real server: its start and end, its routes, what strangers send, load, and that nothing is lost.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod codelab;
mod first_push;
mod fixture;
mod http_server;
mod load;
mod nothing_lost;
mod routes;
mod start_and_stop;
#[path = "../support/mod.rs"]
mod support;
mod untrusted_input;
mod www;

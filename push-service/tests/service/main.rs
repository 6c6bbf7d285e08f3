//! The push service that the other tests rely on: as application servers, user agents, tests and learners meet it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

mod application_server;
mod control;
mod limits;
#[cfg(unix)]
mod program;
mod sender;
mod user_agent;
mod vendors;

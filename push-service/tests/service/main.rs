//! The push service that the other tests rely on, tested itself: as application servers meet it, and as user agents do.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

mod application_server;
mod control;
#[cfg(unix)]
mod program;
mod sender;
mod user_agent;
mod vendors;

//! Senders that others wrote, unchanged, against the program `push-service`: npm web-push, pywebpush and the Rust crate web-push.
//! `.ci/run` installs them into `target/senders`; one that is not installed shows as ignored, and fails when
//! `PUSH_SERVICE_REQUIRE_SENDERS` is set.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(unix)]
mod senders;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    libtest_mimic::run(&arguments, senders::trials()).exit_code()
}

#[cfg(not(unix))]
fn main() {}

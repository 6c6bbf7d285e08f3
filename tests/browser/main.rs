//! The product in real browsers: the page, the worker and both programs, without a connection to the internet.
//! The harness is our own (`harness.rs`), so that a test whose browser is not installed shows as ignored.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// A browser is ended by its process group, which only Unix has.
#[cfg(unix)]
mod barebones;
#[cfg(unix)]
#[path = "../support/browser/mod.rs"]
mod browser;
#[cfg(unix)]
mod chromium;
#[cfg(unix)]
mod chromium_subscribes;
#[cfg(unix)]
mod firefox;
#[cfg(unix)]
mod fixtures;
#[cfg(unix)]
mod harness;
#[cfg(unix)]
mod looks;
#[cfg(unix)]
mod not_installed;
#[cfg(unix)]
mod other_tab;
#[cfg(unix)]
mod page;
#[cfg(unix)]
mod pages;
#[cfg(unix)]
mod panel;
#[cfg(unix)]
mod phone;
#[cfg(unix)]
mod refusals;
#[cfg(unix)]
mod repairs;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod server_fails;
#[cfg(unix)]
mod states;
#[cfg(unix)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let tests = [
        barebones::tests(),
        chromium::tests(),
        chromium_subscribes::tests(),
        firefox::tests(),
        looks::tests(),
        not_installed::tests(),
        other_tab::tests(),
        pages::tests(),
        panel::tests(),
        phone::tests(),
        refusals::tests(),
        repairs::tests(),
        server_fails::tests(),
        states::tests(),
    ];
    harness::run(tests.into_iter().flatten().collect())
}

#[cfg(not(unix))]
fn main() {}

//! The product where its users live: the page, the worker and both programs, in real browsers, with no internet.
//! A browser that is not installed is left out with a note; `BAREPUSH_REQUIRE_BROWSERS=1` makes that a failure.
// A browser is ended by its process group.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod barebones;
mod barepush;
#[path = "../support/browser/mod.rs"]
mod browser;
mod chromium;
mod firefox;
mod left_out;
mod looks;
mod page;
mod panel;
mod refusals;
mod states;
#[path = "../support/mod.rs"]
mod support;

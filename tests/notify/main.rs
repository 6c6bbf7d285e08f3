//! The real `notify`: to one and to many, what it explains, scripts and engines around it, push services that misbehave.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_push_services;
mod curl;
mod dry_run;
mod engines;
mod explain;
mod manual;
mod many;
mod one;
mod proxy;
mod refusals;
mod signals;
#[path = "../support/mod.rs"]
mod support;
mod to;
mod usage;

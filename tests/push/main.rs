//! The protocol and what lies on disk, by the library: subscriptions, keys, tokens, the file, arbitrary input.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod layers;
mod properties;
mod store;
mod subscription;
#[path = "../support/mod.rs"]
mod support;
mod texts;
mod vapid;

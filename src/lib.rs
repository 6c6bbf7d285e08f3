//! The least server that can push a notification to a browser, done properly.

pub mod certificate;
pub mod gate;
pub mod listener;

//! What lies on disk: subscription.txt, and files written whole. May use `push`.

pub mod atomic_file;
mod entries;
pub mod subscriptions;
mod turns;

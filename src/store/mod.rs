//! What lies on disk: subscription.txt, the VAPID key, and files written whole. May use `push`.

pub mod atomic_file;
mod entries;
mod error;
pub mod keys;
mod lock;
mod overview;
pub mod ownership;
mod rewrite;
mod subscriptions;

pub use crate::push::LocalError;
pub use entries::{Entries, Entry};
pub use error::StoreError;
pub use overview::Overview;
pub use subscriptions::{Change, Store};

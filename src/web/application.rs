//! The server's state, shared by all its threads. Edit it to add something that a route needs.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use super::{Host, Log};
use crate::push::{Endpoint, Message, PushResult, Sender, Subscription};
use crate::store::{Change, Store};

/// What the server is made of.
pub struct Application {
    /// subscription.txt.
    pub store: Store,
    /// Signs and posts every push.
    pub sender: Sender,
    /// Origins of push services that are accepted beside the known ones, each written by [`super::allow_list::origin`].
    pub allowed_push_services: Vec<String>,
    /// The page's folder as [`super::assets::folder`] returned it; `None` for our own page.
    pub www: Option<PathBuf>,
    /// Who may call, for each listener by its number.
    pub hosts: Vec<Host>,
    /// How much is logged on stderr.
    pub log: Log,
    /// What `/status` reports about the server itself, a JSON object.
    pub about: Value,
    /// The result of the last push since the server started.
    pub last_push: Mutex<Option<PushResult>>,
    /// Each delayed push holds a clone until it was sent.
    pub delayed: Arc<()>,
}

impl Application {
    /// The key that `subscribe()` takes, base64url.
    pub fn public_key(&self) -> &str {
        self.sender.key.public_key()
    }

    /// Pushes once, logs the result and remembers it.
    pub(super) fn push(&self, message: &Message, subscription: &Subscription) -> PushResult {
        let (result, _) = self.sender.push(message, subscription, 1);
        self.report(&result);
        result
    }

    /// Logs the result of a push and remembers it.
    pub(super) fn report(&self, result: &PushResult) {
        self.log.event(&format!("push: {} …{}", result.says, result.tail));
        *self.last_push.lock() = Some(result.clone());
    }

    /// Moves expired subscriptions to the file's neighbour `.gone`. Returns how many are stored then, if that worked.
    pub(super) fn move_to_gone(&self, is_gone: impl Fn(&Endpoint) -> bool) -> Option<usize> {
        match self.store.move_to_gone(is_gone) {
            Ok(Change { found, stored }) => {
                let gone = self.store.gone_path();
                self.log.event(&format!("expired subscriptions moved to {}: {found}", gone.display()));
                Some(stored)
            }
            Err(e) => {
                self.log.event(&format!("cannot move expired subscriptions: {:#}", anyhow::Error::new(e)));
                None
            }
        }
    }

    /// How many delayed pushes wait to be sent.
    pub(super) fn delayed_pushes(&self) -> usize {
        Arc::strong_count(&self.delayed) - 1
    }

    /// To be called when the server ends: logs how many delayed pushes will not be sent.
    pub fn log_dropped_pushes(&self) {
        match self.delayed_pushes() {
            0 => {}
            1 => self.log.event("dropped 1 delayed push"),
            dropped => self.log.event(&format!("dropped {dropped} delayed pushes")),
        }
    }
}

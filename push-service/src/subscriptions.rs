//! Subscriptions: each knows its vendor, the key it is restricted to, and who receives its messages.

use crate::{BrowserKeys, Shared, State, Vendor};
use std::sync::Arc;

/// More than a test suite makes; ended ones make room.
const MAX_SUBSCRIPTIONS: usize = 10_000;

/// One subscription. Its endpoint ends in the token under which [`State::subscriptions`] has it.
#[derive(Clone)]
pub struct Subscription {
    /// Of the endpoint.
    pub vendor: Vendor,
    /// The application server's key, 65 bytes, that the subscription is restricted to (RFC 8292 §4).
    pub key: Option<Vec<u8>>,
    /// Has the keys that decrypt.
    pub owner: Owner,
    /// Ended ones stay, so that messages to them are answered with 410.
    pub ended: bool,
}

/// Who receives a subscription's messages.
#[derive(Clone)]
pub enum Owner {
    /// A simulated browser: the push service decrypts for it.
    Simulated(BrowserKeys),
    /// A real browser, connected or not.
    Browser {
        /// The name under which the browser connects.
        browser: String,
        /// The browser's own name for this subscription.
        channel: String,
    },
}

impl Owner {
    /// The name of the browser, of a real one.
    pub fn browser(&self) -> Option<&str> {
        match self {
            Owner::Browser { browser, .. } => Some(browser),
            Owner::Simulated(_) => None,
        }
    }

    pub(crate) fn is_browsers(&self, name: &str, channel_id: &str) -> bool {
        matches!(self, Owner::Browser { browser, channel } if browser == name && channel == channel_id)
    }
}

impl Shared {
    /// Makes a subscription: its token and its endpoint; `None` when there are too many.
    pub fn subscribe(&self, vendor: Vendor, key: Option<Vec<u8>>, owner: Owner) -> Option<(String, String)> {
        let token = vendor.new_token();
        let endpoint = vendor.endpoint(&self.origin, &token, key.is_some());
        let subscription = Subscription { vendor, key, owner, ended: false };
        let mut state = self.lock();
        if state.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            state.subscriptions.retain(|_, subscription| !subscription.ended);
        }
        if state.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            self.report("refused a subscription: there are 10,000 already");
            return None;
        }
        state.subscriptions.insert(token.clone(), Arc::new(subscription));
        Some((token, endpoint))
    }

    /// Ends a browser's subscription and drops the messages stored for it: the tokens that have ended.
    pub(crate) fn unsubscribe(&self, browser: &str, channel: &str) -> Vec<String> {
        let mut state = self.lock();
        let ended = |(_, s): &(&String, &Arc<Subscription>)| !s.ended && s.owner.is_browsers(browser, channel);
        let tokens: Vec<_> = state.subscriptions.iter().filter(ended).map(|(token, _)| token.clone()).collect();
        for token in &tokens {
            state.end(token);
            self.report(&format!("the browser has unsubscribed: ...{}", tail(token)));
        }
        self.changed.notify_all();
        tokens
    }
}

impl State {
    /// Ends a subscription and drops the messages stored for it; `false` when there is not such a subscription.
    pub fn end(&mut self, token: &str) -> bool {
        let Some(subscription) = self.subscriptions.get_mut(token) else {
            return false;
        };
        Arc::make_mut(subscription).ended = true;
        self.stored.retain(|message| message.token != token);
        true
    }
}

/// The end of an endpoint or token: enough to tell one from another, too little to send to it.
pub fn tail(token: &str) -> &str {
    token.get(token.len().saturating_sub(8)..).unwrap_or_default()
}

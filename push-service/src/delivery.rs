//! Delivery to real browsers: the interface to a connected one, and the messages stored until it acknowledges them
//! (RFC 8030 §5, §6). Edit it to change what is stored and for how long; how a browser is spoken to is in `mozilla`.

use crate::{Owner, Received, Shared, State, random, tail};
use base64ct::{Base64UrlUnpadded, Encoding};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// At 4,096 bytes each, 4 MiB.
const MAX_STORED: usize = 1000;
/// A browser that is not connected any more is forgotten when there are more, unless it has a subscription.
const MAX_BROWSERS: usize = 1000;

/// A message for a real browser.
#[derive(Clone)]
pub(crate) struct StoredMessage {
    /// Names the message in `Location`, and to the browser.
    pub(crate) id: String,
    /// The subscription it was sent to.
    pub(crate) token: String,
    pub(crate) topic: Option<String>,
    /// Encrypted; empty when there is none.
    pub(crate) body: Vec<u8>,
    /// Seconds.
    pub(crate) ttl: u64,
    pub(crate) expires: SystemTime,
    /// The application server's key, 65 bytes: Chromium compares it.
    pub(crate) key: Vec<u8>,
}

impl StoredMessage {
    pub(crate) fn new(message: &Received, now: SystemTime) -> Self {
        Self {
            id: Base64UrlUnpadded::encode_string(&random::<24>()),
            token: message.token.clone(),
            topic: message.topic.clone(),
            body: message.body.clone(),
            ttl: message.ttl,
            expires: now + Duration::from_secs(message.ttl),
            key: message.key.clone(),
        }
    }
}

/// A connected browser. Any thread may deliver a message to it.
pub(crate) trait BrowserChannel: Send + Sync {
    /// Sends a message for the subscription that the browser calls `channel`; `false` when the browser cannot be reached.
    fn deliver(&self, channel: &str, message: &StoredMessage) -> bool;
}

impl Shared {
    /// Remembers that this browser is connected and returns the messages stored for it, oldest first, each with the name of its
    /// subscription. The caller delivers them before anything newer: it holds its channel's lock meanwhile.
    pub(crate) fn connect_browser(
        &self,
        browser: &str,
        channel: Arc<dyn BrowserChannel>,
    ) -> Vec<(String, StoredMessage)> {
        let mut state = self.lock();
        state.forget_browsers();
        state.browsers.insert(browser.to_owned(), Some(channel));
        let expired = state.drop_expired();
        let stored = state.stored_for(browser);
        drop(state);
        if expired > 0 {
            self.report(&format!("dropped {expired} stored messages: their TTL is over"));
        }
        self.report(&format!("a browser has connected; messages stored for it: {}", stored.len()));
        self.changed.notify_all();
        stored
    }

    /// Remembers that the browser is away, unless it has connected again by another channel.
    pub(crate) fn disconnect_browser(&self, browser: &str, channel: &Arc<dyn BrowserChannel>) {
        let mut state = self.lock();
        if let Some(current) = state.browsers.get_mut(browser)
            && current.as_ref().is_some_and(|current| Arc::ptr_eq(current, channel))
        {
            *current = None;
            self.report("a browser has disconnected");
        }
        self.changed.notify_all();
    }

    /// Drops stored messages that the browser acknowledges.
    pub(crate) fn acknowledge(&self, ids: &[String]) {
        if ids.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.stored.retain(|message| !ids.contains(&message.id));
        self.report(&format!("the browser has acknowledged messages: {}", ids.len()));
        self.changed.notify_all();
    }

    /// Delivers a message, and stores it until its browser has acknowledged it or its TTL is over.
    pub(crate) fn deliver(&self, message: StoredMessage) {
        let mut state = self.lock();
        let subscription = state.subscriptions.get(&message.token).cloned();
        let Some(Owner::Browser { browser, channel }) = subscription.as_ref().map(|s| &s.owner) else {
            return;
        };
        let connected = state.browsers.get(browser).cloned().flatten();
        let name = tail(&message.token);
        if state.replace_topic(&message) {
            self.report(&format!("dropped a stored message for ...{name}: a newer one has its topic"));
        }
        state.drop_expired();
        if message.ttl > 0 {
            if state.stored.len() >= MAX_STORED {
                state.stored.remove(0);
                self.report("dropped the oldest stored message: 1,000 are stored");
            }
            state.stored.push(message.clone());
        }
        drop(state);
        match connected {
            Some(browser) if browser.deliver(channel, &message) => self.report(&format!("delivered to ...{name}")),
            _ if message.ttl == 0 => {
                self.report(&format!("dropped a message for ...{name}: the browser is away and the TTL is 0"));
            }
            _ => self.report(&format!("stored for ...{name}: the browser is away, the TTL is {} s", message.ttl)),
        }
    }
}

impl State {
    fn forget_browsers(&mut self) {
        if self.browsers.len() < MAX_BROWSERS {
            return;
        }
        let subscribed: HashSet<_> = self.subscriptions.values().filter_map(|s| s.owner.browser()).collect();
        self.browsers.retain(|name, channel| channel.is_some() || subscribed.contains(name.as_str()));
    }

    /// A browser's stored messages, each with the name of its subscription, oldest first.
    fn stored_for(&self, name: &str) -> Vec<(String, StoredMessage)> {
        let of_browser = |message: &StoredMessage| match &self.subscriptions.get(&message.token)?.owner {
            Owner::Browser { browser, channel } if browser == name => Some((channel.clone(), message.clone())),
            _ => None,
        };
        self.stored.iter().filter_map(of_browser).collect()
    }

    /// (RFC 8030 §5.4) A message replaces the stored one with the same topic: whether there was one.
    fn replace_topic(&mut self, message: &StoredMessage) -> bool {
        let before = self.stored.len();
        let same = |stored: &StoredMessage| stored.token == message.token && stored.topic == message.topic;
        if message.topic.is_some() {
            self.stored.retain(|stored| !same(stored));
        }
        self.stored.len() < before
    }

    /// Drops the messages whose TTL is over (RFC 8030 §5.2) and returns how many they were.
    pub(crate) fn drop_expired(&mut self) -> usize {
        let (now, before) = (self.now(), self.stored.len());
        self.stored.retain(|message| message.expires > now);
        before - self.stored.len()
    }
}

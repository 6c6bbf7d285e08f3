//! What each route does with subscriptions, the VAPID key and pushes: a JSON body comes in, a status and a JSON body go out. It
//! knows the status codes, but no headers and no sockets. The pushing itself is in `api/pushing.rs`. Edit it to change what a route
//! does or answers.

mod error;
mod notify_request;
mod pushing;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{About, AllowedPushServices, Log};
use crate::push::{Class, Endpoint, Message, Notification, PushResult, Sender, Subscription};
use crate::store::{Change, Store};
pub use error::ApiError;
use error::ApiResult;
use notify_request::{NotifyRequest, endpoint_of};

/// What to do about a subscription of another VAPID key: true for every page, ours and the articles'.
const USE_OUR_KEY: &str = "unsubscribe, then subscribe with the key of /vapid-public-key";

/// What the server is made of, shared by all its threads.
pub struct Application {
    /// subscription.txt.
    pub store: Store,
    /// Signs and posts every push.
    pub sender: Sender,
    /// The push services whose endpoints are accepted.
    pub push_services: AllowedPushServices,
    /// How much is logged on stderr.
    pub log: Log,
    /// What `/status` reports beside what is stored.
    pub about: About,
    /// What the server forgets when it ends.
    pub memory: Memory,
}

/// What has happened since the server started.
#[derive(Debug, Default)]
pub struct Memory {
    last_push: Mutex<Option<PushResult>>,
    delayed: AtomicUsize,
}

impl Application {
    /// The key that `subscribe()` takes, base64url.
    pub fn public_key(&self) -> &str {
        self.sender.key.public_key()
    }

    /// `GET /status`: how many are stored, the newest, the last push's result.
    ///
    /// # Errors
    /// 500 when the store cannot be read.
    pub fn status(&self) -> Result<Value, ApiError> {
        let overview = self.store.overview()?;
        let newest = overview.newest.map(|newest| {
            json!({
                "service": newest.endpoint().host(),
                "tail": newest.endpoint().tail(),
                "key_matches": newest.application_server_key().map(|key| key == self.public_key()),
            })
        });
        let mut status = json!(self.about);
        status["stored"] = overview.stored.into();
        status["newest"] = newest.into();
        status["last_push"] = json!(*self.memory.last_push.lock());
        Ok(status)
    }

    /// `POST /add-subscription`: stores a subscription. A new endpoint is sent a first notification; when that shows that the
    /// subscription cannot be pushed to, it is not kept.
    ///
    /// # Errors
    /// 400 for what is not a subscription or not of an allowed push service, 409 for one of another VAPID key.
    pub fn add_subscription(self: &Arc<Self>, body: &str) -> ApiResult {
        let subscription = Subscription::from_json(body).map_err(|e| {
            let hint = "send what JSON.stringify(subscription) gives in the browser";
            ApiError::new(400, format!("{:#}", anyhow::Error::new(e)), hint)
        })?;
        self.push_services.check(subscription.endpoint())?;
        if subscription.application_server_key().is_some_and(|key| key != self.public_key()) {
            return Err(ApiError::new(409, "this subscription was made with another VAPID key", USE_OUR_KEY));
        }
        let Change { found, stored } = self.store.add(&subscription)?;
        self.log.event(&format!("subscribed: {}, {stored} stored", subscription.endpoint()));
        match found {
            0 => self.welcome(&subscription, stored),
            _ => Ok((200, json!({"stored": stored}))),
        }
    }

    /// Pushes the first notification to a subscription that was stored just now.
    fn welcome(&self, subscription: &Subscription, stored: usize) -> ApiResult {
        let endpoint = subscription.endpoint();
        let welcome = Notification::new("Hello from barepush", "You are subscribed. This is the first notification.");
        let push = self.push(&Message::new(welcome.payload()), subscription);
        if push.is_for_another_key() {
            let stored = self.store.remove(endpoint.as_str())?.stored;
            self.log.event(&format!("removed: {endpoint}, {stored} stored"));
            let error = format!("not stored, because the first notification was {}", push.says);
            return Err(ApiError::new(409, error, USE_OUR_KEY));
        }
        let stored = match push.class {
            Class::Gone => self.move_to_gone(|other| other == endpoint).unwrap_or(stored),
            _ => stored,
        };
        Ok((201, json!({"stored": stored, "push": push})))
    }

    /// `POST /remove-subscription`: removes the subscription with this endpoint.
    ///
    /// # Errors
    /// 404 when it is not stored.
    pub fn remove_subscription(self: &Arc<Self>, body: &str) -> ApiResult {
        let endpoint = endpoint_of(body)?;
        let Change { found, stored } = self.store.remove(&endpoint)?;
        if found == 0 {
            return Err(not_stored());
        }
        let host_and_tail = Endpoint::parse(&endpoint).map(|endpoint| endpoint.to_string()).unwrap_or_default();
        self.log.event(&format!("unsubscribed: {host_and_tail}, {stored} stored"));
        Ok((200, json!({"stored": stored})))
    }

    /// `POST /notify-me`: pushes to the subscription with this endpoint, now or after a delay.
    ///
    /// # Errors
    /// 404 when it is not stored.
    pub fn notify_me(self: &Arc<Self>, body: &str) -> ApiResult {
        let request = NotifyRequest::parse(body)?;
        let to = self.store.find(request.endpoint()?)?.ok_or_else(not_stored)?;
        self.now_or_later(request.delay(), move |application| {
            let push = application.push(&request.message(), &to);
            if push.class == Class::Gone {
                application.move_to_gone(|other| other == to.endpoint());
            }
            Ok(json!({"push": push}))
        })
    }

    /// `POST /notify-all`: pushes to every subscription, now or after a delay. The body may be empty.
    ///
    /// # Errors
    /// 409 when none is stored.
    pub fn notify_all(self: &Arc<Self>, body: &str) -> ApiResult {
        let request = NotifyRequest::parse(if body.is_empty() { "{}" } else { body })?;
        if self.store.overview()?.stored == 0 {
            return Err(none_stored());
        }
        self.now_or_later(request.delay(), move |application| application.push_all(&request.message()))
    }
}

fn not_stored() -> ApiError {
    ApiError::new(404, "no subscription with this endpoint is stored", "subscribe first")
}

fn none_stored() -> ApiError {
    ApiError::new(409, "nobody has subscribed yet", "open the page and press Subscribe")
}

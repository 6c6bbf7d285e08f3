//! The application server itself: what each route does with subscriptions, VAPID key and push services; knows no HTTP.

mod notify_request;
mod pushing;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::push::message::{Message, Notification};
use crate::push::result::{Class, PushResult};
use crate::push::sender::Sender;
use crate::push::subscription::Subscription;
use crate::store::subscriptions::{Change, Store, StoreError};
use crate::web::about::About;
use crate::web::allow_list::AllowedPushServices;
use crate::web::log::Log;
use notify_request::{ByEndpoint, parse, wish};

/// What the server is made of, shared by all its threads.
pub struct Application {
    /// subscription.txt.
    pub store: Store,
    /// Signs and posts every push.
    pub sender: Sender,
    /// Whose endpoints are taken.
    pub push_services: AllowedPushServices,
    /// How much is said on stderr.
    pub log: Log,
    /// What `/status` says beside what is stored.
    pub about: About,
    /// State that lives as long as the process.
    pub state: State,
}

/// What the server remembers and forgets at its end.
#[derive(Debug, Default)]
pub struct State {
    last_push: Mutex<Option<PushResult>>,
    delayed: AtomicUsize,
}

/// Why a route's work was not done: what and why, then what to do next. Cut by whose turn it is.
#[derive(Debug)]
pub enum Failed {
    /// The request is wrong.
    Request(String, String),
    /// What it names is not there.
    Unknown(String, String),
    /// It does not fit what is stored or the key.
    Conflict(String, String),
    /// Our side.
    Ours(String, String),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        let hint = error.hint();
        Failed::Ours(format!("{:#}", anyhow::Error::new(error)), hint)
    }
}

/// A status and a JSON body, or why not.
type Done = Result<(u16, Value), Failed>;

impl Application {
    /// The key that `subscribe()` takes, base64url.
    pub fn public_key(&self) -> &str {
        self.sender.key.public_key()
    }

    /// How many are subscribed, the newest, the last push's outcome.
    ///
    /// # Errors
    /// [`Failed::Ours`] when the store cannot be read.
    pub fn status(&self) -> Result<Value, Failed> {
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
        status["last_push"] = json!(*self.last_push());
        Ok(status)
    }

    /// Stores a subscription; welcomes it when its endpoint is new.
    ///
    /// # Errors
    /// [`Failed::Request`] for what is no subscription or no known push service, [`Failed::Conflict`] for another key.
    pub fn add_subscription(self: &Arc<Self>, body: &str) -> Done {
        let subscription = Subscription::from_json(body).map_err(|e| {
            let hint = "send what JSON.stringify(subscription) gives in the browser";
            Failed::Request(format!("{:#}", anyhow::Error::new(e)), hint.into())
        })?;
        self.push_services.check(subscription.endpoint()).map_err(|e| Failed::Request(e.to_string(), e.hint()))?;
        if subscription.application_server_key().is_some_and(|key| key != self.public_key()) {
            let error = "this subscription was made with another VAPID key".into();
            return Err(Failed::Conflict(
                error,
                "unsubscribe, then subscribe with the key of /vapid-public-key".into(),
            ));
        }
        let Change { found, stored } = self.store.add(&subscription)?;
        self.log.event(&format!("subscribed: {}, {stored} stored", subscription.endpoint()));
        if found > 0 {
            return Ok((200, json!({"stored": stored})));
        }
        let welcome = Notification::new("Hello from barepush", "You are subscribed. This is the first notification.");
        let push = self.push(&Message::new(welcome.payload()), &subscription);
        Ok((201, json!({"stored": stored, "push": push})))
    }

    /// Removes the subscription with the endpoint named.
    ///
    /// # Errors
    /// [`Failed::Unknown`] when there is none.
    pub fn remove_subscription(self: &Arc<Self>, body: &str) -> Done {
        let subscription = self.find(body)?;
        let Change { found, stored } = self.store.remove(subscription.endpoint().as_str())?;
        if found == 0 {
            return Err(unknown());
        }
        self.log.event(&format!("unsubscribed: {}, {stored} stored", subscription.endpoint()));
        Ok((200, json!({"stored": stored})))
    }

    /// Pushes to the endpoint named, now or after the delay asked for.
    ///
    /// # Errors
    /// [`Failed::Unknown`] when it is not stored.
    pub fn notify_me(self: &Arc<Self>, body: &str) -> Done {
        let (message, delay) = wish(body)?;
        let to = self.find(body)?;
        self.now_or_later(delay, move |application| {
            let push = application.push(&message, &to);
            if push.class == Class::Gone {
                application.set_aside(&[to.endpoint()]);
            }
            Ok(json!({"push": push}))
        })
    }

    /// Pushes to every subscription, now or after the delay asked for.
    ///
    /// # Errors
    /// [`Failed::Conflict`] when there is none.
    pub fn notify_all(self: &Arc<Self>, body: &str) -> Done {
        let (message, delay) = wish(if body.is_empty() { "{}" } else { body })?;
        if self.store.overview()?.stored == 0 {
            return Err(Failed::Conflict("nobody has subscribed yet".into(), "press Subscribe first".into()));
        }
        self.now_or_later(delay, move |application| Ok(json!({"pushes": application.push_all(&message)?})))
    }

    fn find(&self, body: &str) -> Result<Subscription, Failed> {
        let by: ByEndpoint = parse(body)?;
        self.store.find(&by.endpoint)?.ok_or_else(unknown)
    }
}

fn unknown() -> Failed {
    Failed::Unknown("no subscription with this endpoint is stored".into(), "subscribe first".into())
}

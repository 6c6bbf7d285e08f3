//! What each route does with subscriptions, the VAPID key and pushes: a JSON body comes in, a status and a JSON body go out. Edit
//! it to change what a route does or answers.

use std::sync::Arc;

use serde_json::json;

use super::notify_request::{NotifyRequest, endpoint_of};
use super::pushing::{none_stored, now_or_later, push_all};
use super::reply::{Reply, RouteResult};
use super::{Application, allow_list};
use crate::http::Refusal;
use crate::push::{Class, Endpoint, Message, Notification, Subscription};
use crate::store::Change;

/// What to do about a subscription of another VAPID key: true for every page, ours and the articles'.
const USE_OUR_KEY: &str = "unsubscribe, then subscribe with the key of /vapid-public-key";

/// `GET /status`: how many are stored, the newest, the last push's result. 500 when the store cannot be read.
pub(super) fn status(application: &Application) -> RouteResult {
    let overview = application.store.overview()?;
    let newest = overview.newest.map(|newest| {
        json!({
            "service": newest.endpoint().host(),
            "tail": newest.endpoint().tail(),
            "key_matches": newest.application_server_key().map(|key| key == application.public_key()),
        })
    });
    let mut status = application.about.clone();
    status["stored"] = overview.stored.into();
    status["newest"] = newest.into();
    status["last_push"] = json!(*application.last_push.lock());
    Ok(Reply::json(200, &status))
}

/// `POST /add-subscription`: stores a subscription. A new endpoint is sent a first notification; when that shows that the
/// subscription cannot be pushed to, it is not kept. 400 for what is not a subscription or not of an allowed push service, 409
/// for one of another VAPID key.
pub(super) fn add_subscription(application: &Application, body: &str) -> RouteResult {
    let subscription = Subscription::from_json(body)
        .map_err(|why| Refusal::new(400, why, "send what JSON.stringify(subscription) gives in the browser"))?;
    allow_list::check(subscription.endpoint(), &application.allowed_push_services)?;
    if subscription.application_server_key().is_some_and(|key| key != application.public_key()) {
        return Err(Refusal::new(409, "this subscription was made with another VAPID key", USE_OUR_KEY));
    }
    let Change { found, stored } = application.store.add(&subscription)?;
    application.log.event(&format!("subscribed: {}, {stored} stored", subscription.endpoint()));
    match found {
        0 => welcome(application, &subscription, stored),
        _ => Ok(Reply::json(200, &json!({"stored": stored}))),
    }
}

/// Pushes the first notification to a subscription that was stored just now.
fn welcome(application: &Application, subscription: &Subscription, stored: usize) -> RouteResult {
    let endpoint = subscription.endpoint();
    let welcome = Notification::new("Hello from barepush", "You are subscribed. This is the first notification.");
    let push = application.push(&Message::new(welcome.payload()), subscription);
    if push.is_for_another_key() {
        let stored = application.store.remove(endpoint.as_str())?.stored;
        application.log.event(&format!("removed: {endpoint}, {stored} stored"));
        let error = format!("not stored, because the first notification was {}", push.says);
        return Err(Refusal::new(409, error, USE_OUR_KEY));
    }
    let stored = match push.class {
        Class::Gone => application.move_to_gone(|other| other == endpoint).unwrap_or(stored),
        _ => stored,
    };
    Ok(Reply::json(201, &json!({"stored": stored, "push": push})))
}

/// `POST /remove-subscription`: removes the subscription with this endpoint. 404 when it is not stored.
pub(super) fn remove_subscription(application: &Application, body: &str) -> RouteResult {
    let endpoint = endpoint_of(body)?;
    let Change { found, stored } = application.store.remove(&endpoint)?;
    if found == 0 {
        return Err(not_stored());
    }
    let host_and_tail = Endpoint::parse(&endpoint).map(|endpoint| endpoint.to_string()).unwrap_or_default();
    application.log.event(&format!("unsubscribed: {host_and_tail}, {stored} stored"));
    Ok(Reply::json(200, &json!({"stored": stored})))
}

/// `POST /notify-me`: pushes to the subscription with this endpoint, now or after a delay. 404 when it is not stored.
pub(super) fn notify_me(application: &Arc<Application>, body: &str) -> RouteResult {
    let request = NotifyRequest::parse(body)?;
    let to = application.store.find(request.endpoint()?)?.ok_or_else(not_stored)?;
    now_or_later(application, request.delay, move |application| {
        let push = application.push(&request.message(), &to);
        if push.class == Class::Gone {
            application.move_to_gone(|other| other == to.endpoint());
        }
        Ok(json!({"push": push}))
    })
}

/// `POST /notify-all`: pushes to every subscription, now or after a delay. The body may be empty. 409 when none is stored.
pub(super) fn notify_all(application: &Arc<Application>, body: &str) -> RouteResult {
    let request = NotifyRequest::parse(if body.is_empty() { "{}" } else { body })?;
    if application.store.overview()?.stored == 0 {
        return Err(none_stored());
    }
    now_or_later(application, request.delay, move |application| push_all(application, &request.message()))
}

fn not_stored() -> Refusal {
    Refusal::new(404, "no subscription with this endpoint is stored", "subscribe first")
}

//! What a page may ask for in a POST, read from its JSON: an endpoint, a message, a delay.

use std::time::Duration;

use serde::Deserialize;

use super::Failed;
use crate::push::message::{DEFAULT_TTL, MAX_TTL_SECONDS, Message, Notification};

/// Longest delay of a push asked for in the page: time to close the tab, not a scheduler.
const MAX_DELAY_SECONDS: u64 = 300;
/// The one member that names a subscription.
#[derive(Deserialize)]
pub(super) struct ByEndpoint {
    pub(super) endpoint: String,
}

/// What a push asked for in the page says; the codelab's client sends none of it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct NotifyRequest {
    title: Option<String>,
    body: Option<String>,
    url: Option<String>,
    ttl: Option<u64>,
    delay: Option<u64>,
}

pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Failed> {
    // serde_json's own words may quote what was sent, an endpoint say.
    serde_json::from_str(body).map_err(|e| {
        let what = if e.is_data() { "a member is missing or of the wrong type" } else { "not JSON" };
        Failed::Request(
            format!("{what}: line {}, column {}", e.line(), e.column()),
            "send {\"endpoint\": \"...\"}".into(),
        )
    })
}

pub(super) fn wish(body: &str) -> Result<(Message, Duration), Failed> {
    let wish: NotifyRequest = parse(body)?;
    let ttl = wish.ttl.unwrap_or(DEFAULT_TTL.as_secs());
    let delay = wish.delay.unwrap_or(0);
    if ttl > MAX_TTL_SECONDS.into() || delay > MAX_DELAY_SECONDS {
        let hint = format!("ttl is at most {MAX_TTL_SECONDS} seconds, delay at most {MAX_DELAY_SECONDS}");
        return Err(Failed::Request("ttl or delay is too long".into(), hint));
    }
    let notification = Notification {
        title: wish.title.filter(|t| !t.is_empty()).unwrap_or_else(|| "Hello, Notifications!".into()),
        body: Some(wish.body.unwrap_or_else(|| "Pushed by barepush.".into())),
        url: wish.url.filter(|url| !url.is_empty()),
        ..Notification::default()
    };
    let message = Message { ttl: Duration::from_secs(ttl), ..Message::new(notification.payload()) };
    Ok((message, Duration::from_secs(delay)))
}

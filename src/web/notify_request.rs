//! What a page asks for when it wants a push, read from its JSON: an endpoint, a message, a delay. Edit it to
//! take one more member.

use std::time::Duration;

use serde::Deserialize;

use crate::http::Refusal;
use crate::push::{DEFAULT_TTL, MAX_TTL_SECONDS, Message, Notification};

/// Longest delay of a push asked for in the page: time to close the tab, not a scheduler.
const MAX_DELAY_SECONDS: u64 = 300;
const SEND_ENDPOINT: &str = "send {\"endpoint\": \"...\"}";

/// The endpoint of a body that names a subscription and nothing else.
///
/// # Errors
/// 400.
pub(super) fn endpoint_of(body: &str) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        endpoint: String,
    }
    parse(body).map(|body: Body| body.endpoint)
}

/// The body of `/notify-me` and `/notify-all`; the codelab's client sends the endpoint alone, or nothing.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct NotifyRequest {
    endpoint: Option<String>,
    title: Option<String>,
    body: Option<String>,
    url: Option<String>,
    ttl: Option<u64>,
    /// In seconds.
    pub(super) delay: u64,
}

impl NotifyRequest {
    /// # Errors
    /// 400 for what is not JSON or has a member of the wrong type, and for a TTL or delay that is too long.
    pub(super) fn parse(body: &str) -> Result<NotifyRequest, Refusal> {
        let request: NotifyRequest = parse(body)?;
        if request.ttl > Some(MAX_TTL_SECONDS.into()) || request.delay > MAX_DELAY_SECONDS {
            let hint = format!("ttl is at most {MAX_TTL_SECONDS} seconds, delay at most {MAX_DELAY_SECONDS}");
            return Err(Refusal::new(400, "ttl or delay is too long", hint));
        }
        Ok(request)
    }

    /// # Errors
    /// 400 when the body has none.
    pub(super) fn endpoint(&self) -> Result<&str, Refusal> {
        let missing = || Refusal::new(400, "the member \"endpoint\" is missing", SEND_ENDPOINT);
        self.endpoint.as_deref().ok_or_else(missing)
    }

    pub(super) fn message(self) -> Message {
        let text = |member: Option<String>| member.filter(|text| !text.is_empty());
        let notification = Notification {
            title: text(self.title).unwrap_or_else(|| "Hello, Notifications!".into()),
            body: Some(self.body.unwrap_or_else(|| "Pushed by barepush.".into())),
            url: text(self.url),
            ..Notification::default()
        };
        let ttl = self.ttl.map_or(DEFAULT_TTL, Duration::from_secs);
        Message { ttl, ..Message::new(notification.payload()) }
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Refusal> {
    // serde_json's own words may quote what was sent, for example an endpoint.
    serde_json::from_str(body).map_err(|e| {
        let what = if e.is_data() { "a member is missing or of the wrong type" } else { "not JSON" };
        Refusal::new(400, format!("{what}: line {}, column {}", e.line(), e.column()), SEND_ENDPOINT)
    })
}

//! What is sent: a notification in words, as payload bytes, and the headers a push service acts on (RFC 8030 section 5).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

/// How long a push service keeps a message for an absent browser, when nothing else is said: a day.
pub const DEFAULT_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest TTL we send: 2^31 seconds less one, what RFC 8030 section 5.2 lets a push service at least parse.
pub const MAX_TTL_SECONDS: u32 = (1 << 31) - 1;

/// The members of a notification that `www/sw.js` reads; absent ones are left out of the JSON.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Notification {
    /// The first line.
    pub title: String,
    /// The text below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What a click opens: absolute, or relative to the worker's scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A picture's URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// A later notification with the same tag replaces this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// No sound, no vibration.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// Stays until it is clicked or closed.
    #[serde(
        rename = "requireInteraction",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub require_interaction: bool,
}

impl Notification {
    /// A title and a body.
    pub fn new(title: impl Into<String>, body: impl Into<String>) -> Notification {
        Notification {
            title: title.into(),
            body: Some(body.into()),
            ..Notification::default()
        }
    }

    /// The payload: flat JSON, `{"title": ..., "body": ...}`.
    pub fn payload(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }
}

/// A payload and how a push service is to treat it.
#[derive(Debug, Clone)]
pub struct Message {
    /// What the worker's push event carries, before encryption; at most 3967 bytes. Empty: an event without data.
    pub payload: Vec<u8>,
    /// How long to keep it for an absent browser; whole seconds. Zero: now or never.
    pub ttl: Duration,
    /// Whether to wake a device that saves power.
    pub urgency: Urgency,
    /// A stored message with the same topic is replaced.
    pub topic: Option<Topic>,
}

impl Message {
    /// `payload` with the default TTL, urgency and no topic.
    pub fn new(payload: Vec<u8>) -> Message {
        Message {
            payload,
            ttl: DEFAULT_TTL,
            urgency: Urgency::Normal,
            topic: None,
        }
    }
}

/// How urgent a message is (RFC 8030 section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Urgency {
    /// On power and Wi-Fi.
    VeryLow,
    /// On either power or Wi-Fi.
    Low,
    /// On neither.
    #[default]
    Normal,
    /// On a low battery too.
    High,
}

impl fmt::Display for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Urgency::VeryLow => "very-low",
            Urgency::Low => "low",
            Urgency::Normal => "normal",
            Urgency::High => "high",
        })
    }
}

/// A name under which a push service keeps at most one message (RFC 8030 section 5.4): 1 to 32 base64url characters, and a
/// multiple of 4 long, because Apple decodes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic(String);

impl FromStr for Topic {
    type Err = String;

    fn from_str(text: &str) -> Result<Topic, String> {
        let letters = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if letters && (4..=32).contains(&text.len()) && text.len().is_multiple_of(4) {
            Ok(Topic(text.to_owned()))
        } else {
            Err("a topic is 4, 8, 12, ... or 32 letters of A-Z a-z 0-9 - _ (Apple decodes it as base64url)".into())
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! What is sent: a notification as payload bytes, and how a push service is to treat it (RFC 8030 section 5).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

/// How long a push service keeps a message for an absent browser unless another TTL is given: a day.
pub const DEFAULT_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest TTL that is sent: 2^31 - 1 seconds, which every push service can parse (RFC 8030 section 5.2).
pub const MAX_TTL_SECONDS: u32 = (1 << 31) - 1;

/// What marks a declarative push message: the number of the RFC that it is sent by.
const DECLARATIVE: u16 = 8030;
/// What a click on a declarative message opens when no URL was given: the page, relative to the worker's scope.
const DEFAULT_NAVIGATE: &str = "/";

/// The members of a notification that `www/sw.js` reads. The JSON holds only those that were given.
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
    #[serde(rename = "requireInteraction", skip_serializing_if = "std::ops::Not::not")]
    pub require_interaction: bool,
}

impl Notification {
    /// A title and a body.
    pub fn new(title: impl Into<String>, body: impl Into<String>) -> Notification {
        Notification { title: title.into(), body: Some(body.into()), ..Notification::default() }
    }

    /// The payload: flat JSON, `{"title": ..., "body": ...}`.
    pub fn payload(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }

    /// The payload of Declarative Web Push, which Safari shows without waking the worker:
    /// `{"web_push": 8030, "notification": {"title", "navigate", ...}}` (Push API, "declarative push message"). `navigate` is
    /// required: the `url`, or the page. Never `mutable`: with it, iOS gives the worker no data.
    pub fn declarative_payload(&self) -> Vec<u8> {
        let mut notification = serde_json::json!(self);
        if let Some(members) = notification.as_object_mut() {
            let url = members.remove("url");
            members.insert("navigate".into(), url.unwrap_or_else(|| DEFAULT_NAVIGATE.into()));
        }
        let message = serde_json::json!({"web_push": DECLARATIVE, "notification": notification});
        message.to_string().into_bytes()
    }
}

/// A payload, and how a push service is to treat it.
#[derive(Debug, Clone)]
pub struct Message {
    /// What the worker's push event carries, before encryption, at most 3967 bytes. When it is empty, the event has no data.
    pub payload: Vec<u8>,
    /// How long to keep it for an absent browser, in whole seconds. Zero means now or never.
    pub ttl: Duration,
    /// Whether to wake a device that saves power.
    pub urgency: Urgency,
    /// It replaces a stored message with the same topic.
    pub topic: Option<Topic>,
}

impl Message {
    /// `payload` with the default TTL, urgency and no topic.
    pub fn new(payload: Vec<u8>) -> Message {
        Message { payload, ttl: DEFAULT_TTL, urgency: Urgency::Normal, topic: None }
    }
}

/// How urgent a message is (RFC 8030 section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Urgency {
    /// Only on power and Wi-Fi.
    VeryLow,
    /// Only on power or on Wi-Fi.
    Low,
    /// Without either.
    #[default]
    Normal,
    /// Even on a low battery.
    High,
}

impl Urgency {
    /// Each urgency with its name in the header.
    const NAMES: [(Urgency, &str); 4] =
        [(Urgency::VeryLow, "very-low"), (Urgency::Low, "low"), (Urgency::Normal, "normal"), (Urgency::High, "high")];
}

impl FromStr for Urgency {
    type Err = String;

    fn from_str(text: &str) -> Result<Urgency, String> {
        let named = Urgency::NAMES.into_iter().find(|(_, name)| *name == text);
        named.map(|(urgency, _)| urgency).ok_or_else(|| "an urgency is very-low, low, normal or high".into())
    }
}

impl fmt::Display for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Urgency::NAMES.into_iter().find(|(urgency, _)| urgency == self);
        f.write_str(named.map_or("", |(_, name)| name))
    }
}

/// A name under which a push service keeps at most one message (RFC 8030 section 5.4): 1 to 32 base64url characters, and a
/// multiple of 4 long, because Apple decodes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic(String);

impl FromStr for Topic {
    type Err = String;

    fn from_str(text: &str) -> Result<Topic, String> {
        let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if letters && (4..=32).contains(&text.len()) && text.len().is_multiple_of(4) {
            Ok(Topic(text.to_owned()))
        } else {
            Err("a topic is 4, 8, 12, ... or 32 characters of A-Z a-z 0-9 - _ (Apple decodes it as base64url)".into())
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(payload: Vec<u8>) -> String {
        String::from_utf8_lossy(&payload).into_owned()
    }

    #[test]
    fn a_payload_holds_only_the_members_that_were_given() {
        assert_eq!(text(Notification::new("T", "B").payload()), r#"{"body":"B","title":"T"}"#);
        let all = Notification {
            url: Some("/u".into()),
            icon: Some("/i".into()),
            tag: Some("t".into()),
            silent: true,
            require_interaction: true,
            ..Notification::new("T", "B")
        };
        assert_eq!(
            text(all.payload()),
            r#"{"body":"B","icon":"/i","requireInteraction":true,"silent":true,"tag":"t","title":"T","url":"/u"}"#
        );
    }

    #[test]
    fn a_declarative_payload_always_says_where_to_go_and_is_never_mutable() {
        assert_eq!(
            text(Notification::new("T", "B").declarative_payload()),
            r#"{"notification":{"body":"B","navigate":"/","title":"T"},"web_push":8030}"#
        );
        let with_url = Notification { url: Some("/u".into()), silent: true, ..Notification::new("T", "B") };
        assert_eq!(
            text(with_url.declarative_payload()),
            r#"{"notification":{"body":"B","navigate":"/u","silent":true,"title":"T"},"web_push":8030}"#
        );
    }

    #[test]
    fn an_urgency_is_read_as_it_is_written() {
        for (urgency, name) in Urgency::NAMES {
            assert_eq!((name.parse(), urgency.to_string().as_str()), (Ok(urgency), name));
        }
        assert!("now".parse::<Urgency>().is_err() && "".parse::<Urgency>().is_err());
    }

    #[test]
    fn a_topic_is_what_every_push_service_takes() {
        let longest = "a".repeat(32);
        for good in ["news", "A-_9abcd", &longest] {
            assert_eq!(good.parse::<Topic>().map(|t| t.to_string()), Ok(good.to_owned()));
        }
        let too_long = "a".repeat(36);
        for bad in ["", "new", "newss", "a+b/", "n w=", "ümla", "abcdefghi", &too_long] {
            assert!(bad.parse::<Topic>().is_err(), "{bad}");
        }
    }
}

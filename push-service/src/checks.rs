//! The rules for a message's headers and body, those of all vendors and those of one. Edit it when a vendor's rules change.

use crate::{Fault, Kind, RequestHead, Vendor};
use serde_json::Value;

/// What every push service must accept, and so the most a sender may send (RFC 8030 §7.2).
const MAX_BODY_BYTES: usize = 4096;
/// 30 days, Mozilla's longest; a longer one is shortened.
const MAX_TTL_SECONDS: u64 = 2_592_000;
/// Four weeks, Apple's longest; a longer one is refused.
const MAX_APPLE_TTL_SECONDS: u64 = 2_419_200;
const MAX_TOPIC_CHARACTERS: usize = 32;
const URGENCIES: [&str; 4] = ["very-low", "low", "normal", "high"];

/// Seconds. A message without a TTL is refused (RFC 8030 §5.2).
pub(crate) fn ttl(vendor: Vendor, head: &RequestHead) -> Result<u64, Fault> {
    let missing = || Fault::new(Kind::Ttl, "Missing TTL value");
    let ttl: i128 = head.header("TTL").and_then(|ttl| ttl.parse().ok()).ok_or_else(missing)?;
    if ttl < 0 {
        return Err(Fault::new(Kind::TtlRange, "Invalid TTL value"));
    }
    let ttl = u64::try_from(ttl).map_err(|_| missing())?;
    let no_cache = head.header("X-WNS-Cache-Policy").is_some_and(|policy| policy.eq_ignore_ascii_case("no-cache"));
    match vendor {
        Vendor::Apple if ttl > MAX_APPLE_TTL_SECONDS => {
            Err(Fault::new(Kind::TtlRange, "the TTL is longer than four weeks"))
        }
        Vendor::Windows if ttl == 0 && !no_cache => {
            Err(Fault::new(Kind::CachePolicy, "the TTL is 0 without X-WNS-Cache-Policy: no-cache"))
        }
        _ => Ok(ttl.min(MAX_TTL_SECONDS)),
    }
}

/// 1 to 32 characters of base64url (RFC 8030 §5.4). Apple decodes them.
pub(crate) fn topic(vendor: Vendor, header: Option<&str>) -> Result<Option<String>, Fault> {
    let base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    let Some(topic) = header else {
        return Ok(None);
    };
    if !(1..=MAX_TOPIC_CHARACTERS).contains(&topic.len()) || !topic.bytes().all(base64url) {
        return Err(Fault::new(Kind::Topic, "Invalid topic"));
    }
    if vendor == Vendor::Apple && topic.len() % 4 == 1 {
        return Err(Fault::new(Kind::Topic, "the topic's length is not one that base64url has"));
    }
    Ok(Some(topic.to_owned()))
}

/// Only Apple reads it.
pub(crate) fn urgency(vendor: Vendor, header: Option<&str>) -> Result<(), Fault> {
    match header {
        Some(urgency) if vendor == Vendor::Apple && !URGENCIES.contains(&urgency) => {
            Err(Fault::new(Kind::Urgency, "the urgency is not very-low, low, normal or high"))
        }
        _ => Ok(()),
    }
}

/// The encoding and size of a body.
pub(crate) fn body(head: &RequestHead, body: &[u8]) -> Result<(), Fault> {
    if body.is_empty() {
        return Ok(());
    }
    if head.header("Content-Encoding") != Some("aes128gcm") {
        return Err(Fault::new(Kind::Encoding, "Invalid Content-Encoding header"));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(Fault::new(Kind::TooLarge, "payload reached size limit"));
    }
    Ok(())
}

/// The token's subject (RFC 8292 §2.1). Apple demands a contact at a public domain; the others do not read it.
pub(crate) fn subject(vendor: Vendor, claims: &Value) -> Result<(), Fault> {
    let subject = claims["sub"].as_str().unwrap_or_default();
    if vendor != Vendor::Apple || is_public_contact(subject) {
        return Ok(());
    }
    Err(Fault::new(Kind::Token, "the token's subject is not a mailto: or https: contact at a public domain"))
}

fn is_public_contact(subject: &str) -> bool {
    let host = match subject.split_once(':') {
        Some(("mailto", address)) if !address.contains(':') => address.rsplit_once('@').map(|(_, host)| host),
        Some(("https", rest)) => rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#', ':']).next()),
        _ => None,
    };
    let reserved = ["localhost", "local", "invalid"];
    let label = host.and_then(|host| host.rsplit_once('.')).map(|(_, label)| label.to_ascii_lowercase());
    label.is_some_and(|label| !label.is_empty() && !reserved.contains(&label.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn apple_refuses_each_subject_that_it_was_seen_to_refuse() {
        let refused = [
            "",
            "test@example.com",
            "http://localhost:4443",
            "https://localhost",
            "https://localhost:4443/",
            "mailto:x@localhost",
            "mailto:x@laptop.local",
            "mailto:x@example.invalid",
            "mailto:mailto:x@example.com",
        ];
        for subject in refused {
            assert!(super::subject(Vendor::Apple, &json!({ "sub": subject })).is_err(), "{subject}");
            assert!(super::subject(Vendor::Google, &json!({ "sub": subject })).is_ok(), "{subject}");
        }
        for subject in ["mailto:x@example.com", "https://example.com", "https://example.com:8443/contact"] {
            assert!(super::subject(Vendor::Apple, &json!({ "sub": subject })).is_ok(), "{subject}");
        }
        assert!(super::subject(Vendor::Apple, &json!({})).is_err());
    }

    #[test]
    fn apple_refuses_a_topic_of_4n_plus_1_characters() {
        for length in 1..=32 {
            let topic = "t".repeat(length);
            assert_eq!(super::topic(Vendor::Apple, Some(&topic)).is_err(), length % 4 == 1, "{length}");
            assert!(super::topic(Vendor::Mozilla, Some(&topic)).is_ok());
        }
    }
}

//! Results as lines: what `notify --json` prints, and what `--resume` reads back.

use std::io::{self, BufRead};

use barepush::push::{Class, Endpoint, Message, PushResult};
use base64ct::{Base64UrlUnpadded, Encoding};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// 96 bits: no collision is expected among any realistic number of endpoints.
const ID_BYTES: usize = 12;

/// Names a subscription without giving it away: the first 12 bytes of its endpoint's SHA-256.
pub(crate) type SubscriptionId = [u8; ID_BYTES];

pub(crate) fn subscription_id(endpoint: &Endpoint) -> SubscriptionId {
    hash(endpoint.as_str().as_bytes())
}

fn hash(bytes: &[u8]) -> [u8; ID_BYTES] {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

/// Tells one message from another in results, 16 characters: payload, TTL, urgency and topic all count.
pub(crate) fn message_hash(message: &Message) -> String {
    let Message { payload, ttl, urgency, topic } = message;
    let topic = topic.as_ref().map(ToString::to_string).unwrap_or_default();
    let headers = format!("{} {urgency} {topic}\n", ttl.as_secs());
    Base64UrlUnpadded::encode_string(&hash(&[headers.as_bytes(), payload].concat()))
}

#[derive(Serialize)]
struct ResultLine<'a> {
    id: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(flatten)]
    result: &'a PushResult,
}

/// One result as one JSON object with its line break, to be written at once: then it is there whole or not at all. `message` is its
/// [`message_hash`]; `line` is the one of the list that the subscription began on, from 1.
pub(crate) fn result_line(endpoint: &Endpoint, message: &str, line: Option<usize>, result: &PushResult) -> String {
    let id = Base64UrlUnpadded::encode_string(&subscription_id(endpoint));
    // Words and numbers can always be serialized.
    serde_json::to_string(&ResultLine { id, message, line, result }).unwrap_or_default() + "\n"
}

/// What the results of earlier runs hold.
#[derive(Debug, Default)]
pub(crate) struct EarlierResults {
    /// The subscriptions that need no further push, sorted.
    pub(crate) done: Vec<SubscriptionId>,
    /// How many lines are not results.
    pub(crate) unusable: usize,
    /// How many results are those of another message. They count all the same: its text may have been corrected since.
    pub(crate) of_other_message: usize,
    /// Whether the last line has no line break, so that what is appended would continue it.
    pub(crate) is_cut_off: bool,
}

/// Results without `message` are those of versions that did not write it.
#[derive(Deserialize)]
struct EarlierResult {
    id: String,
    class: Class,
    message: Option<String>,
}

impl EarlierResults {
    /// Reads them: accepted and gone are done, everything else is to be sent again. `message` is the [`message_hash`] of this run's.
    ///
    /// # Errors
    /// The reader's.
    pub(crate) fn read(mut reader: impl BufRead, message: &str) -> io::Result<EarlierResults> {
        let mut results = EarlierResults::default();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            results.is_cut_off = !line.ends_with(b"\n");
            results.add(line.trim_ascii(), message);
            line.clear();
        }
        results.done.sort_unstable();
        Ok(results)
    }

    fn add(&mut self, line: &[u8], message: &str) {
        let result = serde_json::from_slice::<EarlierResult>(line).ok();
        let Some((id, result)) = result.and_then(|result| Some((parse_id(&result.id)?, result))) else {
            self.unusable += usize::from(!line.is_empty());
            return;
        };
        self.of_other_message += usize::from(result.message.is_some_and(|other| other != message));
        if matches!(result.class, Class::Accepted | Class::Gone) {
            self.done.push(id);
        }
    }
}

fn parse_id(text: &str) -> Option<SubscriptionId> {
    Base64UrlUnpadded::decode_vec(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn endpoint(name: &str) -> Endpoint {
        Endpoint::parse(&format!("https://push.example/secret/{name}")).unwrap()
    }

    fn line(name: &str, class: &str) -> String {
        let id = Base64UrlUnpadded::encode_string(&subscription_id(&endpoint(name)));
        serde_json::json!({"id": id, "class": class, "says": "..."}).to_string()
    }

    #[test]
    fn an_id_is_16_letters_and_gives_nothing_of_the_endpoint_away() {
        let id = Base64UrlUnpadded::encode_string(&subscription_id(&endpoint("a")));
        assert_eq!(id.len(), 16);
        assert_ne!(subscription_id(&endpoint("a")), subscription_id(&endpoint("b")));
        assert_eq!(parse_id(&id), Some(subscription_id(&endpoint("a"))));
        assert_eq!(parse_id("short"), None);
    }

    #[test]
    fn accepted_and_gone_are_done_and_nothing_else_is() {
        let list = [
            line("accepted", "accepted"),
            line("gone", "gone"),
            line("busy", "busy"),
            line("refused", "refused"),
            line("unreachable", "unreachable"),
            line("dry", "not-sent"),
            String::new(),
            line("later", "busy"),
            line("later", "accepted"),
            line("cut-off", "accepted")[..20].to_owned(),
        ];
        let earlier = EarlierResults::read(list.join("\n").as_bytes(), "this").unwrap();
        let names = ["accepted", "gone", "busy", "refused", "unreachable", "dry", "later", "cut-off"];
        let contained: Vec<_> =
            names.iter().filter(|name| earlier.done.contains(&subscription_id(&endpoint(name)))).collect();
        assert_eq!(contained, [&"accepted", &"gone", &"later"]);
        assert_eq!((earlier.unusable, earlier.of_other_message, earlier.is_cut_off), (1, 0, true));
    }

    #[test]
    fn results_of_another_message_are_counted_and_those_without_a_message_are_not() {
        let with =
            |name: &str, message: &str| line(name, "accepted").replace("{", &format!("{{\"message\":\"{message}\","));
        let list = [with("a", "this"), with("b", "other"), line("c", "gone"), String::new()];
        let earlier = EarlierResults::read(list.join("\n").as_bytes(), "this").unwrap();
        assert_eq!((earlier.unusable, earlier.of_other_message, earlier.is_cut_off), (0, 1, false));
        assert!(["a", "b", "c"].iter().all(|name| earlier.done.contains(&subscription_id(&endpoint(name)))));
    }

    #[test]
    fn every_part_of_a_message_changes_its_hash() {
        let message = Message::new(b"payload".to_vec());
        let others = [
            Message::new(b"payloae".to_vec()),
            Message { ttl: std::time::Duration::ZERO, ..message.clone() },
            Message { urgency: barepush::push::Urgency::High, ..message.clone() },
            Message { topic: Some("news".parse().unwrap()), ..message.clone() },
        ];
        let hash = message_hash(&message);
        assert_eq!((hash.len(), &hash), (16, &message_hash(&message.clone())));
        assert!(others.iter().all(|other| message_hash(other) != hash));
    }
}

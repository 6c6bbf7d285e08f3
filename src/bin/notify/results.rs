//! Results as lines: what `notify --json` prints, and what `--resume` reads back.

use std::io::{self, BufRead};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize, Serializer};

use barepush::push::endpoint::Endpoint;
use barepush::push::result::{Class, PushResult};

/// 96 bits: no collision is expected among any realistic number of endpoints. A million ids take 12 MB.
const ID_BYTES: usize = 12;

/// Names a subscription without giving it away: the first 12 bytes of its endpoint's SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SubscriptionId([u8; ID_BYTES]);

impl SubscriptionId {
    pub(crate) fn of(endpoint: &Endpoint) -> SubscriptionId {
        let digest = ring::digest::digest(&ring::digest::SHA256, endpoint.as_str().as_bytes());
        let mut id = [0; ID_BYTES];
        id.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        SubscriptionId(id)
    }

    fn parse(text: &str) -> Option<SubscriptionId> {
        let mut id = [0; ID_BYTES];
        Base64UrlUnpadded::decode(text, &mut id).ok().filter(|bytes| bytes.len() == ID_BYTES)?;
        Some(SubscriptionId(id))
    }
}

impl Serialize for SubscriptionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}

/// One result, as one JSON object on one line: the [`PushResult`], its subscription's id, and its line in the list.
#[derive(Debug, Serialize)]
pub(crate) struct ResultLine<'a> {
    id: SubscriptionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(flatten)]
    result: &'a PushResult,
}

impl<'a> ResultLine<'a> {
    /// `line` is the one of the list that the subscription began on, from 1.
    pub(crate) fn new(endpoint: &Endpoint, line: Option<usize>, result: &'a PushResult) -> ResultLine<'a> {
        ResultLine { id: SubscriptionId::of(endpoint), line, result }
    }

    /// The JSON with its line break, to be written at once: then it is there whole or not at all.
    ///
    /// # Errors
    /// serde_json's, which words and numbers never cause.
    pub(crate) fn to_line(&self) -> io::Result<String> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(line)
    }
}

/// The subscriptions that need no further push, by the results of earlier runs: 12 bytes each.
#[derive(Debug, Default)]
pub(crate) struct ResumeSet(Vec<SubscriptionId>);

#[derive(Deserialize)]
struct EarlierResult {
    id: String,
    class: Class,
}

impl ResumeSet {
    /// Reads the results of earlier runs: accepted and gone are done, everything else is to be sent again. Returns also how many lines
    /// are not results, for example a last line that a crash cut off.
    ///
    /// # Errors
    /// The reader's.
    pub(crate) fn read(reader: impl BufRead) -> io::Result<(ResumeSet, usize)> {
        let (mut done, mut unusable) = (Vec::new(), 0);
        for line in reader.split(b'\n') {
            let line = line?;
            let earlier = serde_json::from_slice(&line).ok();
            match earlier.and_then(|it: EarlierResult| Some((SubscriptionId::parse(&it.id)?, it.class))) {
                Some((id, Class::Accepted | Class::Gone)) => done.push(id),
                Some(_) => {}
                None if line.trim_ascii().is_empty() => {}
                None => unusable += 1,
            }
        }
        done.sort_unstable();
        done.dedup();
        Ok((ResumeSet(done), unusable))
    }

    pub(crate) fn contains(&self, endpoint: &Endpoint) -> bool {
        self.0.binary_search(&SubscriptionId::of(endpoint)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn endpoint(name: &str) -> Endpoint {
        Endpoint::parse(&format!("https://push.example/secret/{name}")).unwrap()
    }

    fn line(name: &str, class: &str) -> String {
        let id = serde_json::json!(SubscriptionId::of(&endpoint(name)));
        serde_json::json!({"id": id, "class": class, "says": "..."}).to_string()
    }

    #[test]
    fn an_id_is_16_letters_and_gives_nothing_of_the_endpoint_away() {
        let id = serde_json::json!(SubscriptionId::of(&endpoint("a")));
        assert_eq!(id.as_str().unwrap().len(), 16);
        assert_ne!(SubscriptionId::of(&endpoint("a")), SubscriptionId::of(&endpoint("b")));
        assert_eq!(SubscriptionId::parse(id.as_str().unwrap()), Some(SubscriptionId::of(&endpoint("a"))));
        assert_eq!(SubscriptionId::parse("short"), None);
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
        let (done, unusable) = ResumeSet::read(list.join("\n").as_bytes()).unwrap();
        let names = ["accepted", "gone", "busy", "refused", "unreachable", "dry", "later", "cut-off"];
        let contained: Vec<_> = names.iter().filter(|name| done.contains(&endpoint(name))).collect();
        assert_eq!(contained, [&"accepted", &"gone", &"later"]);
        assert_eq!(unusable, 1);
    }
}

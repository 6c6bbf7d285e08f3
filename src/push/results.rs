//! Results as lines: what `notify --json` prints, and what `--resume` reads back.

use std::io::{self, BufRead};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize, Serializer};

use crate::push::endpoint::Endpoint;
use crate::push::result::{Class, PushResult};

/// Half a million times more endpoints than there are people share none by chance, and a million take 12 MB.
const ID_BYTES: usize = 12;

/// Names a subscription without giving it away: the first 12 bytes of its endpoint's SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id([u8; ID_BYTES]);

impl Id {
    /// The id of the subscription with `endpoint`.
    pub fn of(endpoint: &Endpoint) -> Id {
        let digest = ring::digest::digest(&ring::digest::SHA256, endpoint.as_str().as_bytes());
        let mut id = [0; ID_BYTES];
        id.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Id(id)
    }

    fn parse(text: &str) -> Option<Id> {
        let mut id = [0; ID_BYTES];
        Base64UrlUnpadded::decode(text, &mut id).ok().filter(|bytes| bytes.len() == ID_BYTES)?;
        Some(Id(id))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}

/// One result, as one JSON object on one line: the [`PushResult`], whose, and from which line of the list.
#[derive(Debug, Serialize)]
pub struct ResultLine<'a> {
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(flatten)]
    outcome: &'a PushResult,
}

impl<'a> ResultLine<'a> {
    /// `line` is where the subscription stood in a list, from 1.
    pub fn new(endpoint: &Endpoint, line: Option<usize>, outcome: &'a PushResult) -> ResultLine<'a> {
        ResultLine { id: Id::of(endpoint), line, outcome }
    }

    /// The JSON with its line break: written at once, it is there whole or not at all.
    ///
    /// # Errors
    /// serde_json's; a record's words and numbers give it no cause.
    pub fn to_line(&self) -> io::Result<String> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(line)
    }
}

/// Whom an earlier run need not be repeated for: 12 bytes each.
#[derive(Debug, Default)]
pub struct Done(Vec<Id>);

#[derive(Deserialize)]
struct Told {
    id: String,
    class: Class,
}

impl Done {
    /// Reads the results of earlier runs with the same message: accepted and gone are done, everything else is to be sent again.
    /// Answers also how many lines are no results, the last one perhaps, cut off by a crash.
    ///
    /// # Errors
    /// What the reader answered.
    pub fn read(reader: impl BufRead) -> io::Result<(Done, usize)> {
        let (mut done, mut unusable) = (Vec::new(), 0);
        for line in reader.split(b'\n') {
            let line = line?;
            let told = serde_json::from_slice(&line).ok();
            match told.and_then(|told: Told| Some((Id::parse(&told.id)?, told.class))) {
                Some((id, Class::Accepted | Class::Gone)) => done.push(id),
                Some(_) => {}
                None if line.trim_ascii().is_empty() => {}
                None => unusable += 1,
            }
        }
        done.sort_unstable();
        done.dedup();
        Ok((Done(done), unusable))
    }

    /// Whether `endpoint` is done.
    pub fn contains(&self, endpoint: &Endpoint) -> bool {
        self.0.binary_search(&Id::of(endpoint)).is_ok()
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
        let id = serde_json::json!(Id::of(&endpoint(name)));
        serde_json::json!({"id": id, "class": class, "says": "..."}).to_string()
    }

    #[test]
    fn an_id_is_16_letters_and_gives_nothing_of_the_endpoint_away() {
        let id = serde_json::json!(Id::of(&endpoint("a")));
        assert_eq!(id.as_str().unwrap().len(), 16);
        assert_ne!(Id::of(&endpoint("a")), Id::of(&endpoint("b")));
        assert_eq!(Id::parse(id.as_str().unwrap()), Some(Id::of(&endpoint("a"))));
        assert_eq!(Id::parse("short"), None);
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
        let (done, unusable) = Done::read(list.join("\n").as_bytes()).unwrap();
        let names = ["accepted", "gone", "busy", "refused", "unreachable", "dry", "later", "cut-off"];
        let contained: Vec<_> = names.iter().filter(|name| done.contains(&endpoint(name))).collect();
        assert_eq!(contained, [&"accepted", &"gone", &"later"]);
        assert_eq!(unusable, 1);
    }
}

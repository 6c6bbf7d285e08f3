//! An answer of a route: a status, headers and a body, or a refusal. Edit it to add a kind of answer.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::http::Refusal;
use crate::store::{LocalError, StoreError};

/// What a route answers.
pub(super) type RouteResult = Result<Reply, Refusal>;

/// An answer, complete but for the headers that every answer has.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Its own headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body; HEAD leaves it out later.
    pub body: Cow<'static, [u8]>,
}

impl Reply {
    /// A JSON body, ended by a line feed.
    pub(super) fn json(status: u16, body: &Value) -> Reply {
        let headers = vec![("Content-Type", "application/json".into())];
        Reply { status, headers, body: format!("{body}\n").into_bytes().into() }
    }

    /// A text, which is neither a page nor JSON.
    pub(super) fn text(text: &str) -> Reply {
        let headers = vec![("Content-Type", "text/plain".into())];
        Reply { status: 200, headers, body: text.as_bytes().to_vec().into() }
    }
}

impl From<Refusal> for Reply {
    fn from(Refusal { status, error, hint }: Refusal) -> Reply {
        Reply::json(status, &json!({"error": error, "hint": hint}))
    }
}

impl From<LocalError> for Refusal {
    fn from(error: LocalError) -> Refusal {
        let hint = error.hint.clone();
        Refusal::new(500, format!("{:#}", anyhow::Error::new(error)), hint)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        LocalError::from(error).into()
    }
}

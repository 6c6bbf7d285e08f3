//! An answer of a route: status, headers, body. Edit it to add a kind of answer.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::ApiError;

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

    /// What is wrong and what to do next, as every refusal says it.
    pub(super) fn error(status: u16, error: impl Into<String>, hint: impl Into<String>) -> Reply {
        Reply::json(status, &json!({"error": error.into(), "hint": hint.into()}))
    }

    /// A text, which is neither a page nor JSON.
    pub(super) fn plain(text: &str) -> Reply {
        let headers = vec![("Content-Type", "text/plain".into())];
        Reply { status: 200, headers, body: text.as_bytes().to_vec().into() }
    }

    /// Another path of ours.
    pub(super) fn redirect(location: String) -> Reply {
        Reply { status: 301, headers: vec![("Location", location)], body: Cow::default() }
    }

    /// `allow` lists the methods that the path takes (RFC 9110 §15.5.6).
    pub(super) fn method_not_allowed(allow: &str) -> Reply {
        let mut reply = Reply::error(405, "this method is not for this route", format!("use {allow}"));
        reply.headers.push(("Allow", allow.into()));
        reply
    }
}

impl From<ApiError> for Reply {
    fn from(ApiError { status, error, hint }: ApiError) -> Reply {
        Reply::error(status, error, hint)
    }
}

impl From<Result<(u16, Value), ApiError>> for Reply {
    fn from(result: Result<(u16, Value), ApiError>) -> Reply {
        result.map_or_else(Reply::from, |(status, body)| Reply::json(status, &body))
    }
}

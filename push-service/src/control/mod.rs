//! The control interface: how tests in any language use this push service. `openapi.json` describes it, README.md shows it.
//! Only programs on this machine may use it: see `refuse_strangers`.

mod answers;
mod messages;
mod subscriptions;
#[cfg(test)]
mod tests;

use crate::{RequestHead, Response, Shared, State};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

/// The largest request is an answer with a reason.
const MAX_BODY_BYTES: usize = 16 * 1024;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a request is not done: a status, what is wrong, and what to do.
struct Refused(u16, String, &'static str);

type Result<T> = std::result::Result<T, Refused>;

impl Refused {
    fn bad(what: impl Into<String>, hint: &'static str) -> Self {
        Self(400, what.into(), hint)
    }
}

/// One request, its query already decoded.
struct Request<'a> {
    query: HashMap<String, String>,
    body: &'a [u8],
}

type Handler = fn(&Shared, &Request) -> Result<Response>;

/// What the interface offers.
const ROUTES: [(&str, &str, Handler); 7] = [
    ("POST", "/control/subscriptions", subscriptions::create),
    ("DELETE", "/control/subscriptions", subscriptions::end),
    ("GET", "/control/messages", messages::list),
    ("POST", "/control/answers", answers::set),
    ("POST", "/control/clock", set_clock),
    ("GET", "/control/environment", environment),
    ("DELETE", "/control/everything", forget_everything),
];

/// Answers a request under `/control/`; `None`: it is another kind of request.
pub(crate) fn answer(shared: &Shared, head: &RequestHead, body: &[u8]) -> Option<Response> {
    let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
    if !path.starts_with("/control/") {
        return None;
    }
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let request = Request { query, body };
    let here = || ROUTES.iter().filter(|(_, route, _)| *route == path);
    let done = match here().find(|(method, ..)| *method == head.method) {
        Some((.., handler)) => refuse_strangers(shared, head, &request).and_then(|()| handler(shared, &request)),
        None if here().next().is_none() => {
            Err(Refused(404, "not found".to_owned(), "see push-service/README.md for what there is"))
        }
        None => Err(Refused(405, format!("method {} not allowed", head.method), "see the Allow header")),
    };
    let mut response = done.unwrap_or_else(|Refused(status, error, hint)| {
        let response = Response::new(status).json(&json!({ "error": error, "hint": hint }));
        let methods: Vec<_> = here().map(|(method, ..)| *method).collect();
        if status == 405 { response.header("Allow", &methods.join(", ")) } else { response }
    });
    if !response.body.is_empty() {
        // For terminals and files.
        response.body.push(b'\n');
    }
    Some(response)
}

/// Only programs on this machine may call, and a form cannot send JSON.
fn refuse_strangers(shared: &Shared, head: &RequestHead, request: &Request) -> Result<()> {
    if !has_our_host(shared, head) {
        return Err(Refused(403, "unknown Host header".to_owned(), "call it as localhost or 127.0.0.1, with its port"));
    }
    if is_from_another_site(shared, head) {
        let hint = "a page cannot use this interface; call it from a program";
        return Err(Refused(403, "the request comes from a page of another site".to_owned(), hint));
    }
    if request.body.len() > MAX_BODY_BYTES {
        return Err(Refused(413, "the body is too large".to_owned(), "send at most 16 KiB"));
    }
    let json = head.header("Content-Type").is_some_and(|kind| kind.split(';').next() == Some("application/json"));
    if !request.body.is_empty() && !json {
        return Err(Refused(415, "the body is not JSON".to_owned(), "send Content-Type: application/json"));
    }
    Ok(())
}

/// Whether `Host` is a name of this machine with this port, against DNS rebinding.
pub(crate) fn has_our_host(shared: &Shared, head: &RequestHead) -> bool {
    is_ours(shared, head.header("Host").unwrap_or_default())
}

/// Whether a page of another site made the request: it carries `Origin` or `Sec-Fetch-Site`.
pub(crate) fn is_from_another_site(shared: &Shared, head: &RequestHead) -> bool {
    let (scheme, _) = shared.origin.split_once("://").unwrap_or_default();
    let same = |origin: &str| origin.split_once("://").is_some_and(|(s, host)| s == scheme && is_ours(shared, host));
    let site = head.header("Sec-Fetch-Site").unwrap_or("none");
    head.header("Origin").is_some_and(|origin| !same(origin)) || !["none", "same-origin"].contains(&site)
}

fn is_ours(shared: &Shared, host: &str) -> bool {
    let (_, port) = shared.origin.rsplit_once(':').unwrap_or_default();
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")))
}

impl Request<'_> {
    /// The body as one of the types of this interface.
    fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let hint = "see push-service/README.md for the members";
        serde_json::from_slice(self.body).map_err(|error| Refused::bad(format!("cannot read the body: {error}"), hint))
    }

    /// A number in the query.
    fn number(&self, name: &str, max: u64) -> Result<Option<u64>> {
        let Some(text) = self.query.get(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| *number <= max);
        let bad =
            || Refused::bad(format!("{name}='{text}' is not a number up to {max}"), "leave it out or give a number");
        number.ok_or_else(bad).map(Some)
    }
}

/// `{"ahead": 7200}`: puts the clock ahead by seconds, against the machine's.
fn set_clock(shared: &Shared, request: &Request) -> Result<Response> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Clock {
        ahead: u64,
    }
    let ahead = Duration::from_secs(request.json::<Clock>()?.ahead);
    if ahead > 366 * DAY {
        return Err(Refused::bad("the clock cannot be ahead by more than a year", "give seconds"));
    }
    shared.lock().ahead = ahead;
    Ok(Response::new(204))
}

/// What leads a sender's pushes here.
fn environment(shared: &Shared, _: &Request) -> Result<Response> {
    let ca_file = shared.ca_file().map_err(|why| Refused(500, why, "is the disk full?"))?;
    Ok(Response::new(200).json(&json!({ "proxy": shared.origin, "ca_file": ca_file })))
}

/// Forgets subscriptions, messages and answers, and sets the clock right. Browsers stay connected.
fn forget_everything(shared: &Shared, _: &Request) -> Result<Response> {
    let mut state = shared.lock();
    let old = std::mem::take(&mut *state);
    state.browsers = old.browsers;
    state.chromium_tokens = old.chromium_tokens;
    state.record.count = old.record.count;
    state.calls = old.calls;
    state.stopping = old.stopping;
    shared.changed.notify_all();
    Ok(Response::new(204))
}

impl State {
    /// The token of a subscription, by its endpoint or the last 8 characters of it.
    fn find_token(&self, name: &str) -> Result<String> {
        let is = |token: &&String| {
            token.as_str() == name || (name.len() >= 8 && token.ends_with(name)) || {
                let rest = name.strip_suffix(token.as_str());
                rest.is_some_and(|rest| rest.ends_with(['/', '=']))
            }
        };
        let mut found = self.subscriptions.keys().filter(is);
        match (found.next(), found.next()) {
            (Some(token), None) => Ok(token.clone()),
            (Some(_), Some(_)) => {
                Err(Refused(409, "several subscriptions end so".to_owned(), "give the whole endpoint"))
            }
            _ => {
                let hint = "give the endpoint that POST /control/subscriptions answered, or its last 8 characters";
                Err(Refused(404, "unknown subscription".to_owned(), hint))
            }
        }
    }
}

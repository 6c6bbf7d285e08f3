//! The routes: who may call, and what each path answers. Edit it to add a route.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use super::reply::RouteResult;
use super::{Application, Host, Reply, api, assets};
use crate::http::Refusal;

/// A request, as far as we look at it.
#[derive(Debug, Default)]
pub struct Call<'a> {
    /// As sent: `GET`, ...
    pub method: &'a str,
    /// As sent, with any query.
    pub target: &'a str,
    /// The Host header.
    pub host: &'a str,
    /// The Origin header.
    pub origin: Option<&'a str>,
    /// The Content-Type header.
    pub content_type: Option<&'a str>,
    /// The If-None-Match header.
    pub if_none_match: Option<&'a str>,
    /// The whole body; the http front lets at most 16 KiB through.
    pub body: &'a [u8],
}

/// Answers one request, which came by the listener of this number. Pure but for what the API does.
pub fn answer(application: &Arc<Application>, listener: usize, call: &Call) -> Reply {
    route(application, listener, call).unwrap_or_else(Reply::from)
}

fn route(application: &Arc<Application>, listener: usize, call: &Call) -> RouteResult {
    let host = &application.hosts[listener];
    check_caller(host, call)?;
    match call.target.split('?').next().unwrap_or_default() {
        "/vapid-public-key" => get(call, || Ok(Reply::text(application.public_key()))),
        "/status" => get(call, || api::status(application)),
        // The second path is the article's.
        "/add-subscription" | "/cgi-bin/subscription.py" => post(call, |body| api::add_subscription(application, body)),
        "/remove-subscription" => post(call, |body| api::remove_subscription(application, body)),
        "/notify-me" => post(call, |body| api::notify_me(application, body)),
        "/notify-all" => post(call, |body| api::notify_all(application, body)),
        path => {
            let file = assets::get(application.www.as_deref(), path, call.if_none_match);
            let file = file.map_err(|error| unreadable(&error, host))?;
            get(call, || Ok(file))
        }
    }
}

/// Host on every request; Origin, when there is one, on those that may change something.
fn check_caller(host: &Host, call: &Call) -> Result<(), Refusal> {
    if !host.is_called(call.host) {
        let hint = format!("open {}; for another name start the server with --name NAME", host.url());
        return Err(Refusal::new(403, "unknown Host header", hint));
    }
    let changes = !matches!(call.method, "GET" | "HEAD");
    if changes && call.origin.is_some_and(|origin| !host.is_own_origin(origin, call.host)) {
        let hint = format!("use the page at {}", host.url());
        return Err(Refusal::new(403, "another site's page may not call this server", hint));
    }
    Ok(())
}

fn get(call: &Call, route: impl FnOnce() -> RouteResult) -> RouteResult {
    match call.method {
        "GET" | "HEAD" => route(),
        _ => Ok(method_not_allowed("GET, HEAD")),
    }
}

/// Runs a route on the body, which must be JSON by its type when there is one: a form of another site cannot send that type.
fn post(call: &Call, route: impl FnOnce(&str) -> RouteResult) -> RouteResult {
    if call.method != "POST" {
        return Ok(method_not_allowed("POST"));
    }
    let media_type = call.content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !call.body.is_empty() && !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(415, "the body is not declared as JSON", "send Content-Type: application/json"));
    }
    let body = std::str::from_utf8(call.body).map_err(|_| Refusal::new(400, "the body is not UTF-8", "send JSON"))?;
    route(body)
}

/// `allow` lists the methods that the path takes (RFC 9110 §15.5.6).
fn method_not_allowed(allow: &str) -> Reply {
    let mut reply = Reply::from(Refusal::new(405, "this method is not for this route", format!("use {allow}")));
    reply.headers.push(("Allow", allow.into()));
    reply
}

fn unreadable(error: &io::Error, host: &Host) -> Refusal {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
            Refusal::new(404, "there is nothing here", format!("open {}/", host.url()))
        }
        ErrorKind::FileTooLarge => Refusal::new(500, "this file is too large", "serve files of at most 15 MiB"),
        _ => Refusal::new(500, format!("cannot read this file: {error}"), "check who may read it"),
    }
}

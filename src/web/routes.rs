//! The routes: who may call, and what each path answers. Edit it to add a route.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use serde_json::Value;

use super::{ApiError, Application, Asset, Assets, Host, Reply, assets};

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

/// What the routes need.
pub struct Routes {
    /// Does what the routes ask for.
    pub application: Arc<Application>,
    /// The page's files.
    pub assets: Assets,
    /// Who may call, for each listener by its number.
    pub hosts: Vec<Host>,
}

/// Answers one request, which came by the listener of this number. Pure but for what `application` does.
pub fn answer(routes: &Routes, listener: usize, call: &Call) -> Reply {
    let Routes { application, assets, hosts } = routes;
    let Some(host) = hosts.get(listener) else {
        return Reply::error(500, "this listener has no host", "report this");
    };
    if let Some(refusal) = refuse_caller(host, call) {
        return refusal;
    }
    match call.target.split('?').next().unwrap_or_default() {
        "/vapid-public-key" => get(call, || Reply::plain(application.public_key())),
        "/status" => get(call, || application.status().map(|status| (200, status)).into()),
        // The second path is the article's.
        "/add-subscription" | "/cgi-bin/subscription.py" => post(call, |body| application.add_subscription(body)),
        "/remove-subscription" => post(call, |body| application.remove_subscription(body)),
        "/notify-me" => post(call, |body| application.notify_me(body)),
        "/notify-all" => post(call, |body| application.notify_all(body)),
        path => match assets.get(path) {
            Ok(Asset::File(file)) => get(call, || static_file(file, call.if_none_match)),
            Ok(Asset::Folder) => get(call, || Reply::redirect(format!("{path}/"))),
            Err(error) => unreadable(&error, host),
        },
    }
}

/// Host on every request; Origin, when there is one, on those that may change something.
fn refuse_caller(host: &Host, call: &Call) -> Option<Reply> {
    if !host.is_called(call.host) {
        let hint = format!("open {}; for another name start the server with --name NAME", host.url());
        return Some(Reply::error(403, "unknown Host header", hint));
    }
    let changes = !matches!(call.method, "GET" | "HEAD");
    let other_site = call.origin.filter(|origin| changes && !host.is_own_origin(origin, call.host));
    other_site.map(|_| {
        Reply::error(403, "another site's page may not call this server", format!("use the page at {}", host.url()))
    })
}

fn get(call: &Call, route: impl FnOnce() -> Reply) -> Reply {
    match call.method {
        "GET" | "HEAD" => route(),
        _ => Reply::method_not_allowed("GET, HEAD"),
    }
}

/// Runs a route on the body, which must be JSON by its type when there is one: a form of another site cannot send that type.
fn post(call: &Call, route: impl FnOnce(&str) -> Result<(u16, Value), ApiError>) -> Reply {
    if call.method != "POST" {
        return Reply::method_not_allowed("POST");
    }
    let media_type = call.content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !call.body.is_empty() && !media_type.eq_ignore_ascii_case("application/json") {
        return Reply::error(415, "the body is not declared as JSON", "send Content-Type: application/json");
    }
    match std::str::from_utf8(call.body) {
        Ok(body) => route(body).into(),
        Err(_) => Reply::error(400, "the body is not UTF-8", "send JSON"),
    }
}

fn static_file(file: assets::File, if_none_match: Option<&str>) -> Reply {
    // A list of tags, compared weakly, or `*` for any (RFC 9110 §13.1.2).
    let is_known = |tag: &str| tag == "*" || tag.trim_start_matches("W/") == file.etag;
    let known = if_none_match.is_some_and(|tags| tags.split(',').map(str::trim).any(is_known));
    let headers = vec![("Content-Type", file.media_type.into()), ("ETag", file.etag)];
    match known {
        true => Reply { status: 304, headers, body: Cow::default() },
        false => Reply { status: 200, headers, body: file.bytes },
    }
}

fn unreadable(error: &io::Error, host: &Host) -> Reply {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
            Reply::error(404, "there is nothing here", format!("open {}/", host.url()))
        }
        ErrorKind::FileTooLarge => Reply::error(500, "this file is too large", "serve files of at most 15 MiB"),
        _ => Reply::error(500, format!("cannot read this file: {error}"), "check who may read it"),
    }
}

//! One match on (method, path): who may call, and what is answered. Edit it to add a route.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::json;
use tiny_http::{Header, Method, Request, Response, StatusCode};

use crate::web::api::{Application, Failed};
use crate::web::assets::{self, Asset, Assets};
use crate::web::host::Host;
use crate::web::log::Log;

/// Every answer is asked for again, with its ETag: an edited file, above all `sw.js`, is seen at the next reload.
const REVALIDATE: (&str, &str) = ("Cache-Control", "no-cache");

/// Room for the head of an answer; a longer one only costs a copy.
const HEAD_BYTES: usize = 1024;

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
    fn json(status: u16, body: &serde_json::Value) -> Reply {
        let headers = vec![("Content-Type", "application/json".into())];
        Reply { status, headers, body: format!("{body}\n").into_bytes().into() }
    }

    fn error(status: u16, error: impl Into<String>, hint: impl Into<String>) -> Reply {
        Reply::json(status, &json!({"error": error.into(), "hint": hint.into()}))
    }
}

impl From<Failed> for Reply {
    fn from(failed: Failed) -> Reply {
        let status = match failed {
            Failed::Request(..) => 400,
            Failed::Unknown(..) => 404,
            Failed::Conflict(..) => 409,
            Failed::Ours(..) => 500,
        };
        let (Failed::Request(error, hint)
        | Failed::Unknown(error, hint)
        | Failed::Conflict(error, hint)
        | Failed::Ours(error, hint)) = failed;
        Reply::error(status, error, hint)
    }
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
    if let Some(refusal) = refuse_stranger(host, call) {
        return refusal;
    }
    let path = call.target.split('?').next().unwrap_or_default();
    let get = matches!(call.method, "GET" | "HEAD");
    match (call.method, path) {
        (_, "/vapid-public-key") if get => plain(application.public_key()),
        (_, "/status") if get => done(application.status().map(|status| (200, status))),
        // The second is the article's name for it.
        ("POST", "/add-subscription" | "/cgi-bin/subscription.py") => {
            post(call, |body| application.add_subscription(body))
        }
        ("POST", "/remove-subscription") => post(call, |body| application.remove_subscription(body)),
        ("POST", "/notify-me") => post(call, |body| application.notify_me(body)),
        ("POST", "/notify-all") => post(call, |body| application.notify_all(body)),
        (_, "/vapid-public-key" | "/status") => method_not_allowed("GET, HEAD"),
        (
            _,
            "/add-subscription" | "/cgi-bin/subscription.py" | "/remove-subscription" | "/notify-me" | "/notify-all",
        ) => method_not_allowed("POST"),
        _ => match assets.get(path) {
            Ok(_) if !get => method_not_allowed("GET, HEAD"),
            Ok(Asset::File(file)) => static_file(file, call.if_none_match),
            Ok(Asset::Folder) => redirect(format!("{path}/")),
            Err(error) => unreadable(&error, host),
        },
    }
}

/// Host on every request; Origin, when there is one, on those that may change something.
fn refuse_stranger(host: &Host, call: &Call) -> Option<Reply> {
    if !host.is_called(call.host) {
        let hint = format!("open {}; for another name start the server with --name NAME", host.url());
        return Some(Reply::error(403, "this server is not called by that Host", hint));
    }
    let changes = !matches!(call.method, "GET" | "HEAD");
    let stranger = call.origin.filter(|origin| changes && !host.is_own_origin(origin, call.host));
    stranger.map(|_| {
        Reply::error(403, "another site's page may not call this server", format!("use the page at {}", host.url()))
    })
}

/// Runs a POST route on the body, which must be JSON by its type when there is one: a form cannot claim that cross-site.
fn post(call: &Call, route: impl FnOnce(&str) -> Result<(u16, serde_json::Value), Failed>) -> Reply {
    let media_type = call.content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !call.body.is_empty() && !media_type.eq_ignore_ascii_case("application/json") {
        return Reply::error(415, "the body is not declared as JSON", "send Content-Type: application/json");
    }
    match std::str::from_utf8(call.body) {
        Ok(body) => done(route(body)),
        Err(_) => Reply::error(400, "the body is not UTF-8", "send JSON"),
    }
}

fn done(result: Result<(u16, serde_json::Value), Failed>) -> Reply {
    result.map_or_else(Reply::from, |(status, body)| Reply::json(status, &body))
}

fn plain(text: &str) -> Reply {
    Reply { status: 200, headers: vec![("Content-Type", "text/plain".into())], body: text.as_bytes().to_vec().into() }
}

fn method_not_allowed(allow: &str) -> Reply {
    let mut reply = Reply::error(405, "this method is not for this route", format!("use {allow}"));
    reply.headers.push(("Allow", allow.into()));
    reply
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

fn redirect(location: String) -> Reply {
    Reply { status: 301, headers: vec![("Location", location)], body: Cow::default() }
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

/// Answers one request of the listener of this number. Files are read at once. What may wait for a push service, or for the
/// store and its lock, gets a thread of its own, so that a page always loads; the http front bounds their number.
pub fn handle(routes: &Arc<Routes>, listener: usize, request: Request) {
    let log = routes.application.log;
    let is_file = matches!(request.method(), Method::Get | Method::Head) && !request.url().starts_with("/status");
    if is_file {
        respond(request, log, |call| answer(routes, listener, call));
        return;
    }
    let routes = Arc::clone(routes);
    // When no thread can be had the request is dropped, and tiny_http answers 500.
    let _ = std::thread::Builder::new().name("route".into()).spawn(move || {
        respond(request, log, |call| answer(&routes, listener, call));
    });
}

/// Answers one request with what `answer` gives; its panic is a 500, and the next request is answered as ever.
fn respond(mut request: Request, log: Log, answer: impl FnOnce(&Call) -> Reply) {
    let mut body = Vec::new();
    let read = request.as_reader().read_to_end(&mut body);
    let call = Call {
        method: request.method().as_str(),
        target: request.url(),
        host: header(&request, "Host").unwrap_or_default(),
        origin: header(&request, "Origin"),
        content_type: header(&request, "Content-Type"),
        if_none_match: header(&request, "If-None-Match"),
        body: &body,
    };
    let reply = match read {
        Ok(_) => catch_unwind(AssertUnwindSafe(|| answer(&call)))
            .unwrap_or_else(|_| Reply::error(500, "the server failed on this request", "see what it printed")),
        Err(_) => Reply::error(400, "the body broke off", "send it again"),
    };
    log.request(call.method, call.target, reply.status);
    let own = reply.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let headers =
        [REVALIDATE].into_iter().chain(own).filter_map(|(name, value)| Header::from_bytes(name, value).ok()).collect();
    let response = Response::new(StatusCode(reply.status), headers, &reply.body[..], Some(reply.body.len()), None);
    // A client that is gone misses nothing.
    let _ = write(request, response.with_chunked_threshold(usize::MAX));
}

/// What `Request::respond` does, but in one write: tiny_http writes the head and then each 8 KiB, and the front would
/// wake up for each.
fn write(request: Request, response: Response<&[u8]>) -> io::Result<()> {
    let body_bytes = response.data_length().unwrap_or_default();
    let is_not_modified = response.status_code() == 304;
    let mut answer = Vec::with_capacity(HEAD_BYTES + body_bytes);
    response.raw_print(
        &mut answer,
        request.http_version().clone(),
        request.headers(),
        *request.method() == Method::Head,
        None,
    )?;
    if is_not_modified {
        remove(&mut answer, b"Content-Length: 0\r\n");
    }
    let mut writer = request.into_writer();
    writer.write_all(&answer)?;
    writer.flush()
}

/// A 304 may carry only the Content-Length that the 200 would have (RFC 9110 §8.6); tiny_http writes one of its own.
fn remove(answer: &mut Vec<u8>, line: &[u8]) {
    if let Some(at) = answer.windows(line.len()).position(|part| part == line) {
        answer.drain(at..at + line.len());
    }
}

fn header<'a>(request: &'a Request, name: &'static str) -> Option<&'a str> {
    request.headers().iter().find(|header| header.field.equiv(name)).map(|header| header.value.as_str())
}

#[cfg(test)]
mod tests;

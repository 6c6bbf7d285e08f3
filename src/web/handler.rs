//! Between tiny_http and the routes: its request becomes a [`Call`], their [`Reply`] its answer. Edit it when a route needs one
//! more request header.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tiny_http::{Header, Method, Request, Response, StatusCode};

use super::routes::{Call, answer};
use super::{Application, Log, Reply};
use crate::http::Refusal;

/// Every answer is asked for again, with its ETag: an edited file, above all `sw.js`, is seen at the next reload.
const REVALIDATE: (&str, &str) = ("Cache-Control", "no-cache");

/// Space for the head of an answer; a longer one only costs a copy.
const HEAD_BYTES: usize = 1024;

/// Answers one request of the listener of this number. Files are read at once. What may wait for a push service, or for the
/// store and its lock, gets a thread of its own, so that a page always loads; the http front bounds their number.
pub fn handle(application: &Arc<Application>, listener: usize, request: Request) {
    let is_file = matches!(request.method(), Method::Get | Method::Head) && !request.url().starts_with("/status");
    let application = Arc::clone(application);
    let respond = move || respond(request, application.log, |call| answer(&application, listener, call));
    if is_file {
        respond();
    } else {
        // When no thread can be had the request is dropped, and tiny_http answers 500.
        let _ = std::thread::Builder::new().name("route".into()).spawn(respond);
    }
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
            .unwrap_or_else(|_| Refusal::new(500, "the server failed on this request", "see what it printed").into()),
        Err(_) => Refusal::new(400, "the request body ended early", "send it again").into(),
    };
    log.request(call.method, call.target, reply.status);
    let own = reply.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let headers =
        [REVALIDATE].into_iter().chain(own).filter_map(|(name, value)| Header::from_bytes(name, value).ok()).collect();
    let response = Response::new(StatusCode(reply.status), headers, &reply.body[..], Some(reply.body.len()), None);
    // A client that has left needs no answer.
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

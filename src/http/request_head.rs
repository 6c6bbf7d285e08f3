//! The head of one request: found, checked, and rewritten for tiny_http (RFC 9112). Pure.

use std::io::Write;

use super::Refusal;
use super::limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX, HEADERS_MAX};

/// The headers that routes need. No other reaches tiny_http, so it cannot be talked into an upgrade, a
/// `100 Continue`, a transfer coding or an early close.
const FORWARDED: [&str; 4] = ["host", "origin", "content-type", "if-none-match"];

/// The header that passes on to tiny_http's side by which listener a request came: a number. Only this module writes it; a client's own
/// is not forwarded.
pub(super) const LISTENER_HEADER: &str = "Listener";

/// A request whose head was checked.
#[derive(Debug)]
pub struct Request {
    /// What tiny_http gets: the head, blank line included, and the body once it has come.
    pub rewritten: Vec<u8>,
    /// Bytes of the body that follows.
    pub body_bytes: usize,
    /// The client does not mean to end the connection.
    pub keep_alive: bool,
    /// HEAD: the answer has no body, whatever its Content-Length.
    pub bodiless: bool,
    /// GET or HEAD: is answered beside whatever POSTs wait for.
    pub is_page: bool,
}

/// Where the head at the start of `bytes` ends, blank line included; `None`: not yet there. Refuses what no later byte
/// can mend: control characters, a bare CR or LF, and too many bytes.
pub fn end(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    for (at, &byte) in bytes.iter().enumerate().take(HEAD_BYTES_MAX) {
        match byte {
            b'\n' if at == 0 || bytes[at - 1] != b'\r' => {
                return Err(Refusal::malformed("bare line feed in the head"));
            }
            b'\n' if bytes[..at].ends_with(b"\r\n\r") => return Ok(Some(at + 1)),
            b'\r' if bytes.get(at + 1).is_some_and(|next| *next != b'\n') => {
                return Err(Refusal::malformed("bare carriage return in the head"));
            }
            b'\r' | b'\n' | b'\t' | b' '..=b'~' | 0x80.. => {}
            _ => return Err(Refusal::malformed("control character in the head")),
        }
    }
    if bytes.len() >= HEAD_BYTES_MAX {
        return Err(too_large());
    }
    Ok(None)
}

fn too_large() -> Refusal {
    Refusal::new(431, "request head too large", "send at most 16 KiB of headers, 64 lines; clear this site's cookies")
}

/// Checks one whole head, which came by the listener of this number, and rewrites it.
pub fn check(bytes: &[u8], listener: usize) -> Result<Request, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(too_large()),
        Err(httparse::Error::Version) => {
            return Err(Refusal::malformed("neither HTTP/1.0 nor HTTP/1.1"));
        }
        Err(httparse::Error::HeaderName | httparse::Error::HeaderValue) => {
            return Err(Refusal::malformed("malformed header line"));
        }
        _ => return Err(Refusal::malformed("malformed request line")),
    }
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::malformed("request target is not a path of visible ASCII characters"));
    }
    let body = body_bytes(request.headers)?;
    // HTTP/1.0 knows no expectations: a server must ignore them (RFC 9110 §10.1.1).
    if request.version == Some(1) && values(request.headers, "expect").next().is_some() {
        return Err(Refusal::new(417, "expectations are not met", "send the request without an Expect header"));
    }
    let mut rewritten = Vec::with_capacity(512);
    // HTTP/1.0 with keep-alive: tiny_http then frames every answer by its length, never in chunks.
    let _ =
        write!(rewritten, "{method} {target} HTTP/1.0\r\nConnection: keep-alive\r\n{LISTENER_HEADER}: {listener}\r\n");
    forward(request.headers, &mut rewritten)?;
    if let Some(bytes) = body {
        let _ = write!(rewritten, "Content-Length: {bytes}\r\n");
    }
    rewritten.extend_from_slice(b"\r\n");
    Ok(Request {
        rewritten,
        body_bytes: body.unwrap_or(0),
        keep_alive: request.version == Some(1) && !asks_to_close(request.headers),
        bodiless: method == "HEAD",
        is_page: matches!(method, "GET" | "HEAD"),
    })
}

fn values<'h>(headers: &'h [httparse::Header<'h>], name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

/// The one decimal Content-Length, if any (RFC 9112 §6.3: any doubt about the length is where smuggling begins).
fn body_bytes(headers: &[httparse::Header<'_>]) -> Result<Option<usize>, Refusal> {
    if values(headers, "transfer-encoding").next().is_some() {
        return Err(Refusal::new(501, "transfer codings are not understood", "send the body with a Content-Length"));
    }
    let mut lengths = values(headers, "content-length");
    let Some(digits) = lengths.next() else {
        return Ok(None);
    };
    if lengths.next().is_some() {
        return Err(Refusal::malformed("more than one Content-Length"));
    }
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::malformed("Content-Length is not a decimal number"));
    }
    // Digits that do not fit a usize are too large as well.
    match std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) {
        Some(length) if length <= BODY_BYTES_MAX => Ok(Some(length)),
        _ => Err(Refusal::new(413, "request body too large", "send at most 16 KiB")),
    }
}

/// Copies the headers that routes need; each at most once, Host exactly once (RFC 9112 §3.2).
fn forward(headers: &[httparse::Header<'_>], rewritten: &mut Vec<u8>) -> Result<(), Refusal> {
    for name in FORWARDED {
        let mut found = values(headers, name);
        match (found.next(), found.next()) {
            (None, _) if name == "host" => return Err(Refusal::malformed("no Host header")),
            (None, _) => {}
            (Some(value), None) if value.iter().all(|byte| matches!(byte, b' '..=b'~')) => {
                let _ = write!(rewritten, "{name}: ");
                rewritten.extend_from_slice(value);
                rewritten.extend_from_slice(b"\r\n");
            }
            (Some(_), None) => {
                return Err(Refusal::malformed("a header value is not visible ASCII"));
            }
            (Some(_), Some(_)) if name == "host" => {
                return Err(Refusal::malformed("more than one Host header"));
            }
            (Some(_), Some(_)) => return Err(Refusal::malformed("a header is given twice")),
        }
    }
    Ok(())
}

fn asks_to_close(headers: &[httparse::Header<'_>]) -> bool {
    values(headers, "connection")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

#[cfg(test)]
mod tests;

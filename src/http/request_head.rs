//! The head of one request: found, checked, and written anew for tiny_http (RFC 9112). Pure.

use super::refusal::Refusal;
use std::io::Write;

/// Longest request line and headers together: browsers send about 1 KiB to localhost, cookies of other ports included
/// a few more.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most header lines; browsers send about 20.
const HEADERS_MAX: usize = 64;
/// Longest body: a subscription or a message; a payload of 4 KiB in JSON is below 16 KiB.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024;
/// The headers that routes need. No other reaches tiny_http, so it cannot be talked into an upgrade, a
/// `100 Continue`, a transfer coding or an early close.
const FORWARDED: [&str; 4] = ["host", "origin", "content-type", "if-none-match"];

/// A checked head.
#[derive(Debug)]
pub(super) struct Head {
    /// The head to send to tiny_http, blank line included; the body follows it.
    pub(super) inner: Vec<u8>,
    /// Bytes of the body that follows.
    pub(super) body_bytes: usize,
    /// The client does not mean to end the connection.
    pub(super) keep_alive: bool,
    /// HEAD: the answer has no body, whatever its Content-Length.
    pub(super) bodiless: bool,
    /// GET or HEAD: may be sent again when a pooled connection turns out to be dead (RFC 9110 §9.2.2).
    pub(super) repeatable: bool,
}

/// Where the head at the start of `bytes` ends, blank line included; `None`: not yet there. Refuses what no later byte
/// can mend: control characters, a bare CR or LF, and too many bytes.
pub(super) fn end(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
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

/// Checks one whole head and writes it anew.
pub(super) fn check(bytes: &[u8]) -> Result<Head, Refusal> {
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
    let mut inner = Vec::with_capacity(512);
    // HTTP/1.0 with keep-alive: tiny_http then frames every answer by its length, never in chunks.
    let _ = write!(inner, "{method} {target} HTTP/1.0\r\nConnection: keep-alive\r\n");
    forward(request.headers, &mut inner)?;
    if let Some(bytes) = body {
        let _ = write!(inner, "Content-Length: {bytes}\r\n");
    }
    inner.extend_from_slice(b"\r\n");
    Ok(Head {
        inner,
        body_bytes: body.unwrap_or(0),
        keep_alive: request.version == Some(1) && !asks_to_close(request.headers),
        bodiless: method == "HEAD",
        repeatable: matches!(method, "GET" | "HEAD"),
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
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => None,
        (Some(digits), None) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            // Digits that do not fit a usize are too large as well.
            let length = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            Some(
                length
                    .filter(|bytes| *bytes <= BODY_BYTES_MAX)
                    .ok_or_else(|| Refusal::new(413, "request body too large", "send at most 16 KiB"))?,
            )
        }
        (Some(_), None) => {
            return Err(Refusal::malformed("Content-Length is not a decimal number"));
        }
        (Some(_), Some(_)) => return Err(Refusal::malformed("more than one Content-Length")),
    };
    if values(headers, "expect").next().is_some() {
        return Err(Refusal::new(417, "expectations are not met", "send the request without an Expect header"));
    }
    Ok(length)
}

/// Copies the headers that routes need; each at most once, Host exactly once (RFC 9112 §3.2).
fn forward(headers: &[httparse::Header<'_>], inner: &mut Vec<u8>) -> Result<(), Refusal> {
    for name in FORWARDED {
        let mut found = values(headers, name);
        match (found.next(), found.next()) {
            (None, _) if name == "host" => return Err(Refusal::malformed("no Host header")),
            (None, _) => {}
            (Some(value), None) if value.iter().all(|byte| matches!(byte, b' '..=b'~')) => {
                let _ = write!(inner, "{name}: ");
                inner.extend_from_slice(value);
                inner.extend_from_slice(b"\r\n");
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

//! The headers that every answer carries, those of the routes behind tiny_http and the front's own refusals alike.

/// No site may frame us (clickjacking), browsers do not guess types, and no URL of ours goes to other sites as a referrer.
/// What a page may load is not set here: a page has its own policy, in a `<meta>` element.
const SECURITY_HEADERS: &[u8] = b"Content-Security-Policy: frame-ancestors 'none'\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Referrer-Policy: no-referrer\r\n";
const CLOSE: &[u8] = b"Connection: close\r\n";

/// `answer`, a whole HTTP/1.1 answer, with the security headers and, when it is the last of its connection, `Connection:
/// close` after its status line.
pub(crate) fn complete(answer: &[u8], keep_alive: bool) -> Vec<u8> {
    let status_line = answer.windows(2).position(|pair| pair == b"\r\n").map_or(0, |at| at + 2);
    let (status_line, rest) = answer.split_at(status_line);
    let close = if keep_alive { &[] } else { CLOSE };
    [status_line, close, SECURITY_HEADERS, rest].concat()
}

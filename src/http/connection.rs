//! One connection from its first byte to its end: TLS handshake, then request by request through to tiny_http (RFC 9112).
//!
//! tiny_http alone reads without bounds and aborts on a huge Content-Length; it gets only what was checked here.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;

use super::connections::ConnectionGuard;
use super::server::Listener;
use super::stream::ClientStream;
use super::{Refusal, answer, request};

/// The content type of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// How a connection ended.
pub(super) enum End {
    /// By the client, by its silence, or by an answer that was the last one: not worth a line in the log.
    Quiet,
    /// By this refusal, which the client is sent.
    Refused(Refusal),
    /// Without an answer, for this reason.
    Closed(String),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> End {
        End::Refused(refusal)
    }
}

/// Of an answer that could not be sent. Where a read may take too long, its caller says how that ends.
impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        match error.kind() {
            ErrorKind::TimedOut => End::Closed("the client did not read its answer in time".to_owned()),
            _ => End::Quiet,
        }
    }
}

/// Serves one connection to its end; returns what to log, if anything was refused.
pub(super) fn serve(listener: &Listener, tcp: Arc<TcpStream>, guard: &ConnectionGuard) -> Option<String> {
    match open(listener, tcp).map_or_else(|end| end, |stream| serve_requests(listener, stream, guard)) {
        End::Quiet => None,
        End::Refused(Refusal { status, error, .. }) => Some(format!("{status}: {error}")),
        End::Closed(why) => Some(format!("closed: {why}")),
    }
}

/// Looks at the first byte, which tells TLS from plain HTTP, and shakes hands. A browser that was given `http://` and the
/// https port keeps a plain stream, for a refusal in words that it can show.
fn open(listener: &Listener, tcp: Arc<TcpStream>) -> Result<ClientStream, End> {
    tcp.set_nodelay(true)?;
    let limits = &listener.limits;
    let mut stream = ClientStream::new(tcp, if listener.tls.is_some() { limits.handshake } else { limits.idle });
    let first_byte = stream.first_byte().map_err(|_| End::Quiet)?;
    match &listener.tls {
        Some(config) if !first_byte.is_ascii_alphabetic() => {
            stream.shake_hands(config).map_err(|error| End::Closed(format!("no TLS handshake: {error}")))?;
        }
        None if first_byte == HANDSHAKE => return Err(End::Closed("TLS sent to the http port".to_owned())),
        _ => {}
    }
    Ok(stream)
}

/// Answers one client's requests, and ends the connection.
fn serve_requests(listener: &Listener, mut stream: ClientStream, guard: &ConnectionGuard) -> End {
    let mut received = Vec::new();
    let mut end = loop {
        match serve_request(listener, &mut stream, &mut received, guard) {
            Ok(true) => {}
            Ok(false) => break End::Quiet,
            Err(end) => break end,
        }
    };
    if let End::Refused(refusal) = &end
        && let Err(error) = stream.send(&refusal.answer(), listener.limits.write)
    {
        end = error.into();
    }
    stream.finish(listener.limits.linger);
    end
}

/// Answers one request; `false` when its answer was the last one.
fn serve_request(
    listener: &Listener,
    stream: &mut ClientStream,
    received: &mut Vec<u8>,
    guard: &ConnectionGuard,
) -> Result<bool, End> {
    if listener.tls.is_some() && stream.is_plain() {
        return Err(Refusal::new(400, "plain http sent to the https port", format!("open {}", listener.own_url)).into());
    }
    let request = request::read(stream, received, listener)?;
    if !guard.set_busy() {
        return Err(End::Quiet);
    }
    let answered = listener.backend.exchange(&request);
    let keep_alive = guard.set_idle() && request.keep_alive;
    stream.send(&answer::complete(&answered?, keep_alive), listener.limits.write)?;
    Ok(keep_alive)
}

//! One connection from its first byte to its end: TLS handshake, then request by request through to tiny_http (RFC 9112).
//!
//! tiny_http alone reads without bounds and aborts on a huge Content-Length; it gets only what was checked here.

use super::backend::Backend;
use super::connections::ConnectionGuard;
use super::server::Log;
use super::stream::{ClientStream, DeadlineStream};
use super::{Limits, Refusal, answer, request};
use rustls::ServerConfig;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

/// The content type of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// What the connections of one listener share.
pub(super) struct Context {
    /// The listener's number.
    pub(super) listener: usize,
    /// Where a browser that came by `http://` to an https port is sent.
    pub(super) own_url: String,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) limits: Limits,
    pub(super) backend: Arc<Backend>,
    pub(super) log: Log,
}

/// How a connection ended.
pub(super) enum End {
    /// By the client, by its silence, or by an answer that was the last one.
    Quiet,
    /// By this refusal, which the client is sent.
    Refused(Refusal),
    /// Without an answer, for this reason.
    Closed(String),
    /// By the socket.
    Failed(io::Error),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> End {
        End::Refused(refusal)
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        End::Failed(error)
    }
}

impl End {
    /// What to log, if anything was refused. A client that sends nothing, or has left, is not worth a line.
    fn log_line(&self) -> Option<String> {
        match self {
            End::Refused(Refusal { status, error, .. }) => Some(format!("{status}: {error}")),
            End::Closed(why) => Some(format!("closed: {why}")),
            End::Failed(error) if error.kind() == ErrorKind::TimedOut => {
                Some("closed: the client did not read its answer in time".to_owned())
            }
            End::Failed(_) | End::Quiet => None,
        }
    }
}

/// Serves one connection to its end; returns what to log, if anything was refused.
pub(super) fn serve(context: &Context, tcp: Arc<TcpStream>, guard: &ConnectionGuard) -> Option<String> {
    let (mut stream, refusal) = match open(context, tcp) {
        Ok(opened) => opened,
        Err(end) => return end.log_line(),
    };
    let mut end = refusal.map_or_else(|| serve_requests(context, &mut stream, guard), End::Refused);
    if let End::Refused(refusal) = &end
        && let Err(error) = stream.send(&refusal.answer(), context.limits.write)
    {
        end = End::Failed(error);
    }
    stream.finish(context.limits.linger);
    end.log_line()
}

/// Looks at the first byte, which tells TLS from plain HTTP, and shakes hands. A browser that was given `http://` and the
/// https port gets a refusal in words that it can show.
fn open(context: &Context, tcp: Arc<TcpStream>) -> Result<(ClientStream, Option<Refusal>), End> {
    tcp.set_nodelay(true)?;
    let first_time = if context.tls.is_some() { context.limits.handshake } else { context.limits.idle };
    let socket = DeadlineStream::new(tcp, Instant::now() + first_time);
    let first_byte = socket.first_byte().map_err(|_| End::Quiet)?.ok_or(End::Quiet)?;
    match &context.tls {
        Some(_) if first_byte.is_ascii_alphabetic() => {
            let refusal = Refusal::new(400, "plain http sent to the https port", format!("open {}", context.own_url));
            Ok((ClientStream::Plain(socket), Some(refusal)))
        }
        Some(config) => ClientStream::tls(Arc::clone(config), socket)
            .map(|stream| (stream, None))
            .map_err(|error| End::Closed(format!("no TLS handshake: {error}"))),
        None if first_byte == HANDSHAKE => Err(End::Closed("TLS sent to the http port".to_owned())),
        None => Ok((ClientStream::Plain(socket), None)),
    }
}

/// Answers one client's requests, one after the other, until one side ends it.
fn serve_requests(context: &Context, stream: &mut ClientStream, guard: &ConnectionGuard) -> End {
    let mut received = Vec::new();
    loop {
        match serve_request(context, stream, &mut received, guard) {
            Ok(true) => {}
            Ok(false) => return End::Quiet,
            Err(end) => return end,
        }
    }
}

/// Answers one request; `false` when its answer was the last one.
fn serve_request(
    context: &Context,
    stream: &mut ClientStream,
    received: &mut Vec<u8>,
    guard: &ConnectionGuard,
) -> Result<bool, End> {
    let request = request::read(stream, received, context)?;
    if !guard.set_busy() {
        return Err(End::Quiet);
    }
    let answered = context.backend.exchange(&request);
    let keep_alive = guard.set_idle() && request.head.keep_alive;
    stream.send(&answer::complete(&answered?, keep_alive), context.limits.write)?;
    Ok(keep_alive)
}

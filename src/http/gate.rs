//! One whole, bounded, well-framed request at a time through to tiny_http (RFC 9112).
//!
//! tiny_http alone reads without bounds and aborts on a huge Content-Length; it is handed only what was checked here.

use super::answer;
use super::backend::BackendPool;
use super::connections::ConnectionGuard;
use super::limits::Limits;
use super::refusal::Refusal;
use super::request_head::{self as head, Head};
#[cfg(unix)]
pub(crate) use super::socket_dir::SocketDir;
use super::stream::ClientStream;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Instant;

/// No folder: the inner socket is a loopback port.
#[cfg(windows)]
pub(crate) enum SocketDir {}

/// The way from one listener to its own tiny_http server.
pub struct Gate {
    pool: BackendPool,
    /// Holds the socket, for this user alone; removed with the gate.
    folder: Option<SocketDir>,
}

/// Why there is no way to a tiny_http server.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The private folder for the inner socket cannot be made.
    #[error("cannot make a folder in '{}'", std::env::temp_dir().display())]
    Folder(#[source] io::Error),
    /// The inner socket cannot be opened.
    #[error("cannot open a socket in '{}'", std::env::temp_dir().display())]
    Socket(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl GateError {
    /// What to do next, one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Folder(_) => "set TMPDIR to a folder that this user may write to",
            Self::Socket(_) => "set TMPDIR to a folder with a short path",
        }
    }
}

/// How a conversation ended.
pub(crate) enum Ending {
    /// By the client, by its silence, or by an answer that was the last one.
    Quiet,
    /// By this refusal, which the client has been sent.
    Refused(Refusal),
}

impl Gate {
    /// Opens the inner socket, and a tiny_http server behind it: a Unix socket in a private folder; on Windows, where
    /// tiny_http has none, a loopback port.
    pub fn open() -> Result<(Gate, tiny_http::Server), GateError> {
        #[cfg(unix)]
        let (listener, address, folder) = {
            let folder = SocketDir::create().map_err(GateError::Folder)?;
            let address = folder.socket();
            let listener = std::os::unix::net::UnixListener::bind(&address);
            (listener.map_err(|source| GateError::Socket(source.into()))?, address, Some(folder))
        };
        #[cfg(windows)]
        let (listener, address, folder) = {
            let bound =
                std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| Ok((socket.local_addr()?, socket)));
            let (address, listener) = bound.map_err(|source| GateError::Socket(source.into()))?;
            (listener, address, None)
        };
        let server = tiny_http::Server::from_listener(listener, None).map_err(GateError::Socket)?;
        Ok((Gate { pool: BackendPool::new(address), folder }, server))
    }

    /// Hands over the folder of the inner socket, to be removed when the listener ends.
    pub(crate) fn take_folder(&mut self) -> Option<SocketDir> {
        self.folder.take()
    }

    /// Answers one client's requests, one after the other, until one side ends it.
    pub(crate) fn converse(
        &self,
        channel: &mut ClientStream,
        place: &ConnectionGuard,
        limits: &Limits,
    ) -> io::Result<Ending> {
        let mut received = Vec::new();
        loop {
            let refusal = match next_request(channel, &mut received, limits) {
                Ok(None) => return Ok(Ending::Quiet),
                Ok(Some((head, request))) => {
                    if !place.set_busy() {
                        return Ok(Ending::Quiet);
                    }
                    let answered = self.pool.exchange(&head, &request);
                    let keep_alive = place.set_idle() && head.keep_alive;
                    match answered {
                        Ok(Some(answer)) => {
                            send(channel, &answer, keep_alive, limits)?;
                            if keep_alive {
                                continue;
                            }
                            return Ok(Ending::Quiet);
                        }
                        Ok(None) => Refusal::new(503, "too many requests at once", "try again in a few seconds"),
                        Err(_) => Refusal::new(500, "no answer from the handler", "look at the server's messages"),
                    }
                }
                Err(Unread::Refused(refusal)) => refusal,
                Err(Unread::Failed(error)) => return Err(error),
            };
            channel.set_deadline(Instant::now() + limits.write);
            channel.write_all(&refusal.answer())?;
            channel.flush()?;
            return Ok(Ending::Refused(refusal));
        }
    }
}

enum Unread {
    Refused(Refusal),
    Failed(io::Error),
}

/// Reads one whole request and takes it out of `received`, which keeps what was sent after it (pipelining); `None` when
/// the client left or sent nothing in time.
fn next_request(
    channel: &mut ClientStream,
    received: &mut Vec<u8>,
    limits: &Limits,
) -> Result<Option<(Head, Vec<u8>)>, Unread> {
    if received.is_empty() {
        // An idle connection keeps no buffer.
        received.shrink_to_fit();
        channel.set_deadline(Instant::now() + limits.idle);
        match read_more(channel, received) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(None),
            Err(error) => return Err(Unread::Failed(error)),
        }
    }
    channel.set_deadline(Instant::now() + limits.head);
    let end = loop {
        // An empty line before a request is skipped (RFC 9112 §2.2).
        if received.starts_with(b"\r\n") {
            received.drain(..2);
        }
        match head::end(received).map_err(Unread::Refused)? {
            Some(end) => break end,
            None if more(channel, received, "request head not complete in time")? => {}
            None => return Ok(None),
        }
    };
    let head = head::check(&received[..end]).map_err(Unread::Refused)?;
    let whole = end + head.body_bytes;
    channel.set_deadline(Instant::now() + limits.body);
    while received.len() < whole {
        if !more(channel, received, "request body not complete in time")? {
            return Ok(None);
        }
    }
    let mut request = head.inner.clone();
    request.extend_from_slice(&received[end..whole]);
    received.drain(..whole);
    Ok(Some((head, request)))
}

/// Reads some more of a request; `false` when the client left.
fn more(channel: &mut ClientStream, received: &mut Vec<u8>, late: &'static str) -> Result<bool, Unread> {
    read_more(channel, received).map_err(|error| match error.kind() {
        ErrorKind::TimedOut => Unread::Refused(Refusal::new(408, late, "send the whole request at once")),
        _ => Unread::Failed(error),
    })
}

fn read_more(channel: &mut ClientStream, received: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0; 4096];
    let read = channel.read(&mut chunk)?;
    received.extend_from_slice(&chunk[..read]);
    Ok(read > 0)
}

/// Writes an answer in one piece; `Connection: close` is the gate's to say, as it alone decides.
fn send(channel: &mut ClientStream, answer: &[u8], keep_alive: bool, limits: &Limits) -> io::Result<()> {
    channel.set_deadline(Instant::now() + limits.write);
    channel.write_all(&answer::complete(answer, keep_alive))?;
    channel.flush()
}

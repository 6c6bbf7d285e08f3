//! The backend: one tiny_http server behind all listeners, and the connections to it. It answers, through a handler, what the
//! front has checked.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};
use tiny_http::{Response, Server};

use super::Refusal;
use super::limits::{ANSWER_BYTES_MAX, BACKEND_WAIT, HEADERS_MAX, PAGES_MAX, POSTS_MAX};
use super::private_socket::{self, Stream};
use super::request_head::{LISTENER_HEADER, Request};
use crate::store::LocalError;

/// Asks for nothing (RFC 9110 §9.3.7).
const PROBE: &[u8] = b"OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

/// How much of an answer is read at once: a page and its head. Every head fits.
const READ_BYTES: usize = 16 * 1024;

/// tiny_http and all connections to it: a request takes one, and gives it back with its answer.
pub(super) struct Backend {
    server: Server,
    connections: Vec<Arc<Stream>>,
    state: Mutex<State>,
    /// A connection was given back, or the server was stopped.
    changed: Condvar,
}

/// The connections that no request uses. Pages have their own, so that they load when every POST waits for a push service.
struct State {
    for_pages: Vec<Arc<Stream>>,
    for_posts: Vec<Arc<Stream>>,
    is_stopped: bool,
}

impl State {
    fn idle(&mut self, is_page: bool) -> &mut Vec<Arc<Stream>> {
        if is_page { &mut self.for_pages } else { &mut self.for_posts }
    }
}

impl Backend {
    /// Starts tiny_http on a private socket, opens every connection to it, and closes the socket.
    pub(super) fn open() -> Result<Backend, LocalError> {
        let (listener, connect) = private_socket::listen()?;
        let opened = || -> Result<_, Box<dyn Error + Send + Sync>> {
            let server = Server::from_listener(listener.try_clone()?, None)?;
            let open = |_| connection(&server, connect()?).map(Arc::new);
            let connections = (0..PAGES_MAX + POSTS_MAX).map(open).collect::<io::Result<Vec<_>>>()?;
            // From now on nobody else can connect. tiny_http stops accepting for good at the first error: here, when no connection
            // waits. One more connection wakes it, so that it asks again.
            listener.set_nonblocking(true)?;
            let _ = connect();
            let _ = server.recv_timeout(BACKEND_WAIT);
            Ok((server, connections))
        };
        let (server, connections) = opened().map_err(|source| {
            let hint = "allow this program at least 300 open files: ulimit -n 300";
            LocalError::new("cannot open the connections to tiny_http", hint).because(source)
        })?;
        let (for_pages, for_posts) = connections.split_at(PAGES_MAX);
        let state = State { for_pages: for_pages.to_vec(), for_posts: for_posts.to_vec(), is_stopped: false };
        Ok(Backend { server, connections, state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Starts tiny_http's loop. `handle` gets each request with the number of the listener that it came by.
    pub(super) fn serve(self: &Arc<Self>, handle: impl Fn(usize, tiny_http::Request) + Send + 'static) {
        let backend = Arc::clone(self);
        thread::spawn(move || {
            for request in backend.server.incoming_requests() {
                let mut headers = request.headers().iter();
                let listener = headers.find(|header| header.field.equiv(LISTENER_HEADER));
                // The front writes this header on every request. Without it the request is dropped, and tiny_http answers 500.
                if let Some(Ok(listener)) = listener.map(|header| header.value.as_str().parse()) {
                    handle(listener, request);
                }
            }
        });
    }

    /// Ends the loop, and what still waits for a handler: it is answered that the server was stopped.
    pub(super) fn stop(&self) {
        self.state.lock().is_stopped = true;
        self.changed.notify_all();
        for connection in &self.connections {
            let _ = connection.shutdown(Shutdown::Both);
        }
        self.server.unblock();
    }

    /// Sends a whole request to tiny_http and returns its whole answer, as HTTP/1.1.
    pub(super) fn exchange(&self, request: &Request) -> Result<Vec<u8>, Refusal> {
        let connection = self.take(request.is_page)?;
        let answer = ask(&connection, request);
        let mut state = self.state.lock();
        match answer {
            Ok(answer) => {
                state.idle(request.is_page).push(connection);
                // All of them: a single one might wait for the other kind.
                self.changed.notify_all();
                Ok(answer)
            }
            Err(_) if state.is_stopped => Err(stopped()),
            // Only a faulty handler leads here. The connection is not given back, because a late answer on it would be taken for the
            // answer to the next request.
            Err(_) => Err(Refusal::new(500, "no answer from the handler", "look at the server's messages")),
        }
    }

    fn take(&self, is_page: bool) -> Result<Arc<Stream>, Refusal> {
        let mut state = self.state.lock();
        let must_wait = |state: &mut State| state.idle(is_page).is_empty() && !state.is_stopped;
        self.changed.wait_while_for(&mut state, must_wait, BACKEND_WAIT);
        if state.is_stopped {
            return Err(stopped());
        }
        let busy = || Refusal::new(503, "too many requests at once", "try again in a few seconds");
        state.idle(is_page).pop().ok_or_else(busy)
    }
}

fn stopped() -> Refusal {
    let hint = "start it again; what you asked for may have been done already";
    Refusal::new(503, "the server was stopped before it had an answer", hint)
}

/// `stream`, a new connection to tiny_http, once it was answered. tiny_http 0.12 counts a thread as free until it has woken up, and
/// so may give it two connections that come at once; the second is then never served.
fn connection(server: &Server, stream: Stream) -> io::Result<Stream> {
    (&stream).write_all(PROBE)?;
    let probe = server.recv_timeout(BACKEND_WAIT)?.ok_or(ErrorKind::TimedOut)?;
    probe.respond(Response::empty(204))?;
    read_answer(&stream, false)?;
    Ok(stream)
}

fn ask(mut stream: &Stream, request: &Request) -> io::Result<Vec<u8>> {
    stream.write_all(&request.rewritten)?;
    read_answer(stream, request.bodiless)
}

fn read_answer(mut stream: &Stream, bodiless: bool) -> io::Result<Vec<u8>> {
    // Not on the stack: each connection has a new thread, and its stack's deeper pages cost a twentieth of a TLS handshake.
    let (mut answer, mut read) = (vec![0; READ_BYTES], 0);
    let whole = loop {
        match stream.read(&mut answer[read..])? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            more => read += more,
        }
        if let Some(whole) = answer_bytes(&answer[..read], bodiless).map_err(io::Error::other)? {
            break whole;
        }
    };
    if whole > ANSWER_BYTES_MAX || read > whole {
        return Err(ErrorKind::InvalidData.into());
    }
    answer.resize(whole, 0);
    stream.read_exact(&mut answer[read..])?;
    // The status line "HTTP/1.0 ..." becomes "HTTP/1.1 ...".
    answer[7] = b'1';
    Ok(answer)
}

/// Bytes of head and body together, once the head is whole (RFC 9112 §6.3: no body after HEAD, 1xx, 204, 304). tiny_http gives
/// every other answer a Content-Length, because the front asks as HTTP/1.0.
fn answer_bytes(answer: &[u8], bodiless: bool) -> Result<Option<usize>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = response.parse(answer)? else {
        return Ok(None);
    };
    if bodiless || matches!(response.code, Some(100..=199 | 204 | 304)) {
        return Ok(Some(head_bytes));
    }
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    length.map(|length: usize| Some(head_bytes.saturating_add(length))).ok_or(httparse::Error::HeaderValue)
}

#[cfg(all(test, unix))]
mod tests;

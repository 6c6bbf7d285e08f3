//! The pool of connections to tiny_http: one is checked out for one request, then returned.

use super::request_head::Head;
use crate::http::limits::INNER_MAX;
use std::io::{self, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(windows)]
pub(super) type Address = std::net::SocketAddr;
#[cfg(unix)]
pub(super) type Address = std::path::PathBuf;
#[cfg(windows)]
type Stream = std::net::TcpStream;
#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;

/// Of `INNER_MAX`, how many are never taken by what may wait for a push service: pages are answered while all others hang.
const FOR_PAGES: usize = 8;
/// How long a request may wait for its turn.
const TURN: Duration = Duration::from_secs(10);
/// How long a handler may take. Handlers have their own time limits (a push: 15 s, a few retries); this one only
/// keeps a lost one from holding its connection for ever.
const ANSWER: Duration = Duration::from_secs(300);
/// Longest head and body of an answer: our own files and lists, far below.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Asks for nothing (RFC 9110 §9.3.7).
const NOTHING: &[u8] = b"OPTIONS * HTTP/1.1\r\n\r\n";

pub(super) struct BackendPool {
    address: Address,
    opening: Mutex<()>,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Stream>,
    out: usize,
    /// Of those out, neither GET nor HEAD.
    slow: usize,
    /// Requests that wait for a turn: with none, nobody is woken, which would be a system call each time.
    waiting: usize,
}

impl State {
    fn is_full(&self, repeatable: bool) -> bool {
        self.out >= INNER_MAX || (!repeatable && self.slow >= INNER_MAX - FOR_PAGES)
    }
}

impl BackendPool {
    pub(super) fn new(address: Address) -> Self {
        Self { address, opening: Mutex::new(()), state: Mutex::default(), returned: Condvar::new() }
    }

    /// Hands a whole request to tiny_http and returns its whole answer, as HTTP/1.1; `None` when no turn came.
    pub(super) fn exchange(&self, head: &Head, request: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let Some((turn, pooled)) = self.turn(head.repeatable) else {
            return Ok(None);
        };
        let answered = match pooled {
            None => self.connect().and_then(|stream| converse(stream, head, request).map_err(|failed| failed.error)),
            Some(stream) => {
                converse(stream, head, request).or_else(|failed| match failed.sure_unanswered {
                    // Found dead: tiny_http cannot have acted on it, or acting twice does no harm.
                    true => self.connect().and_then(|stream| converse(stream, head, request).map_err(|f| f.error)),
                    false => Err(failed.error),
                })
            }
        };
        let (stream, answer) = answered?;
        turn.give_back(stream);
        Ok(Some(answer))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, repeatable: bool) -> Option<(Turn<'_>, Option<Stream>)> {
        let mut state = self.lock();
        state.waiting += 1;
        let waited = self.returned.wait_timeout_while(state, TURN, |state| state.is_full(repeatable));
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if waited.timed_out() {
            return None;
        }
        state.out += 1;
        state.slow += usize::from(!repeatable);
        let turn = Turn { pool: self, repeatable };
        Some((turn, state.idle.pop()))
    }

    /// tiny_http 0.12 counts a thread as free until it has woken up, and so may give it two connections that come at
    /// once; the second is then never served. So the next one is opened only when the last was answered.
    fn connect(&self) -> io::Result<Stream> {
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stream = Stream::connect(&self.address)?;
        #[cfg(windows)]
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TURN))?;
        stream.set_write_timeout(Some(TURN))?;
        stream.write_all(NOTHING)?;
        read_answer(&mut stream, false, &mut Vec::new())?;
        stream.set_read_timeout(Some(ANSWER))?;
        Ok(stream)
    }
}

/// The right to use one inner connection; it ends when dropped.
struct Turn<'p> {
    pool: &'p BackendPool,
    repeatable: bool,
}

impl Turn<'_> {
    fn give_back(&self, stream: Stream) {
        self.pool.lock().idle.push(stream);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.out -= 1;
        state.slow -= usize::from(!self.repeatable);
        if state.waiting > 0 {
            // All, since the one woken might be a POST that may not go yet, before a GET that may.
            self.pool.returned.notify_all();
        }
    }
}

struct Failed {
    error: io::Error,
    /// No byte of an answer came, and the request was not sent whole or may be sent twice.
    sure_unanswered: bool,
}

fn converse(mut stream: Stream, head: &Head, request: &[u8]) -> Result<(Stream, Vec<u8>), Failed> {
    stream.write_all(request).map_err(|error| Failed { error, sure_unanswered: true })?;
    let mut answer = Vec::new();
    match read_answer(&mut stream, head.bodiless, &mut answer) {
        Ok(()) => Ok((stream, answer)),
        Err(error) => {
            let ended = error.kind() != io::ErrorKind::WouldBlock && error.kind() != io::ErrorKind::TimedOut;
            Err(Failed { error, sure_unanswered: ended && answer.is_empty() && head.repeatable })
        }
    }
}

fn read_answer(stream: &mut Stream, bodiless: bool, answer: &mut Vec<u8>) -> io::Result<()> {
    let garbled = || io::Error::from(io::ErrorKind::InvalidData);
    let mut chunk = [0; 4096];
    let whole = loop {
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => answer.extend_from_slice(&chunk[..read]),
        }
        if let Some(whole) = answer_bytes(answer, bodiless).map_err(|_| garbled())? {
            break whole;
        }
    };
    if whole > ANSWER_BYTES_MAX || answer.len() > whole {
        return Err(garbled());
    }
    let read = answer.len();
    answer.resize(whole, 0);
    stream.read_exact(&mut answer[read..])?;
    // The status line "HTTP/1.0 ..." becomes "HTTP/1.1 ...".
    answer[7] = b'1';
    Ok(())
}

/// Bytes of head and body together, once the head is whole (RFC 9112 §6.3: no body after HEAD, 1xx, 204, 304).
fn answer_bytes(answer: &[u8], bodiless: bool) -> Result<Option<usize>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = response.parse(answer)? else {
        return Ok(None);
    };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length =
        length.and_then(|header| std::str::from_utf8(header.value).ok()).and_then(|digits| digits.parse().ok());
    match response.code {
        _ if bodiless => Ok(Some(head_bytes)),
        Some(100..=199 | 204 | 304) => Ok(Some(head_bytes)),
        _ => length
            .map(|body_bytes: usize| Some(head_bytes.saturating_add(body_bytes)))
            .ok_or(httparse::Error::HeaderValue),
    }
}

#[cfg(all(test, unix))]
mod tests;

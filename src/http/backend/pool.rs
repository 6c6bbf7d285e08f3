//! The connections to tiny_http: one is taken for one request, then given back.

use crate::http::limits::{ANSWER_BYTES_MAX, ANSWER_TIME, PERMIT_WAIT, PERMITS, PERMITS_FOR_PAGES};
use crate::http::request::Request;
use parking_lot::{Condvar, Mutex};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, Weak};

#[cfg(windows)]
type Address = std::net::SocketAddr;
#[cfg(unix)]
type Address = std::path::PathBuf;
#[cfg(windows)]
type Stream = std::net::TcpStream;
#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;

/// Asks for nothing (RFC 9110 §9.3.7).
const PROBE: &[u8] = b"OPTIONS * HTTP/1.1\r\n\r\n";

/// At most [`PERMITS`] connections to tiny_http.
pub(crate) struct BackendPool {
    address: Address,
    /// Held while a connection is opened.
    opening: Mutex<()>,
    state: Mutex<State>,
    /// A permit was given back, or the pool was stopped.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Arc<Stream>>,
    /// All connections, for [`BackendPool::stop`].
    opened: Vec<Weak<Stream>>,
    /// Permits given out.
    permits: usize,
    /// Of these, to requests that are neither GET nor HEAD.
    permits_for_posts: usize,
    is_stopped: bool,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// No permit came free in time.
    Busy,
    /// The server was stopped.
    Stopped,
    /// The connection to tiny_http failed, or the handler did not answer.
    Failed(io::Error),
}

impl State {
    fn is_full(&self, repeatable: bool) -> bool {
        self.permits >= PERMITS || (!repeatable && self.permits_for_posts >= PERMITS - PERMITS_FOR_PAGES)
    }
}

impl BackendPool {
    pub(super) fn new(address: Address) -> Self {
        Self { address, opening: Mutex::new(()), state: Mutex::default(), changed: Condvar::new() }
    }

    /// Sends a whole request to tiny_http and returns its whole answer, as HTTP/1.1.
    pub(crate) fn exchange(&self, request: &Request) -> Result<Vec<u8>, ExchangeError> {
        let (permit, pooled) = self.acquire(request.head.repeatable)?;
        let (stream, answer) = self.ask(pooled, request).map_err(|error| match self.state.lock().is_stopped {
            true => ExchangeError::Stopped,
            false => ExchangeError::Failed(error),
        })?;
        permit.give_back(stream);
        Ok(answer)
    }

    /// Ends every connection, so that each [`BackendPool::exchange`] ends.
    pub(super) fn stop(&self) {
        let mut state = self.state.lock();
        state.is_stopped = true;
        for stream in state.opened.iter().filter_map(Weak::upgrade) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    fn acquire(&self, repeatable: bool) -> Result<(Permit<'_>, Option<Arc<Stream>>), ExchangeError> {
        let mut state = self.state.lock();
        let must_wait = |state: &mut State| state.is_full(repeatable) && !state.is_stopped;
        let waited = self.changed.wait_while_for(&mut state, must_wait, PERMIT_WAIT);
        if state.is_stopped {
            return Err(ExchangeError::Stopped);
        }
        if waited.timed_out() {
            return Err(ExchangeError::Busy);
        }
        state.permits += 1;
        state.permits_for_posts += usize::from(!repeatable);
        Ok((Permit { pool: self, repeatable }, state.idle.pop()))
    }

    /// Asks on a pooled connection; on a new one when there is none, or when it was found dead: then tiny_http cannot have
    /// acted on the request, or acting twice does no harm.
    fn ask(&self, pooled: Option<Arc<Stream>>, request: &Request) -> io::Result<(Arc<Stream>, Vec<u8>)> {
        if let Some(stream) = pooled {
            match exchange_on(&stream, request) {
                Ok(answer) => return Ok((stream, answer)),
                Err(failed) if !failed.may_repeat => return Err(failed.error),
                Err(_) => {}
            }
        }
        let stream = self.connect()?;
        let answer = exchange_on(&stream, request).map_err(|failed| failed.error)?;
        Ok((stream, answer))
    }

    /// tiny_http 0.12 counts a thread as free until it has woken up, and so may give it two connections that come at
    /// once; the second is then never served. So the next one is opened only when the last was answered.
    fn connect(&self) -> io::Result<Arc<Stream>> {
        let _alone = self.opening.lock();
        let stream = Arc::new(Stream::connect(&self.address)?);
        {
            let mut state = self.state.lock();
            if state.is_stopped {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            state.opened.retain(|opened| opened.strong_count() > 0);
            state.opened.push(Arc::downgrade(&stream));
        }
        #[cfg(windows)]
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PERMIT_WAIT))?;
        stream.set_write_timeout(Some(PERMIT_WAIT))?;
        (&*stream).write_all(PROBE)?;
        read_answer(&stream, false, &mut Vec::new())?;
        stream.set_read_timeout(Some(ANSWER_TIME))?;
        Ok(stream)
    }
}

/// The right to use one connection to tiny_http; it ends when dropped.
struct Permit<'p> {
    pool: &'p BackendPool,
    repeatable: bool,
}

impl Permit<'_> {
    fn give_back(&self, stream: Arc<Stream>) {
        self.pool.state.lock().idle.push(stream);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        state.permits -= 1;
        state.permits_for_posts -= usize::from(!self.repeatable);
        // All of them: a single one might be a POST that must go on waiting, before a GET that need not.
        self.pool.changed.notify_all();
    }
}

struct Unanswered {
    error: io::Error,
    /// No byte of an answer came, and the request was not sent whole or may be sent twice.
    may_repeat: bool,
}

fn exchange_on(mut stream: &Stream, request: &Request) -> Result<Vec<u8>, Unanswered> {
    stream.write_all(&request.bytes).map_err(|error| Unanswered { error, may_repeat: true })?;
    let mut answer = Vec::new();
    match read_answer(stream, request.head.bodiless, &mut answer) {
        Ok(()) => Ok(answer),
        Err(error) => {
            let ended = error.kind() != io::ErrorKind::WouldBlock && error.kind() != io::ErrorKind::TimedOut;
            let may_repeat = ended && answer.is_empty() && request.head.repeatable;
            Err(Unanswered { error, may_repeat })
        }
    }
}

fn read_answer(mut stream: &Stream, bodiless: bool, answer: &mut Vec<u8>) -> io::Result<()> {
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

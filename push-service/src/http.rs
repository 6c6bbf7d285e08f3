//! HTTP/1.1 requests, read from a socket. A push service for tests must be able to break every rule of HTTP, so a server crate
//! cannot do this. Every read is bounded and has a time limit.

use crate::response::Response;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A sender's or a browser's head has a few hundred bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// Read to be refused with 413; whatever is longer ends the connection.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long a connection may be idle between two requests.
const IDLE_LIMIT: Duration = Duration::from_secs(300);
/// How long a head, or a body, may take from its first byte to its last.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
/// How long the rest of an unreadable request is read.
const REFUSAL_LIMIT: Duration = Duration::from_secs(1);
/// How long the other end may refuse to take what is sent.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// A sender's or a browser's connection.
pub(crate) struct Connection {
    stream: Stream,
    deadline: Instant,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Connection {
    pub(crate) fn plain(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_write_timeout(Some(WRITE_LIMIT))?;
        Ok(Self { stream: Stream::Plain(tcp), deadline: Instant::now() + IDLE_LIMIT })
    }

    pub(crate) fn tls(tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut connection = Self::plain(tcp)?;
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        if let Stream::Plain(tcp) = connection.stream {
            connection.stream = Stream::Tls(Box::new(StreamOwned::new(session, tcp)));
        }
        Ok(connection)
    }

    /// The socket of a connection without TLS.
    pub(crate) fn as_plain(&self) -> Option<&TcpStream> {
        match &self.stream {
            Stream::Plain(tcp) => Some(tcp),
            Stream::Tls(_) => None,
        }
    }

    /// Reads fail from now + `limit` on.
    pub(crate) fn limit_reads(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
    }

    /// Reads one request's head; `None` when the other end has closed instead. What follows the head stays in the socket:
    /// `read_body`, a WebSocket and TLS start there.
    pub(crate) fn read_head(&mut self) -> io::Result<Option<RequestHead>> {
        self.limit_reads(IDLE_LIMIT);
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let (read, seen) = (bytes.len(), self.peek(&mut chunk)?);
            match seen {
                0 if read == 0 => return Ok(None),
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                _ if read == 0 => self.limit_reads(REQUEST_LIMIT),
                _ => {}
            }
            bytes.extend_from_slice(&chunk[..seen]);
            let parsed = RequestHead::parse(&bytes).map_err(|why| self.refuse(why))?;
            self.skip(parsed.as_ref().map_or(bytes.len(), |(_, length)| *length) - read)?;
            if let Some((head, _)) = parsed {
                return Ok(Some(head));
            }
            if bytes.len() >= MAX_HEAD_BYTES {
                return Err(self.refuse("the head is longer than 16 KiB"));
            }
        }
    }

    /// Copies the bytes that come next and leaves them in the socket: how many; 0 when the other end has closed.
    fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.set_read_timeout()?;
        match &mut self.stream {
            Stream::Plain(tcp) => tcp.peek(buffer),
            Stream::Tls(tls) => {
                let bytes = tls.fill_buf()?;
                let length = bytes.len().min(buffer.len());
                buffer[..length].copy_from_slice(&bytes[..length]);
                Ok(length)
            }
        }
    }

    /// Drops bytes that `peek` has copied.
    fn skip(&mut self, count: usize) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(tcp) => {
                let mut peeked = [0; 4096];
                tcp.read_exact(&mut peeked[..count])
            }
            Stream::Tls(tls) => {
                tls.consume(count);
                Ok(())
            }
        }
    }

    /// Reads the body.
    pub(crate) fn read_body(&mut self, head: &RequestHead) -> io::Result<Vec<u8>> {
        self.limit_reads(REQUEST_LIMIT);
        let mut body = vec![0; head.content_length().map_err(|why| self.refuse(why))?];
        self.read_exact(&mut body)?;
        Ok(body)
    }

    /// Answers a request that cannot be read and ends the connection. What is still to come is read for a moment, so that the
    /// answer is not lost by a reset.
    fn refuse(&mut self, why: &str) -> io::Error {
        let response = Response::new(400).body("text/plain; charset=utf-8", format!("push-service: {why}\n"));
        if self.write_all(&response.to_bytes()).and_then(|()| self.flush()).is_ok() {
            self.close();
            self.limit_reads(REFUSAL_LIMIT);
            while self.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
        }
        io::Error::new(ErrorKind::InvalidData, why)
    }

    /// Ends the sending direction.
    pub(crate) fn close(&mut self) {
        // The other end may have closed already.
        match &mut self.stream {
            Stream::Plain(tcp) => _ = tcp.shutdown(Shutdown::Write),
            Stream::Tls(tls) => {
                tls.conn.send_close_notify();
                _ = tls.flush();
            }
        }
    }

    /// Makes the system send RST when the connection is dropped. Over TLS it ends without close_notify instead.
    pub(crate) fn reset_when_dropped(&self) -> io::Result<()> {
        self.as_plain().map_or(Ok(()), |tcp| SockRef::from(tcp).set_linger(Some(Duration::ZERO)))
    }

    fn set_read_timeout(&self) -> io::Result<()> {
        let tcp = match &self.stream {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => &tls.sock,
        };
        // Zero would mean no limit at all.
        let left = self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        tcp.set_read_timeout(Some(left))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.set_read_timeout()?;
        match &mut self.stream {
            Stream::Plain(tcp) => tcp.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(tcp) => tcp.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}

/// A request's first line and headers.
#[derive(Clone, Debug)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    /// With its query; of CONNECT, host and port.
    pub(crate) path: String,
    /// Names as sent, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
}

impl RequestHead {
    /// The head at the start of `bytes` and its length, when it is whole.
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, &'static str> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let length = match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("the head is not HTTP/1.1, or has more than 64 headers"),
        };
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let head = Self {
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            headers: request.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
        };
        Ok(Some((head, length)))
    }

    /// The first header of this name, upper and lower case alike.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    fn content_length(&self) -> Result<usize, &'static str> {
        if self.header("Transfer-Encoding").is_some() {
            return Err("send the body with Content-Length, not with Transfer-Encoding");
        }
        match self.header("Content-Length").map(str::parse) {
            None => Ok(0),
            Some(Ok(length)) if length <= MAX_BODY_BYTES => Ok(length),
            Some(_) => Err("Content-Length is not a number of at most 1 MiB"),
        }
    }
}

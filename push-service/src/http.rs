//! HTTP/1.1 requests, read from a socket. A push service for tests must be able to break every rule of HTTP, so a server crate
//! cannot do this. Every read is bounded and has a time limit.

use crate::{Limits, Response};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A sender's or a browser's head has a few hundred bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// Read to be refused with 413; whatever is longer ends the connection.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long the rest of an unreadable request is read.
const REFUSAL_LIMIT: Duration = Duration::from_secs(1);
/// How long the other end may refuse to take what is sent.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// A socket whose reads are buffered and fail after a deadline.
pub(crate) struct Socket {
    pub(crate) tcp: BufReader<TcpStream>,
    deadline: Instant,
    limits: Limits,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, limits: Limits) -> io::Result<Self> {
        tcp.set_write_timeout(Some(WRITE_LIMIT))?;
        Ok(Self { tcp: BufReader::new(tcp), deadline: Instant::now() + limits.idle, limits })
    }

    fn before_deadline(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        if self.tcp.buffer().is_empty() {
            // Zero would mean no limit at all.
            let left = self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.tcp.get_ref().set_read_timeout(Some(left))?;
        }
        Ok(&mut self.tcp)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.before_deadline()?.read(buffer)
    }
}

impl BufRead for Socket {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.before_deadline()?.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.tcp.consume(count);
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sender's or a browser's connection.
pub(crate) enum Connection {
    Plain(Socket),
    Tls(Box<StreamOwned<ServerConnection, Socket>>),
}

impl Connection {
    pub(crate) fn tls(socket: Socket, config: Arc<ServerConfig>) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, socket))))
    }

    fn socket(&mut self) -> &mut Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => &mut tls.sock,
        }
    }

    pub(crate) fn reader(&mut self) -> &mut dyn BufRead {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls,
        }
    }

    /// Sends all of it at once.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let writer: &mut dyn Write = match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls,
        };
        writer.write_all(bytes)?;
        writer.flush()
    }

    /// Reads fail from now + `limit` on.
    pub(crate) fn limit_reads(&mut self, limit: Duration) {
        self.socket().deadline = Instant::now() + limit;
    }

    /// Reads one request's head; `None` when the other end has closed instead. What follows the head stays: `read_body` and TLS
    /// start there.
    pub(crate) fn read_head(&mut self) -> io::Result<Option<RequestHead>> {
        let limits = self.socket().limits;
        self.limit_reads(limits.idle);
        let mut bytes = Vec::new();
        loop {
            let (read, more) = (bytes.len(), self.reader().fill_buf()?);
            match (read, more) {
                (0, []) => return Ok(None),
                (_, []) => return Err(ErrorKind::UnexpectedEof.into()),
                _ => bytes.extend_from_slice(more),
            }
            if read == 0 {
                self.limit_reads(limits.request);
            }
            let parsed = RequestHead::parse(&bytes).map_err(|why| self.refuse(why))?;
            self.reader().consume(parsed.as_ref().map_or(bytes.len(), |(_, length)| *length) - read);
            if let Some((head, _)) = parsed {
                return Ok(Some(head));
            }
            if bytes.len() >= MAX_HEAD_BYTES {
                return Err(self.refuse("the head is longer than 16 KiB"));
            }
        }
    }

    pub(crate) fn read_body(&mut self, head: &RequestHead) -> io::Result<Vec<u8>> {
        let limit = self.socket().limits.request;
        self.limit_reads(limit);
        let mut body = vec![0; head.content_length().map_err(|why| self.refuse(why))?];
        self.reader().read_exact(&mut body)?;
        Ok(body)
    }

    /// Answers a request that cannot be read and ends the connection. What is still to come is read for a moment, so that the
    /// answer is not lost by a reset.
    fn refuse(&mut self, why: &str) -> io::Error {
        let response = Response::new(400).body("text/plain; charset=utf-8", format!("push-service: {why}\n"));
        if self.send(&response.to_bytes()).is_ok() {
            self.close();
            self.limit_reads(REFUSAL_LIMIT);
            _ = io::copy(&mut self.reader(), &mut io::sink());
        }
        io::Error::new(ErrorKind::InvalidData, why)
    }

    /// Ends the sending direction.
    pub(crate) fn close(&mut self) {
        // The other end may have closed already.
        if let Self::Tls(tls) = self {
            tls.conn.send_close_notify();
            _ = tls.flush();
        }
        _ = self.socket().tcp.get_ref().shutdown(Shutdown::Write);
    }

    /// Makes the system send RST when the connection is dropped. Over TLS it ends without close_notify instead.
    pub(crate) fn reset_when_dropped(&self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => SockRef::from(socket.tcp.get_ref()).set_linger(Some(Duration::ZERO)),
            Self::Tls(_) => Ok(()),
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

//! HTTP/1.1 requests, read from a socket. A push service for tests must be able to break every rule of HTTP, so this is not a
//! server crate's work.

use rustls::{ServerConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

/// A sender's or a browser's head has a few hundred bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// Read to be refused with 413; whatever is longer ends the connection.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A sender's or a browser's connection.
pub(crate) enum Connection {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Connection {
    /// Reads one request's head; `None` when the other end has closed instead.
    pub(crate) fn read_head(&mut self) -> io::Result<Option<RequestHead>> {
        let mut bytes = Vec::with_capacity(1024);
        let mut byte = [0];
        // One byte at a time, so that what follows the head stays in the socket: `read_body` and a
        // WebSocket start there.
        while !bytes.ends_with(b"\r\n\r\n") {
            if bytes.len() == MAX_HEAD_BYTES {
                return Err(invalid("the head is too long"));
            }
            match self.read(&mut byte)? {
                0 if bytes.is_empty() => return Ok(None),
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                _ => bytes.push(byte[0]),
            }
        }
        RequestHead::parse(&bytes).map(Some)
    }

    /// Reads the body. With `leave_one` its last byte is looked at but stays in the socket (plain TCP
    /// only): closing it then makes the system send RST.
    pub(crate) fn read_body(&mut self, head: &RequestHead, leave_one: bool) -> io::Result<Vec<u8>> {
        let mut body = vec![0; head.content_length()?];
        if let (Connection::Plain(tcp), Some(last), true) = (&mut *self, body.len().checked_sub(1), leave_one) {
            tcp.read_exact(&mut body[..last])?;
            tcp.peek(&mut body[last..])?;
        } else {
            self.read_exact(&mut body)?;
        }
        Ok(body)
    }

    /// Ends the sending direction.
    pub(crate) fn close(&mut self) {
        // The other end may have closed already.
        match self {
            Connection::Plain(tcp) => _ = tcp.shutdown(Shutdown::Write),
            Connection::Tls(tls) => {
                tls.conn.send_close_notify();
                _ = tls.flush();
            }
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Connection::Plain(tcp) => tcp.read(buffer),
            Connection::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Connection::Plain(tcp) => tcp.write(bytes),
            Connection::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Connection::Plain(tcp) => tcp.flush(),
            Connection::Tls(tls) => tls.flush(),
        }
    }
}

/// A request's first line and headers.
#[derive(Clone, Debug)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names as sent, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
}

impl RequestHead {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            _ => return Err(invalid("the head is not HTTP/1.1")),
        }
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Ok(Self {
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            headers: request.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
        })
    }

    /// The first header of this name, upper and lower case alike.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    fn content_length(&self) -> io::Result<usize> {
        if self.header("Transfer-Encoding").is_some() {
            return Err(invalid("only Content-Length frames a body here"));
        }
        match self.header("Content-Length").map(str::parse) {
            None => Ok(0),
            Some(Ok(length)) if length <= MAX_BODY_BYTES => Ok(length),
            Some(_) => Err(invalid("the Content-Length is unusable")),
        }
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

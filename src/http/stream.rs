//! One client's bytes, plain or TLS, each read and write ended by a deadline.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A TCP stream whose reads and writes fail with `TimedOut` after the deadline, however many bytes drip in.
pub(crate) struct DeadlineStream {
    tcp: Arc<TcpStream>,
    deadline: Instant,
}

impl DeadlineStream {
    pub(crate) fn new(tcp: Arc<TcpStream>, deadline: Instant) -> Self {
        Self { tcp, deadline }
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        // A zero timeout would mean none at all.
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }

    fn readable(&self) -> io::Result<&TcpStream> {
        self.tcp.set_read_timeout(self.left()?)?;
        Ok(&self.tcp)
    }

    fn writable(&self) -> io::Result<&TcpStream> {
        self.tcp.set_write_timeout(self.left()?)?;
        Ok(&self.tcp)
    }

    /// The first byte, left in place; `None` when the client sent none and left.
    pub(crate) fn first_byte(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let read = self.readable()?.peek(&mut byte).map_err(timed_out)?;
        Ok((read > 0).then_some(byte[0]))
    }
}

/// A socket timeout is `WouldBlock` on Unix, `TimedOut` on Windows.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

impl Read for DeadlineStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.readable()?.read(buffer).map_err(timed_out)
    }
}

impl Write for DeadlineStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writable()?.write(bytes).map_err(timed_out)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.writable()?.write_vectored(slices).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What requests are read from and answers are written to.
pub(crate) enum ClientStream {
    Plain(DeadlineStream),
    Tls(Box<StreamOwned<ServerConnection, DeadlineStream>>),
}

impl ClientStream {
    /// Shakes hands, until the deadline `socket` has.
    pub(crate) fn tls(config: Arc<ServerConfig>, socket: DeadlineStream) -> io::Result<Self> {
        let connection = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            if stream.conn.complete_io(&mut stream.sock)? == (0, 0) {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Self::Tls(Box::new(stream)))
    }

    fn socket(&mut self) -> &mut DeadlineStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &mut stream.sock,
        }
    }

    /// Everything from now on has to end by this moment.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        self.socket().deadline = deadline;
    }

    /// Writes a whole answer, which the client has `time` to read.
    pub(crate) fn send(&mut self, answer: &[u8], time: Duration) -> io::Result<()> {
        self.set_deadline(Instant::now() + time);
        self.write_all(answer)?;
        self.flush()
    }

    /// Ends our side (TLS: with close_notify), then reads and throws away what still comes, for as long as `linger`: closing
    /// with unread bytes would send a reset, and the client might lose the answer.
    pub(crate) fn finish(mut self, linger: Duration) {
        self.set_deadline(Instant::now() + linger);
        if let Self::Tls(stream) = &mut self {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        let socket = self.socket();
        let _ = socket.tcp.shutdown(Shutdown::Write);
        let mut ignored = [0; 4096];
        while socket.read(&mut ignored).is_ok_and(|read| read > 0) {}
    }
}

impl Read for ClientStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for ClientStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

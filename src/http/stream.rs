//! One client's bytes, plain or TLS, each read and write ended by a deadline.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, Stream};

/// A TCP stream whose reads and writes fail with `TimedOut` after the deadline, however many bytes drip in.
struct DeadlineStream {
    tcp: Arc<TcpStream>,
    deadline: Instant,
}

impl DeadlineStream {
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
pub(crate) struct ClientStream {
    socket: DeadlineStream,
    tls: Option<ServerConnection>,
}

impl ClientStream {
    /// A plain one, with a deadline after `time`.
    pub(crate) fn new(tcp: Arc<TcpStream>, time: Duration) -> Self {
        Self { socket: DeadlineStream { tcp, deadline: Instant::now() + time }, tls: None }
    }

    /// The first byte, left in place.
    pub(crate) fn first_byte(&self) -> io::Result<u8> {
        let mut byte = [0];
        match self.socket.readable()?.peek(&mut byte)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(byte[0]),
        }
    }

    /// Speaks TLS from now on.
    pub(crate) fn shake_hands(&mut self, config: &Arc<ServerConfig>) -> io::Result<()> {
        let tls = self.tls.insert(ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?);
        while tls.is_handshaking() {
            if tls.complete_io(&mut self.socket)? == (0, 0) {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Everything from now on has to end within `time`.
    pub(crate) fn set_deadline(&mut self, time: Duration) {
        self.socket.deadline = Instant::now() + time;
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.read(buffer),
            Some(tls) => Stream::new(tls, &mut self.socket).read(buffer),
        }
    }

    /// Writes a whole answer, which the client has `time` to read.
    pub(crate) fn send(&mut self, answer: &[u8], time: Duration) -> io::Result<()> {
        self.set_deadline(time);
        match &mut self.tls {
            None => self.socket.write_all(answer),
            Some(tls) => {
                let mut stream = Stream::new(tls, &mut self.socket);
                stream.write_all(answer)?;
                stream.flush()
            }
        }
    }

    /// Ends our side (TLS: with close_notify), then reads and throws away what still comes, for as long as `linger`: closing
    /// with unread bytes would send a reset, and the client might lose the answer.
    pub(crate) fn finish(mut self, linger: Duration) {
        self.set_deadline(linger);
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = Stream::new(tls, &mut self.socket).flush();
        }
        let _ = self.socket.tcp.shutdown(Shutdown::Write);
        let mut ignored = [0; 4096];
        while self.socket.read(&mut ignored).is_ok_and(|read| read > 0) {}
    }
}

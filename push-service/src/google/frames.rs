//! The frames of the message channel, over TLS that one thread reads while others write.
//!
//! ```text
//! version (1 byte, once in each direction) | tag (1 byte) | length (varint) | protocol buffer | tag | length | ...
//! ```

use parking_lot::Mutex;
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// The version that Chromium 156 sends and expects.
pub(super) const VERSION: u8 = 41;
/// The largest is a login with the names of the messages that were not acknowledged: 1,000 at 34 bytes each.
const LONGEST_FRAME_BYTES: usize = 64 * 1024;

/// One message: what it is, and its protocol buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) tag: u8,
    pub(super) message: Vec<u8>,
}

/// A TLS connection. Its lock is never held while it waits for bytes.
pub(super) struct SharedTls {
    session: Mutex<ServerConnection>,
    pub(super) socket: TcpStream,
}

impl SharedTls {
    pub(super) fn new(config: Arc<ServerConfig>, socket: TcpStream) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Self { session: Mutex::new(session), socket })
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut session = self.session.lock();
        session.writer().write_all(bytes)?;
        self.flush(&mut session)
    }

    /// Waits for bytes and appends what they decrypt to, which may be nothing yet; `false` when the other end has left.
    fn read(&self, plaintext: &mut Vec<u8>) -> io::Result<bool> {
        let mut ciphertext = [0; 4096];
        let length = (&self.socket).read(&mut ciphertext)?;
        let mut session = self.session.lock();
        let mut rest = &ciphertext[..length];
        while !rest.is_empty() {
            session.read_tls(&mut rest)?;
            session.process_new_packets().map_err(io::Error::other)?;
            match session.reader().read_to_end(plaintext) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        self.flush(&mut session)?;
        Ok(length > 0)
    }

    fn flush(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            session.write_tls(&mut &self.socket)?;
        }
        Ok(())
    }
}

/// The frames that arrive, in order.
#[derive(Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    greeted: bool,
}

impl Frames {
    /// Waits for the next frame; `None` when the other end has left.
    pub(super) fn next(&mut self, tls: &SharedTls) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(Some(frame));
            }
            if !tls.read(&mut self.bytes)? {
                return Ok(None);
            }
        }
    }

    /// The first frame of the bytes so far, when it is whole.
    fn take(&mut self) -> io::Result<Option<Frame>> {
        if !self.greeted {
            match self.bytes.first() {
                None => return Ok(None),
                Some(&VERSION) => _ = self.bytes.remove(0),
                Some(_) => return Err(invalid("another version of the message channel")),
            }
            self.greeted = true;
        }
        let Some((&tag, rest)) = self.bytes.split_first() else {
            return Ok(None);
        };
        let mut after_length = rest;
        let length = match prost::decode_length_delimiter(&mut after_length) {
            Ok(length) if length > LONGEST_FRAME_BYTES => return Err(invalid("the frame is too long")),
            Ok(length) if length <= after_length.len() => length,
            // A varint of a length that is allowed has at most 3 bytes.
            Err(_) if rest.len() >= 3 => return Err(invalid("the frame's length is not a number")),
            _ => return Ok(None),
        };
        let start = self.bytes.len() - after_length.len();
        let message = self.bytes[start..start + length].to_vec();
        self.bytes.drain(..start + length);
        Ok(Some(Frame { tag, message }))
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn take(frames: &mut Frames, bytes: &[u8]) -> Option<Frame> {
        frames.bytes.extend(bytes);
        frames.take().unwrap()
    }

    #[test]
    fn frames_are_found_however_the_bytes_arrive() {
        let bytes = [VERSION, 2, 3, b'a', b'b', b'c', 0, 0, 7, 0x80, 0x01];
        let mut wire = bytes.to_vec();
        wire.extend([9; 128]);
        let frame = |tag, message: &[u8]| Frame { tag, message: message.to_vec() };
        let expected = [frame(2, b"abc"), frame(0, b""), frame(7, &[9; 128])];

        let mut at_once = Frames::default();
        at_once.bytes.extend(&wire);
        let found: Vec<_> = std::iter::from_fn(|| at_once.take().unwrap()).collect();
        assert_eq!(found, expected);

        let mut byte_by_byte = Frames::default();
        let found: Vec<_> = wire.iter().filter_map(|&byte| take(&mut byte_by_byte, &[byte])).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn another_version_an_endless_length_and_a_huge_frame_end_the_connection() {
        for (bytes, why) in [
            (&[40][..], "another version of the message channel"),
            (&[VERSION, 2, 0x81, 0x80, 0x04], "the frame is too long"),
            (&[VERSION, 2, 0xff, 0xff, 0xff], "the frame's length is not a number"),
        ] {
            let mut frames = Frames { bytes: bytes.to_vec(), ..Frames::default() };
            assert_eq!(frames.take().unwrap_err().to_string(), why);
        }
    }
}

//! Reads one whole, bounded, well-framed request from a client (RFC 9112).

use std::io::ErrorKind;

use super::Refusal;
use super::connection::End;
use super::request_head::{self, Request};
use super::server::Listener;
use super::stream::ClientStream;

/// How much of a client's bytes is read at once.
const CHUNK_BYTES: usize = 4096;

/// Reads the next request and takes it out of `received`, which keeps what was sent after it (pipelining).
///
/// # Errors
/// [`End::Quiet`] when the client left or sent nothing in time.
pub(super) fn read(stream: &mut ClientStream, received: &mut Vec<u8>, listener: &Listener) -> Result<Request, End> {
    let limits = &listener.limits;
    if received.is_empty() {
        // An idle connection keeps no buffer.
        received.shrink_to_fit();
        stream.set_deadline(limits.idle);
        receive(stream, received, || End::Quiet)?;
    }
    stream.set_deadline(limits.head);
    let head_end = loop {
        // An empty line before a request is skipped (RFC 9112 §2.2).
        if received.starts_with(b"\r\n") {
            received.drain(..2);
        }
        if let Some(end) = request_head::end(received)? {
            break end;
        }
        receive(stream, received, || late("request head not complete in time"))?;
    };
    let mut request = request_head::check(&received[..head_end], listener.number)?;
    let request_end = head_end + request.body_bytes;
    stream.set_deadline(limits.body);
    while received.len() < request_end {
        receive(stream, received, || late("request body not complete in time"))?;
    }
    request.rewritten.extend_from_slice(&received[head_end..request_end]);
    received.drain(..request_end);
    Ok(request)
}

fn late(error: &'static str) -> End {
    Refusal::new(408, error, "send the whole request at once").into()
}

/// Reads some more; `late` says how it ends when nothing comes before the deadline.
fn receive(stream: &mut ClientStream, received: &mut Vec<u8>, late: impl Fn() -> End) -> Result<(), End> {
    let mut chunk = [0; CHUNK_BYTES];
    match stream.read(&mut chunk) {
        Ok(0) => Err(End::Quiet),
        Ok(read) => {
            received.extend_from_slice(&chunk[..read]);
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => Err(late()),
        Err(error) => Err(error.into()),
    }
}

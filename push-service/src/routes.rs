//! One connection: reads its requests, finds the part that answers each, and sends the answer.

use crate::{
    Answer, Connection, Destination, Fault, First, Kind, Refusal, RequestHead, Shared, Socket, Then, Vendor, control,
    google, mozilla,
};
use rustls::ServerConfig;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any sender waits.
const HANG_LIMIT: Duration = Duration::from_secs(600);

/// Serves one connection, plain or TLS, until it ends.
pub(crate) fn serve(tcp: TcpStream, shared: &Shared, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let local = Destination { vendor: Vendor::Local, origin: shared.origin.clone() };
    let socket = Socket::new(tcp, shared.limits)?;
    let mut connection = match tls {
        Some(config) => Connection::tls(socket, config)?,
        None => Connection::Plain(socket),
    };
    while let Some(head) = connection.read_head()? {
        connection = match connection {
            Connection::Plain(socket) if mozilla::is_upgrade(&head) => return mozilla::serve(shared, socket, &head),
            Connection::Plain(socket) if head.method == "CONNECT" => return proxy(socket, shared, &head),
            connection => connection,
        };
        let mut response = control::answer(shared, &mut connection, &head)?;
        if response.is_none() {
            response = google::answer(shared, &mut connection, &head)?;
        }
        let answer = match response {
            Some(response) => Answer::response(&response),
            None => answer(shared, &mut connection, &local, &head)?,
        };
        if !send(shared, &mut connection, &local, answer, &head)? {
            break;
        }
    }
    Ok(())
}

/// Serves a connection through the proxy, as the vendor whose host it names.
fn proxy(mut socket: Socket, shared: &Shared, head: &RequestHead) -> io::Result<()> {
    let (destination, tls) = match shared.connect(head) {
        Ok(connected) => connected,
        Err(refusal) => return socket.write_all(&refusal.to_bytes()),
    };
    socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let mut connection = Connection::tls(socket, tls)?;
    while let Some(head) = connection.read_head()? {
        let answer = answer(shared, &mut connection, &destination, &head)?;
        if !send(shared, &mut connection, &destination, answer, &head)? {
            break;
        }
    }
    Ok(())
}

/// Reads the rest of a sender's request and finds the answer.
fn answer(shared: &Shared, connection: &mut Connection, to: &Destination, head: &RequestHead) -> io::Result<Answer> {
    let token = to.vendor.token(&head.path).unwrap_or_default();
    shared.lock().calls += 1;
    let body = connection.read_body(head)?;
    Ok(match (head.method.as_str(), head.path.strip_prefix("/m/")) {
        ("DELETE", Some(id)) => shared.delete(id),
        ("POST", None) => shared.post(to, head, body),
        _ => {
            let kind = if token.is_empty() { Kind::Endpoint } else { Kind::Method };
            let fault = Fault::new(kind, "not a message to an endpoint");
            Answer::response(&Refusal::of(to.vendor, &fault).response(to.vendor))
        }
    })
}

/// Sends the answer to a request; `true` when another request may follow.
fn send(
    shared: &Shared,
    connection: &mut Connection,
    to: &Destination,
    answer: Answer,
    head: &RequestHead,
) -> io::Result<bool> {
    if !answer.delay.is_zero() && shared.pause(answer.delay) {
        return Ok(false);
    }
    let first = match answer.first {
        First::Bytes(bytes) => bytes,
        First::Status(chosen) => chosen.response(to.vendor).dated(shared.lock().now()).to_bytes(),
        // `Shared::post` has put the vendor's response in its place.
        First::Created => Vec::new(),
    };
    connection.send(&first)?;
    match answer.then {
        Then::KeepAlive => {
            let close = head.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
            if !close {
                return Ok(true);
            }
        }
        Then::Close => {}
        Then::Reset => return connection.reset_when_dropped().map(|()| false),
        // Ends when the sender leaves or this push service stops.
        Then::Hang => {
            connection.limit_reads(HANG_LIMIT);
            _ = io::copy(connection.reader(), &mut io::sink());
        }
        Then::Repeat { bytes, times, pause } => {
            for _ in 0..times {
                connection.send(&bytes)?;
                if !pause.is_zero() && shared.pause(pause) {
                    break;
                }
            }
        }
    }
    connection.close();
    Ok(false)
}

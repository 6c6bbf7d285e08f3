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

/// Serves one connection, plain or TLS, until it ends. CONNECT makes it one to the vendor whose host it names.
pub(crate) fn serve(tcp: TcpStream, shared: &Shared, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let mut to = Destination { vendor: Vendor::Local, origin: shared.origin.clone() };
    let socket = Socket::new(tcp, shared.settings.limits)?;
    let mut connection = match tls {
        Some(config) => Connection::tls(socket, config)?,
        None => Connection::Plain(socket),
    };
    while let Some(head) = connection.read_head()? {
        connection = match connection {
            Connection::Plain(socket) if mozilla::is_upgrade(&head) => return mozilla::serve(shared, socket, &head),
            Connection::Plain(mut socket) if head.method == "CONNECT" => {
                let (vendor, tls) = match shared.connect(&head) {
                    Ok(connected) => connected,
                    Err(refusal) => return socket.write_all(&refusal.to_bytes()),
                };
                socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                to = vendor;
                connection = Connection::tls(socket, tls)?;
                continue;
            }
            connection => connection,
        };
        let body = connection.read_body(&head)?;
        let answer = answer(shared, &to, &head, body);
        if !send(shared, &mut connection, &to, answer, &head)? {
            break;
        }
    }
    Ok(())
}

/// Finds the part that answers.
fn answer(shared: &Shared, to: &Destination, head: &RequestHead, body: Vec<u8>) -> Answer {
    if to.vendor == Vendor::Local {
        let response = control::answer(shared, head, &body).or_else(|| google::answer(shared, head, &body));
        if let Some(response) = response {
            return Answer::response(&response);
        }
    }
    shared.lock().calls += 1;
    match (head.method.as_str(), head.path.strip_prefix("/m/")) {
        ("DELETE", Some(id)) => shared.delete(id),
        ("POST", None) => shared.post(to, head, body),
        _ => {
            let kind = if to.vendor.token(&head.path).is_some() { Kind::Method } else { Kind::Endpoint };
            let fault = Fault::new(kind, "not a message to an endpoint");
            Answer::response(&Refusal::of(to.vendor, &fault).response(to.vendor))
        }
    }
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
    let close = head.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    match answer.then {
        Then::KeepAlive if !close => return Ok(true),
        Then::KeepAlive | Then::Close => {}
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

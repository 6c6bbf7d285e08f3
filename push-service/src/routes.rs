//! One connection: reads its requests, finds the part that answers each, and sends the answer.

use crate::answers::{Answer, First, Then};
use crate::control;
use crate::fault::{Fault, Kind};
use crate::google;
use crate::http::{Connection, RequestHead};
use crate::messages::Destination;
use crate::mozilla;
use crate::state::Shared;
use crate::vendor::Vendor;
use crate::vendor_answers::Refusal;
use rustls::ServerConfig;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any sender waits.
const HANG_LIMIT: Duration = Duration::from_secs(600);

/// Serves one connection, plain or TLS, until it ends.
pub(crate) fn serve(tcp: TcpStream, shared: &Shared, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let destination = Destination { vendor: Vendor::Local, origin: shared.origin.clone() };
    let mut connection = match tls {
        Some(config) => Connection::tls(tcp, config)?,
        None => Connection::plain(tcp)?,
    };
    while let Some(head) = connection.read_head()? {
        if let (Some(tcp), true) = (connection.as_plain(), mozilla::is_upgrade(&head)) {
            return mozilla::serve(shared, tcp.try_clone()?, &head);
        }
        if let (Some(tcp), "CONNECT") = (connection.as_plain(), head.method.as_str()) {
            return proxy(tcp.try_clone()?, shared, &head);
        }
        let mut response = control::answer(shared, &mut connection, &head)?;
        if response.is_none() {
            response = google::answer(shared, &mut connection, &head)?;
        }
        if let Some(response) = response {
            connection.write_all(&response.to_bytes())?;
            connection.flush()?;
            if wants_close(&head) {
                connection.close();
                break;
            }
        } else if !push(shared, &mut connection, &destination, &head)? {
            break;
        }
    }
    Ok(())
}

/// Serves a connection through the proxy, as the vendor whose host it names.
fn proxy(mut tcp: TcpStream, shared: &Shared, head: &RequestHead) -> io::Result<()> {
    let (destination, authority) = match shared.connect(head) {
        Ok(connected) => connected,
        Err(refusal) => return tcp.write_all(&refusal.to_bytes()),
    };
    tcp.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let mut connection = Connection::tls(tcp, authority.config.clone())?;
    while let Some(head) = connection.read_head()? {
        if !push(shared, &mut connection, &destination, &head)? {
            break;
        }
    }
    Ok(())
}

/// Answers one request to a push service; `false` ends the connection.
fn push(shared: &Shared, connection: &mut Connection, to: &Destination, head: &RequestHead) -> io::Result<bool> {
    let answer = answer(shared, connection, to, head)?;
    if !send(shared, connection, to.vendor, answer)? {
        return Ok(false);
    }
    let close = wants_close(head);
    if close {
        connection.close();
    }
    Ok(!close)
}

fn wants_close(head: &RequestHead) -> bool {
    head.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
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

/// Sends the answer; `true` when another request may follow.
fn send(shared: &Shared, connection: &mut Connection, vendor: Vendor, answer: Answer) -> io::Result<bool> {
    if !answer.delay.is_zero() && shared.pause(answer.delay) {
        return Ok(false);
    }
    let first = match answer.first {
        First::Bytes(bytes) => bytes,
        First::Status(told) => told.response(vendor).dated(shared.lock().now()).to_bytes(),
        // `Shared::post` has put the vendor's response in its place.
        First::Created => Vec::new(),
    };
    connection.write_all(&first)?;
    connection.flush()?;
    match answer.then {
        Then::KeepAlive => return Ok(true),
        Then::Close => connection.close(),
        Then::Reset => connection.reset_when_dropped()?,
        // Ends when the sender leaves or this push service stops.
        Then::Hang => {
            connection.limit_reads(HANG_LIMIT);
            while connection.read(&mut [0; 512])? > 0 {}
        }
        Then::Repeat { bytes, times, pause } => {
            for _ in 0..times {
                connection.write_all(&bytes)?;
                if !pause.is_zero() && shared.pause(pause) {
                    break;
                }
            }
            connection.close();
        }
    }
    Ok(false)
}

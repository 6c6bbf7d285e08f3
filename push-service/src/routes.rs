//! One connection: reads its requests, finds the part that answers each, and sends the answer.

use crate::answers::{Answer, First, Then};
use crate::fault::{Fault, Kind};
use crate::google;
use crate::http::{Connection, RequestHead};
use crate::messages::Destination;
use crate::mozilla;
use crate::state::Shared;
use crate::vendor::Vendor;
use crate::vendor_answers::Refusal;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// Answers the requests of one connection.
pub(crate) fn serve(tcp: TcpStream, shared: &Shared, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let mut connection = match tls {
        None => Connection::Plain(tcp),
        Some(config) => {
            let tls = ServerConnection::new(config).map_err(io::Error::other)?;
            Connection::Tls(Box::new(StreamOwned::new(tls, tcp)))
        }
    };
    let destination = Destination { vendor: Vendor::Local, origin: shared.origin.clone() };
    while let Some(head) = connection.read_head()? {
        if let (Connection::Plain(tcp), true) = (&connection, mozilla::is_upgrade(&head)) {
            return mozilla::serve(shared, tcp.try_clone()?, &head);
        }
        if let Some(response) = google::answer(shared, &mut connection, &head)? {
            connection.write_all(&response.to_bytes())?;
            connection.flush()?;
            continue;
        }
        let answer = answer(shared, &mut connection, &destination, &head)?;
        if !send(shared, &mut connection, destination.vendor, answer)? {
            break;
        }
        if head.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            connection.close();
            break;
        }
    }
    Ok(())
}

/// Reads the rest of a sender's request and finds the answer.
fn answer(shared: &Shared, connection: &mut Connection, to: &Destination, head: &RequestHead) -> io::Result<Answer> {
    let token = to.vendor.token(&head.path).unwrap_or_default();
    let reset = {
        let mut state = shared.lock();
        state.calls += 1;
        state.answers.reset_is_next(to.vendor, token)
    };
    let body = connection.read_body(head, reset)?;
    let left = reset && !body.is_empty() && matches!(connection, Connection::Plain(_));
    let answer = match (head.method.as_str(), head.path.strip_prefix("/m/")) {
        ("DELETE", Some(id)) => shared.delete(id),
        ("POST", None) => shared.post(to, head, body),
        _ => {
            let kind = if token.is_empty() { Kind::Endpoint } else { Kind::Method };
            let fault = Fault::new(kind, "not a message to an endpoint");
            Answer::response(&Refusal::of(to.vendor, &fault).response(to.vendor))
        }
    };
    if left && !matches!(answer.then, Then::Reset) {
        connection.read_exact(&mut [0])?;
    }
    Ok(answer)
}

/// Sends the answer; `true` when another request may follow.
fn send(shared: &Shared, connection: &mut Connection, vendor: Vendor, answer: Answer) -> io::Result<bool> {
    if !answer.delay.is_zero() && shared.pause(answer.delay) {
        return Ok(false);
    }
    let first = match answer.first {
        First::Bytes(bytes) => bytes,
        First::Status(told) => told.response(vendor).to_bytes(),
        // `Shared::post` has put the vendor's response in its place.
        First::Created => Vec::new(),
    };
    connection.write_all(&first)?;
    connection.flush()?;
    match answer.then {
        Then::KeepAlive => return Ok(true),
        Then::Close => connection.close(),
        Then::Reset => {}
        // Ends when the sender leaves or this push service stops.
        Then::Hang => while connection.read(&mut [0; 512])? > 0 {},
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

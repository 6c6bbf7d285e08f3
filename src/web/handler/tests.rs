//! What no route can show: a panic costs its own request only.
#![allow(clippy::unwrap_used)]

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use tiny_http::Server;

fn get(server: &Server) -> TcpStream {
    let mut client = TcpStream::connect(server.server_addr().to_ip().unwrap()).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    client
}

fn answer_to(mut client: TcpStream) -> String {
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_handlers_panic_is_a_500_and_the_next_request_is_answered() {
    let server = Server::http("127.0.0.1:0").unwrap();
    let first = get(&server);
    respond(server.recv().unwrap(), Log::Quiet, |_| panic!("a route failed"));
    let answer = answer_to(first);
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(
        answer.ends_with("{\"error\":\"the server failed on this request\",\"hint\":\"see what it printed\"}\n"),
        "{answer}"
    );
    let second = get(&server);
    respond(server.recv().unwrap(), Log::Quiet, |call| Reply::text(call.target));
    let answer = answer_to(second);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n/"), "{answer}");
}

//! What the push service grants to a connection: how many there are, and how long it waits for bytes.

use crate::sender::LIMIT;
use push_service::{Limits, Service, Settings};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Far below the other limit, far above what a busy machine needs for one step.
const SHORT: Duration = Duration::from_millis(300);

fn start(limits: Limits) -> Service {
    Service::start(Settings { port: 0, tls: None, strict: true, limits, log: Box::new(|_| {}) }).unwrap()
}

fn connect(service: &Service) -> TcpStream {
    let tcp = TcpStream::connect(service.shared.origin.strip_prefix("http://").unwrap()).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    tcp
}

/// Whether the connection is served; `false` when it is closed instead.
fn is_served(tcp: &mut TcpStream) -> bool {
    let request = tcp.write_all(b"GET /unknown HTTP/1.1\r\n\r\n");
    match request.and_then(|()| tcp.read(&mut [0; 512])) {
        Ok(read) => read > 0,
        Err(error) if [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()) => false,
        Err(error) => panic!("{error}"),
    }
}

/// How long it takes until the push service ends this connection without an answer.
fn time_to_end(mut tcp: TcpStream) -> Duration {
    let start = Instant::now();
    assert_eq!(tcp.read(&mut [0; 512]).unwrap(), 0);
    start.elapsed()
}

#[test]
fn a_connection_beyond_the_limit_is_closed_and_one_that_ends_frees_its_place() {
    assert_eq!(Limits::default().connections, 1024);
    let service = start(Limits { connections: 2, ..Limits::default() });
    let [mut first, mut second] = [connect(&service), connect(&service)];
    assert!(is_served(&mut first) && is_served(&mut second));
    assert!(!is_served(&mut connect(&service)));
    assert!(is_served(&mut first) && is_served(&mut second));
    drop(first);
    let end = Instant::now() + LIMIT;
    while !is_served(&mut connect(&service)) {
        assert!(Instant::now() < end, "the ended connection made no room");
    }
}

#[test]
fn a_connection_ends_when_nothing_comes_in_time() {
    let service = start(Limits { idle: SHORT, ..Limits::default() });
    assert!(time_to_end(connect(&service)) >= SHORT - Duration::from_millis(50));
    let mut served = connect(&service);
    assert!(is_served(&mut served));
    time_to_end(served);
}

#[test]
fn a_head_or_a_body_that_does_not_come_whole_in_time_ends_the_connection() {
    let service = start(Limits { request: SHORT, ..Limits::default() });
    for half in ["POST /unknown HTTP/1.1\r\nContent-", "POST /unknown HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"] {
        let mut tcp = connect(&service);
        tcp.write_all(half.as_bytes()).unwrap();
        time_to_end(tcp);
    }
    // A byte now and then does not prolong it.
    let mut slow = connect(&service);
    let end = Instant::now() + LIMIT;
    slow.set_read_timeout(Some(SHORT / 10)).unwrap();
    loop {
        // The push service may have closed already.
        _ = slow.write_all(b"G");
        match slow.read(&mut [0; 512]) {
            Ok(0) => break,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => assert!(Instant::now() < end, "still open"),
            unexpected => panic!("{unexpected:?}"),
        }
    }
}

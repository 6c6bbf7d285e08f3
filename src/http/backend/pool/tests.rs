//! Tests of the pool, against backends that end their connections when they should not.

#![allow(clippy::unwrap_used)] // A test may end by a panic.

use super::*;
use crate::http::request_head;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const OK: &str = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A pool in front of a backend that answers the probe of each connection, then its requests with these answers, and then
/// closes it. The receiver gets a message after each closing.
fn pool(connections: Vec<Vec<&'static str>>) -> (BackendPool, Receiver<()>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("http");
    let listener = UnixListener::bind(&address).unwrap();
    let (closed, closings) = mpsc::channel();
    thread::spawn(move || {
        for answers in connections {
            let (mut stream, _) = listener.accept().unwrap();
            let mut probe = [0; PROBE.len()];
            stream.read_exact(&mut probe).unwrap();
            assert_eq!(probe, PROBE);
            stream.write_all(b"HTTP/1.0 204 No Content\r\n\r\n").unwrap();
            for answer in answers {
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            }
            drop(stream);
            closed.send(()).unwrap();
        }
    });
    (BackendPool::new(address), closings, folder)
}

fn ask(pool: &BackendPool, request: &[u8]) -> Result<String, io::ErrorKind> {
    let head = request_head::check(request, 0).unwrap();
    let bytes = head.rewritten.clone();
    match pool.exchange(&Request { head, bytes }) {
        Ok(answer) => Ok(String::from_utf8(answer).unwrap()),
        Err(ExchangeError::Failed(error)) => Err(error.kind()),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn a_pooled_connection_found_dead_is_replaced() {
    for request in [GET, POST] {
        let (pool, closings, _folder) = pool(vec![vec![OK], vec![OK]]);
        for _ in 0..2 {
            assert_eq!(ask(&pool, request).unwrap(), OK.replace("1.0", "1.1"));
            closings.recv_timeout(PERMIT_WAIT).unwrap();
        }
    }
}

#[test]
fn only_what_does_no_harm_twice_is_sent_again_when_no_answer_comes() {
    let (pool_of_get, _closings, _folder) = pool(vec![vec![OK, ""], vec![OK]]);
    assert!(ask(&pool_of_get, GET).is_ok());
    assert!(ask(&pool_of_get, GET).is_ok());

    let (pool_of_post, _closings, _folder) = pool(vec![vec![OK, ""], vec![OK]]);
    assert!(ask(&pool_of_post, POST).is_ok());
    assert_eq!(ask(&pool_of_post, POST).unwrap_err(), io::ErrorKind::UnexpectedEof);
    assert!(ask(&pool_of_post, POST).is_ok());
}

#[test]
fn an_answer_without_a_length_cut_short_or_too_long_is_an_error() {
    for answer in [
        "HTTP/1.0 200 OK\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 1000000000000\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Le",
        "garbage\r\n\r\n",
    ] {
        let (pool, _closings, _folder) = pool(vec![vec![answer]]);
        assert!(ask(&pool, GET).is_err(), "{answer:?}");
        assert!(pool.state.lock().idle.is_empty(), "{answer:?}");
    }
}

#[test]
fn a_permit_ends_also_when_the_request_fails() {
    let pool = BackendPool::new("/nonexistent/http".into());
    for _ in 0..=PERMITS {
        assert_eq!(ask(&pool, GET).unwrap_err(), io::ErrorKind::NotFound);
    }
    assert_eq!(pool.state.lock().permits, 0);
}

#[test]
fn posts_leave_permits_for_pages() {
    let pool = BackendPool::new("/nonexistent/http".into());
    let posts: Vec<_> = (0..PERMITS - PERMITS_FOR_PAGES).map(|_| pool.acquire(false).unwrap()).collect();
    assert!(pool.state.lock().is_full(false));
    let pages: Vec<_> = (0..PERMITS_FOR_PAGES).map(|_| pool.acquire(true).unwrap()).collect();
    assert!(pool.state.lock().is_full(true));
    drop(pages);
    assert!(pool.state.lock().is_full(false) && !pool.state.lock().is_full(true));
    drop(posts);
    assert!(!pool.state.lock().is_full(false));
}

#[test]
fn stopping_ends_a_request_that_waits_for_its_handler() {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("http");
    let listener = UnixListener::bind(&address).unwrap();
    let pool = Arc::new(BackendPool::new(address));
    let asking = Arc::clone(&pool);
    let asked = thread::spawn(move || {
        let head = request_head::check(POST, 0).unwrap();
        let bytes = head.rewritten.clone();
        asking.exchange(&Request { head, bytes })
    });
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; PROBE.len()]).unwrap();
    stream.write_all(b"HTTP/1.0 204 No Content\r\n\r\n").unwrap();
    assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "the request");
    pool.stop();
    assert!(matches!(asked.join().unwrap(), Err(ExchangeError::Stopped)));
    assert!(matches!(pool.acquire(true), Err(ExchangeError::Stopped)), "nor may a later one begin");
}

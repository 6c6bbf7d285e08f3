//! Tests of the pool, against inner servers that end their connections when they should not.

#![allow(clippy::unwrap_used)] // A test may end by a panic.

use super::super::request_head as head;
use super::*;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const OK: &str = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A pool before an inner server that answers the question at the opening, then the requests of each connection so, one after the other, and then closes
/// it. The receiver gets a message after each closing.
fn pool(connections: Vec<Vec<&'static str>>) -> (BackendPool, Receiver<()>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("http");
    let listener = UnixListener::bind(&address).unwrap();
    let (closed, closings) = mpsc::channel();
    thread::spawn(move || {
        for answers in connections {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0; NOTHING.len()];
            stream.read_exact(&mut question).unwrap();
            assert_eq!(question, NOTHING);
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

fn ask(pool: &BackendPool, request: &[u8]) -> io::Result<String> {
    let head = head::check(request).unwrap();
    let answer = pool.exchange(&head, &head.inner)?;
    Ok(String::from_utf8(answer.unwrap()).unwrap())
}

#[test]
fn a_pooled_connection_found_dead_is_replaced() {
    for request in [GET, POST] {
        let (pool, closings, _folder) = pool(vec![vec![OK], vec![OK]]);
        for _ in 0..2 {
            assert_eq!(ask(&pool, request).unwrap(), OK.replace("1.0", "1.1"));
            closings.recv_timeout(TURN).unwrap();
        }
    }
}

#[test]
fn only_what_does_no_harm_twice_is_sent_again_when_the_answer_stays_out() {
    let (pool_of_get, _closings, _folder) = pool(vec![vec![OK, ""], vec![OK]]);
    assert!(ask(&pool_of_get, GET).is_ok());
    assert!(ask(&pool_of_get, GET).is_ok());

    let (pool_of_post, _closings, _folder) = pool(vec![vec![OK, ""], vec![OK]]);
    assert!(ask(&pool_of_post, POST).is_ok());
    let error = ask(&pool_of_post, POST).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
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
        assert!(pool.lock().idle.is_empty(), "{answer:?}");
    }
}

#[test]
fn a_turn_ends_also_when_the_request_fails() {
    let pool = BackendPool::new("/nonexistent/http".into());
    for _ in 0..=INNER_MAX {
        assert_eq!(ask(&pool, GET).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
    assert_eq!(pool.lock().out, 0);
}

#[test]
fn posts_leave_turns_for_pages() {
    let pool = BackendPool::new("/nonexistent/http".into());
    let posts: Vec<_> = (0..INNER_MAX - FOR_PAGES).map(|_| pool.turn(false).unwrap()).collect();
    assert!(pool.lock().is_full(false));
    let pages: Vec<_> = (0..FOR_PAGES).map(|_| pool.turn(true).unwrap()).collect();
    assert!(pool.lock().is_full(true));
    drop(pages);
    assert!(pool.lock().is_full(false) && !pool.lock().is_full(true));
    drop(posts);
    assert!(!pool.lock().is_full(false));
}

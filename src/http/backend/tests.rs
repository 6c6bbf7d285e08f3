//! Tests of the connections to tiny_http: who gets one, when it is given back, how it ends.

#![allow(clippy::unwrap_used)] // A test may end by a panic.

use super::*;
use crate::http::request_head;
use proptest::prelude::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn open() -> Arc<Backend> {
    Arc::new(Backend::open().unwrap())
}

fn request(bytes: &[u8]) -> Request {
    request_head::check(bytes, 0).unwrap()
}

fn idle(backend: &Backend) -> (usize, usize) {
    let state = backend.state.lock();
    (state.for_pages.len(), state.for_posts.len())
}

#[test]
fn an_answer_without_a_length_cut_short_or_too_long_is_an_error_and_the_last_of_its_connection() {
    let answers = [
        "HTTP/1.0 200 OK\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 1000000000000\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Le",
        "garbage\r\n\r\n",
    ];
    for answer in answers {
        let (ours, mut theirs) = Stream::pair().unwrap();
        theirs.write_all(answer.as_bytes()).unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
        assert!(ask(&ours, &request(GET)).is_err(), "{answer:?}");
    }
    let backend = open();
    backend.serve(|_, request| {
        let mut writer = request.into_writer();
        writer.write_all(b"HTTP/1.0 200 OK\r\n\r\nok").and_then(|()| writer.flush()).unwrap();
    });
    assert_eq!(backend.exchange(&request(GET)).unwrap_err().status, 500);
    assert_eq!(idle(&backend), (PAGES_MAX - 1, POSTS_MAX));
    backend.stop();
}

#[test]
fn posts_leave_connections_for_pages() {
    let backend = open();
    let posts: Vec<_> = (0..POSTS_MAX).map(|_| backend.take(false).unwrap()).collect();
    assert_eq!(idle(&backend), (PAGES_MAX, 0));
    backend.serve(|_, request| request.respond(Response::empty(200)).unwrap());
    assert!(backend.exchange(&request(GET)).is_ok());
    let waiting = thread::spawn({
        let backend = Arc::clone(&backend);
        move || backend.exchange(&request(POST))
    });
    backend.state.lock().for_posts.extend(posts);
    backend.changed.notify_all();
    assert!(waiting.join().unwrap().is_ok());
    assert_eq!(idle(&backend), (PAGES_MAX, POSTS_MAX));
    backend.stop();
}

#[test]
fn stopping_ends_a_request_that_waits_for_its_handler_and_one_that_waits_for_a_connection() {
    let backend = open();
    let asking = || {
        let backend = Arc::clone(&backend);
        thread::spawn(move || backend.exchange(&request(POST)))
    };
    let asked = asking();
    let _unanswered = backend.server.recv().unwrap();
    backend.state.lock().for_posts.clear();
    let waiting = asking();
    backend.stop();
    assert_eq!(asked.join().unwrap(), Err(stopped()));
    assert_eq!(waiting.join().unwrap(), Err(stopped()));
    assert_eq!(backend.exchange(&request(GET)), Err(stopped()), "nor may a later one begin");
}

#[test]
fn nobody_else_can_connect() {
    let before: Vec<_> = std::fs::read_dir(std::env::temp_dir()).unwrap().map(|it| it.unwrap().path()).collect();
    let backend = open();
    let tiny_http::ListenAddr::Unix(address) = backend.server.server_addr() else { panic!("a Unix socket") };
    let socket = address.as_pathname().unwrap();
    assert!(!before.iter().any(|path| socket.starts_with(path)));
    assert!(!socket.parent().unwrap().exists(), "the folder is gone");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// tiny_http closes a connection after what it cannot parse, and a closed one is not replaced.
    #[test]
    fn whatever_passes_the_check_leaves_the_connection_open(
        method in "[A-Za-z!#$%&'*+.^_`|~-]{1,9}", target in "/[!-~]{0,40}", host in "[ -~]{0,20}", body in "[ -~]{0,1100}",
    ) {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut request = request(head.as_bytes());
        request.rewritten.extend(body.as_bytes());
        let backend = open();
        backend.serve(|_, request| request.respond(Response::from_string("ok")).unwrap());
        for _ in 0..2 {
            let answer = String::from_utf8(backend.exchange(&request).unwrap()).unwrap();
            prop_assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer);
        }
        prop_assert_eq!(idle(&backend), (PAGES_MAX, POSTS_MAX));
        backend.stop();
    }
}

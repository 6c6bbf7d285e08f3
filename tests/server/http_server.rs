//! The HTTP front by itself: real sockets, real TLS, and a handler of the test's own.

use barepush::http::{Certificate, Limits, RunningServer, Server, raise_descriptor_limit};
use barepush::store::LocalError;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tiny_http::{Request, Response};

const LIMIT: Duration = Duration::from_secs(10);
const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

// ---- A server with a handler ----

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static LINE: Condvar = Condvar::new();

fn log(line: &str) {
    LINES.lock().unwrap().push(line.to_owned());
    LINE.notify_all();
}

/// Waits for the line about this client and returns it without the address.
fn logged(client: SocketAddr) -> String {
    let start = format!("{client}: ");
    let find = |lines: &Vec<String>| lines.iter().find_map(|line| line.strip_prefix(&start).map(str::to_owned));
    let (lines, _) = LINE.wait_timeout_while(LINES.lock().unwrap(), LIMIT, |lines| find(lines).is_none()).unwrap();
    find(&lines).expect("a line is logged")
}

/// What a test needs of the handler: `/wait` tells that it was reached and then waits to be let go.
struct Handler {
    reached: Mutex<mpsc::Receiver<()>>,
    go: mpsc::Sender<()>,
}

impl Handler {
    /// Itself, and what answers each request in a thread of its own.
    fn new() -> (Self, impl Fn(usize, Request) + Send + 'static) {
        let (reach, reached) = mpsc::channel();
        let (go, gone) = mpsc::channel();
        let gone = Arc::new(Mutex::new(gone));
        let handle = move |_, request| {
            let (reach, gone) = (reach.clone(), Arc::clone(&gone));
            thread::spawn(move || answer(request, &reach, &gone));
        };
        (Self { reached: Mutex::new(reached), go }, handle)
    }
}

fn answer(mut request: Request, reach: &mpsc::Sender<()>, gone: &Mutex<mpsc::Receiver<()>>) {
    let url = request.url().to_owned();
    let _ = match url.as_str() {
        "/" => request.respond(Response::from_string("hello")),
        "/page" => request.respond(Response::from_string("p".repeat(5 * 1024))),
        "/big" => request.respond(Response::from_string("b".repeat(100_000))),
        "/huge" => request.respond(Response::from_string("h".repeat(15 * 1024 * 1024))),
        "/204" => request.respond(Response::empty(204)),
        "/304" => request.respond(Response::empty(304)),
        "/dropped" => {
            drop(request);
            Ok(())
        }
        "/wait" => {
            reach.send(()).unwrap();
            gone.lock().unwrap().recv_timeout(LIMIT).unwrap();
            request.respond(Response::from_string("waited"))
        }
        "/seen" => {
            let headers = request.headers().iter().map(|header| format!("{}: {}\n", header.field, header.value));
            let seen = format!("{} {}\n{}", request.method(), request.url(), headers.collect::<String>());
            request.respond(Response::from_string(seen))
        }
        _ => {
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body).unwrap();
            request.respond(Response::from_string(body))
        }
    };
}

struct House {
    serving: Option<RunningServer>,
    handler: Handler,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

fn bind(server: &mut Server, port: u16, tls: Option<Arc<rustls::ServerConfig>>) -> Result<SocketAddr, LocalError> {
    server.bind(&["127.0.0.1"], port, "localhost", tls)
}

impl House {
    fn new(tls: bool, limits: impl FnOnce(&mut Limits)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = tls.then(|| {
            let certificate = Certificate::load_or_create(folder.path(), &[]).unwrap();
            certificate.tls
        });
        let mut chosen = Limits::default();
        limits(&mut chosen);
        let mut server = Server::open(chosen, log).unwrap();
        let address = bind(&mut server, 0, config).unwrap();
        let (handler, handle) = Handler::new();
        Self { serving: Some(server.serve(handle)), handler, address, folder }
    }

    fn http() -> Self {
        Self::new(false, |_| {})
    }

    fn https() -> Self {
        Self::new(true, |_| {})
    }

    fn plain(&self) -> TcpStream {
        connect(self.address)
    }

    /// Has a request on `stream` that waits for its answer until `handler.go`.
    fn keep_busy(&self, stream: &mut impl Write) {
        let request = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request).unwrap();
        let reached = self.handler.reached.lock().unwrap();
        reached.recv_timeout(LIMIT).unwrap();
    }

    fn tls(&self) -> Tls {
        tls(self.address, &self.folder.path().join("tls_cert.pem"), &[&version::TLS13])
    }
}

// ---- Clients ----

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, LIMIT).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn client_config(cert: &Path, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

fn tls(address: SocketAddr, cert: &Path, versions: &[&'static SupportedProtocolVersion]) -> Tls {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(client_config(cert, versions), name).unwrap();
    let mut stream = StreamOwned::new(connection, connect(address));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream
}

/// Reads one answer: its head, and the body that its Content-Length promises.
fn read_answer(stream: &mut impl Read) -> (String, String) {
    let head = read_head(stream);
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn ask(stream: &mut (impl Read + Write), request: &str) -> (String, String) {
    stream.write_all(request.as_bytes()).unwrap();
    stream.flush().unwrap();
    read_answer(stream)
}

/// All that still comes until the end of the connection; with TLS, an end without close_notify is an error.
fn rest(stream: &mut impl Read) -> String {
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("a clean end");
    rest
}

// ---- What is answered ----

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let house = House::http();
    let mut client = house.plain();
    for _ in 0..3 {
        let (head, body) = ask(&mut client, GET);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(!head.contains("Connection"), "{head}");
        assert_eq!(body, "hello");
    }
}

#[test]
fn requests_that_come_at_once_on_new_connections_are_all_answered() {
    for _ in 0..20 {
        let house = House::http();
        let mut clients: Vec<_> = (0..8).map(|_| house.plain()).collect();
        for client in &mut clients {
            client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        }
        for client in &mut clients {
            assert_eq!(read_answer(client).1, "hello");
        }
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let house = House::https();
    let mut client = house.tls();
    let post = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nfirst";
    client.write_all(format!("{post}\r\n{GET}{post}").as_bytes()).unwrap();
    let bodies: Vec<_> = (0..3).map(|_| read_answer(&mut client).1).collect();
    assert_eq!(bodies, ["first", "hello", "first"]);
}

#[test]
fn tls_1_2_and_1_3_speak_http_1_1_and_end_with_close_notify() {
    let house = House::https();
    for tls_version in [&version::TLS12, &version::TLS13] {
        let mut client = tls(house.address, &house.folder.path().join("tls_cert.pem"), &[tls_version]);
        assert_eq!(client.conn.protocol_version(), Some(tls_version.version));
        assert_eq!(client.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        let (head, body) = ask(&mut client, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n");
        assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
        assert_eq!((body.as_str(), rest(&mut client).as_str()), ("hello", ""));
    }
}

#[test]
fn an_http_1_0_request_is_the_last_one() {
    let house = House::http();
    let mut client = house.plain();
    let (head, body) = ask(&mut client, "GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nConnection: close\r\n"), "{head}");
    assert_eq!((body.as_str(), rest(&mut client).as_str()), ("hello", ""));
}

#[test]
fn answers_to_head_and_with_204_and_304_have_no_body() {
    let house = House::http();
    let mut client = house.plain();
    for (line, status) in [("HEAD /page", "200"), ("GET /204", "204"), ("GET /304", "304"), ("HEAD /big", "200")] {
        client.write_all(format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        assert!(read_head(&mut client).starts_with(&format!("HTTP/1.1 {status} ")), "{line}");
        assert_eq!(ask(&mut client, GET).1, "hello", "after {line}");
    }
}

#[test]
fn an_expectation_is_ignored_in_http_1_0_which_knows_none() {
    let house = House::http();
    let post = "POST /echo HTTP/1.0\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello";
    let (head, body) = ask(&mut house.plain(), post);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(body, "hello");
}

#[test]
fn an_answer_of_100_kb_has_a_length_and_no_chunks() {
    let house = House::https();
    let (head, body) = ask(&mut house.tls(), "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(!head.contains("Transfer-Encoding"), "{head}");
    assert_eq!(body, "b".repeat(100_000));
}

#[test]
fn only_the_headers_that_routes_need_reach_the_handler() {
    let house = House::http();
    let request = "GET /seen HTTP/1.1\r\nhost: localhost:1\r\nOrigin: null\r\nIf-None-Match: \"a\"\r\nTE: trailers, chunked\r\n\
                   Upgrade: websocket\r\nConnection: upgrade, host\r\nCookie: \u{e9}=1\r\nX: y\r\n\r\n";
    let (_, body) = ask(&mut house.plain(), request);
    assert_eq!(
        body,
        "GET /seen\nConnection: keep-alive\nListener: 0\nhost: localhost:1\norigin: null\nif-none-match: \"a\"\n"
    );
}

#[test]
fn methods_and_hosts_of_any_kind_are_for_the_routes_to_judge() {
    let house = House::http();
    let (_, body) = ask(&mut house.plain(), "BREW /seen HTTP/1.1\r\nHost:\r\n\r\n");
    assert_eq!(body, "BREW /seen\nConnection: keep-alive\nListener: 0\nhost: \n");
}

#[test]
fn a_request_dropped_by_the_handler_is_answered_500_and_the_next_one_served() {
    let house = House::http();
    let mut client = house.plain();
    let (head, _) = ask(&mut client, "POST /dropped HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    assert_eq!(ask(&mut client, GET).1, "hello");
}

#[test]
fn a_body_of_16_kib_reaches_the_handler_whole() {
    let house = House::https();
    let body = "x".repeat(16 * 1024);
    let request = format!("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16384\r\n\r\n{body}");
    assert_eq!(ask(&mut house.tls(), &request).1, body);
}

// ---- What is refused ----

#[test]
fn what_is_not_one_whole_plain_request_is_refused_with_a_reason() {
    let house = House::http();
    let host = "Host: localhost\r\n";
    let get = |headers: &str| format!("GET / HTTP/1.1\r\n{headers}\r\n");
    let post = |headers: &str| format!("POST / HTTP/1.1\r\n{host}{headers}\r\n");
    let table = [
        (get(""), "400 no Host header"),
        ("GET / HTTP/1.0\r\n\r\n".into(), "400 no Host header"),
        (get("Host: a\r\nHost: a\r\n"), "400 more than one Host header"),
        (get(&format!("{host}Origin: a\r\nOrigin: b\r\n")), "400 a header is given twice"),
        (get("Host: h\u{f6}st\r\n"), "400 a header value is not visible ASCII"),
        (get("Host : localhost\r\n"), "400 malformed header line"),
        (get("Host: localhost\r\n folded\r\n"), "400 malformed header line"),
        (get("Host: localhost\r\nX: a\0b\r\n"), "400 control character in the head"),
        (get("Host: localhost\r\nX: a\rb\r\n"), "400 bare carriage return in the head"),
        (get("Host: localhost\nX: y\r\n"), "400 bare line feed in the head"),
        ("GET / HTTP/1.1\nHost: localhost\n\n".into(), "400 bare line feed in the head"),
        ("GET /\r\n\r\n".into(), "400 malformed request line"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), "400 neither HTTP/1.0 nor HTTP/1.1"),
        (format!("GET / HTTP/1.2\r\n{host}\r\n"), "400 neither HTTP/1.0 nor HTTP/1.1"),
        (
            format!("GET http://localhost/ HTTP/1.1\r\n{host}\r\n"),
            "400 request target is not a path of visible ASCII characters",
        ),
        (
            format!("CONNECT localhost:1 HTTP/1.1\r\n{host}\r\n"),
            "400 request target is not a path of visible ASCII characters",
        ),
        (format!("OPTIONS * HTTP/1.1\r\n{host}\r\n"), "400 request target is not a path of visible ASCII characters"),
        (format!("GET /\u{e9} HTTP/1.1\r\n{host}\r\n"), "400 request target is not a path of visible ASCII characters"),
        (format!("GET  / HTTP/1.1\r\n{host}\r\n"), "400 malformed request line"),
        (format!("G(T / HTTP/1.1\r\n{host}\r\n"), "400 malformed request line"),
        (post("Content-Length: -5\r\n"), "400 Content-Length is not a decimal number"),
        (post("Content-Length: +5\r\n"), "400 Content-Length is not a decimal number"),
        (post("Content-Length: 0x5\r\n"), "400 Content-Length is not a decimal number"),
        (post("Content-Length: 5, 5\r\n"), "400 Content-Length is not a decimal number"),
        (post("Content-Length:\r\n"), "400 Content-Length is not a decimal number"),
        (post("Content-Length: 5\r\nContent-Length: 5\r\n"), "400 more than one Content-Length"),
        (post("Content-Length: 16385\r\n"), "413 request body too large"),
        (post("Content-Length: 1000000000000\r\n"), "413 request body too large"),
        (post(&format!("Content-Length: {}\r\n", "9".repeat(40))), "413 request body too large"),
        (post("Expect: 100-continue\r\nContent-Length: 5\r\n"), "417 expectations are not met"),
        (post("Transfer-Encoding: chunked\r\n") + "zz\r\n", "501 transfer codings are not understood"),
        (post("Content-Length: 5\r\nTransfer-Encoding: identity\r\n"), "501 transfer codings are not understood"),
        (get(&(host.to_owned() + &"X: y\r\n".repeat(64))), "431 request head too large"),
        (get(&format!("{host}X: {}\r\n", "y".repeat(1024 * 1024))), "431 request head too large"),
        (format!("GET /{} HTTP/1.1\r\n{host}\r\n", "y".repeat(17_000)), "431 request head too large"),
    ];
    for (request, outcome) in table {
        let mut client = house.plain();
        let address = client.local_addr().unwrap();
        let shown: String = request.chars().take(80).collect();
        let (head, body) = ask(&mut client, &request);
        let (status, error) = outcome.split_once(' ').unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {head}{body}");
        assert!(body.starts_with(&format!(r#"{{"error":"{error}","hint":""#)), "{shown:?}: {body}");
        for header in ["Connection: close", "X-Content-Type-Options: nosniff", "Content-Type: application/json"] {
            assert!(head.contains(header), "{shown:?}: {head}");
        }
        assert_eq!(rest(&mut client), "", "{shown:?}");
        drop(client);
        assert_eq!(logged(address), format!("{status}: {error}"), "{shown:?}");
        assert_eq!(ask(&mut house.plain(), GET).1, "hello", "after {shown:?}");
    }
}

#[test]
fn the_longest_head_still_passes() {
    let house = House::http();
    let start = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    let request = format!("{start}{}\r\n\r\n", "y".repeat(16 * 1024 - start.len() - 4));
    assert_eq!(request.len(), 16 * 1024);
    assert_eq!(ask(&mut house.plain(), &request).1, "hello");
}

#[test]
fn a_client_that_sends_far_too_much_can_end_sending_and_then_reads_the_refusal() {
    // More than the buffers of two sockets hold.
    let body = "y".repeat(16 * 1024 * 1024);
    let house = House::new(false, |limits| limits.linger = LIMIT);
    let (head, _) = ask(&mut house.plain(), &format!("GET / HTTP/1.1\r\nX: {body}"));
    assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
}

#[test]
fn a_refusal_over_tls_ends_with_close_notify() {
    let house = House::https();
    let mut client = house.tls();
    let (head, _) = ask(&mut client, "GET * HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert_eq!(rest(&mut client), "");
}

#[test]
fn plain_http_on_the_https_port_is_answered_with_the_https_url() {
    let house = House::https();
    let mut client = house.plain();
    let (head, body) = ask(&mut client, GET);
    let hint = format!(
        r#"{{"error":"plain http sent to the https port","hint":"open https://localhost:{}"}}"#,
        house.address.port()
    );
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert_eq!((body, rest(&mut client)), (hint, String::new()));
}

#[test]
fn tls_on_the_http_port_and_garbage_on_the_https_port_are_closed() {
    let (http, https) = (House::http(), House::https());
    for (house, bytes, line) in [
        (&http, &b"\x16\x03\x01\x00\x05hello"[..], "closed: TLS sent to the http port"),
        (&https, b"\x16\x03\x01\x00\x05hello", "closed: no TLS handshake: received corrupt message of type Handshake"),
        (&https, b"\x80\x2e\x01\x00\x02", "closed: no TLS handshake: "),
    ] {
        let mut client = house.plain();
        client.write_all(bytes).unwrap();
        // The server may have reset the connection already.
        let _ = client.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let ended = client.read_to_end(&mut answer).map_err(|error| error.kind());
        assert!(matches!(ended, Ok(_) | Err(ErrorKind::ConnectionReset)), "{ended:?}");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
        assert!(logged(client.local_addr().unwrap()).starts_with(line), "{line}");
    }
    assert_eq!(ask(&mut http.plain(), GET).1, "hello");
    assert_eq!(ask(&mut https.tls(), GET).1, "hello");
}

// ---- Clients that take too long ----

#[test]
fn a_head_and_a_body_that_drip_in_are_cut_off_with_408() {
    let house = House::new(false, |limits| {
        limits.head = Duration::from_millis(300);
        limits.body = Duration::from_millis(300);
    });
    let post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n";
    for (at_once, error) in [("G", "request head not complete in time"), (post, "request body not complete in time")] {
        let mut client = house.plain();
        client.write_all(at_once.as_bytes()).unwrap();
        let mut drip = client.try_clone().unwrap();
        // A byte each 20 ms for ever: no single read takes long.
        let dripping = thread::spawn(move || {
            while drip.write_all(b"a").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let (head, body) = read_answer(&mut client);
        assert!(head.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{head}");
        assert!(body.contains(error), "{body}");
        client.shutdown(Shutdown::Both).unwrap();
        dripping.join().unwrap();
    }
}

#[test]
fn a_silent_client_is_closed_without_an_answer() {
    let brief = |limits: &mut Limits| {
        limits.idle = Duration::from_millis(200);
        limits.handshake = Duration::from_millis(200);
    };
    let (http, https) = (House::new(false, brief), House::new(true, brief));
    assert_eq!(rest(&mut http.plain()), "");
    assert_eq!(rest(&mut https.plain()), "");
    let mut served = https.tls();
    assert_eq!(ask(&mut served, GET).1, "hello");
    assert_eq!(rest(&mut served), "");
}

#[test]
fn a_client_that_never_reads_is_cut_off() {
    let house = House::new(false, |limits| limits.write = Duration::from_millis(300));
    let mut client = house.plain();
    client.write_all(b"GET /huge HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(logged(client.local_addr().unwrap()), "closed: the client did not read its answer in time");
    assert_eq!(ask(&mut house.plain(), GET).1, "hello");
}

#[test]
fn at_the_limit_the_connection_idle_longest_is_closed() {
    let house = House::new(false, |limits| limits.connections = 3);
    let [mut zero, mut one, mut two] = [(); 3].map(|()| house.plain());
    for client in [&mut one, &mut two, &mut zero] {
        assert_eq!(ask(client, GET).1, "hello");
    }
    let mut next = house.plain();
    assert_eq!(ask(&mut next, GET).1, "hello");
    assert_eq!(rest(&mut one), "");
    for client in [&mut next, &mut two, &mut zero] {
        assert_eq!(ask(client, GET).1, "hello");
    }
}

#[test]
fn a_connection_whose_request_is_being_answered_is_never_closed_at_the_limit() {
    let house = House::new(false, |limits| limits.connections = 2);
    let mut busy = house.plain();
    house.keep_busy(&mut busy);
    let mut idle = house.plain();
    assert_eq!(ask(&mut idle, GET).1, "hello");
    let mut next = house.plain();
    assert_eq!(ask(&mut next, GET).1, "hello");
    assert_eq!(rest(&mut idle), "");
    house.handler.go.send(()).unwrap();
    assert_eq!(read_answer(&mut busy).1, "waited");
}

#[test]
fn stopping_lets_an_answer_under_way_end_and_closes_the_idle_with_close_notify() {
    let mut house = House::https();
    let (mut idle, mut busy) = (house.tls(), house.tls());
    assert_eq!(ask(&mut idle, GET).1, "hello");
    house.keep_busy(&mut busy);
    let serving = house.serving.take().unwrap();
    let stopping = thread::spawn(move || drop(serving));
    assert_eq!(rest(&mut idle), "");
    house.handler.go.send(()).unwrap();
    let (head, body) = read_answer(&mut busy);
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert_eq!((body.as_str(), rest(&mut busy).as_str()), ("waited", ""));
    stopping.join().unwrap();
    assert_eq!(TcpStream::connect(house.address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn stopping_answers_a_client_whose_handler_takes_longer_than_the_server_waits() {
    let mut house = House::https();
    let mut busy = house.tls();
    house.keep_busy(&mut busy);
    let asked = Instant::now();
    drop(house.serving.take());
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    let (head, body) = read_answer(&mut busy);
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"), "{head}");
    let expected = r#"{"error":"the server was stopped before it had an answer","hint":"start it again; what you asked for may have been done already"}"#;
    assert_eq!((body.as_str(), rest(&mut busy).as_str()), (expected, ""));
    house.handler.go.send(()).unwrap();
}

#[test]
fn a_port_in_use_is_refused_with_a_hint() {
    let house = House::http();
    let mut server = Server::open(Limits::default(), log).unwrap();
    let error = bind(&mut server, house.address.port(), None).err().unwrap();
    assert_eq!(error.to_string(), format!("cannot listen on '127.0.0.1:{}'", house.address.port()));
    assert_eq!(error.hint, "end the program that listens there, or choose another port (0 lets the system choose)");
}

#[test]
fn the_first_host_that_this_machine_has_is_taken_and_a_taken_port_is_not_passed_over() {
    // TEST-NET-3 (RFC 5737) stands for 127.0.0.1 on a machine that has only IPv6.
    let mut server = Server::open(Limits::default(), log).unwrap();
    let address = server.bind(&["203.0.113.1", "127.0.0.1"], 0, "localhost", None).unwrap();
    assert_eq!(address.ip().to_string(), "127.0.0.1");
    let error = server.bind(&["203.0.113.1", "203.0.113.2"], 0, "localhost", None).err().unwrap();
    assert_eq!(error.to_string(), "cannot listen on '203.0.113.1:0'");
    let house = House::http();
    let error = server.bind(&["127.0.0.1", "127.0.0.2"], house.address.port(), "", None).err().unwrap();
    assert_eq!(error.to_string(), format!("cannot listen on '127.0.0.1:{}'", house.address.port()));
}

#[test]
fn the_handler_learns_which_listener_a_request_came_by_and_no_client_can_say_another() {
    let mut server = Server::open(Limits::default(), log).unwrap();
    let addresses = [(); 2].map(|()| bind(&mut server, 0, None).unwrap());
    let running = server.serve(|listener, request| {
        let _ = request.respond(Response::from_string(listener.to_string()));
    });
    for (listener, address) in addresses.into_iter().enumerate() {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nListener: 7\r\nlistener: 8\r\n\r\n";
        assert_eq!(ask(&mut connect(address), request).1, listener.to_string());
    }
    drop(running);
}

// ---- Many at once, against a process of its own with 1024 descriptors ----

/// Not a test: the process that the two tests below start. It serves until its standard input ends.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "started by other tests"]
fn serve_under_1024_descriptors() {
    rlimit::Resource::NOFILE.set(1024, 1024).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let certificate = Certificate::load_or_create(folder.path(), &[]).unwrap();
    let mut server = Server::open(Limits::default(), log).unwrap();
    let mut bind = |tls| bind(&mut server, 0, tls).unwrap();
    let (http, https) = (bind(None), bind(Some(certificate.tls)));
    let (_handler, handle) = Handler::new();
    let _running = server.serve(handle);
    println!("\nready {http} {https} {}", folder.path().join("tls_cert.pem").display());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

#[cfg(target_os = "linux")]
struct Process {
    child: Child,
    _stdin: Option<ChildStdin>,
    http: SocketAddr,
    https: SocketAddr,
    cert: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

#[cfg(target_os = "linux")]
impl Process {
    fn start() -> Self {
        raise_descriptor_limit();
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "http_server::serve_under_1024_descriptors", "--nocapture"])
            // What the killed process leaves behind goes with the folder.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.map(Result::unwrap).find(|line| line.starts_with("ready ")).expect("it is ready");
        let words: Vec<_> = ready.split(' ').collect();
        let (http, https) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        Self { _stdin: child.stdin.take(), child, http, https, cert: words[3].into(), _folder: folder }
    }

    /// Entries of a folder of the process in /proc: `fd` or `task`.
    fn count(&self, what: &str) -> usize {
        std::fs::read_dir(format!("/proc/{}/{what}", self.child.id())).unwrap().count()
    }

    fn peak_mib(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() / 1024
    }

    fn both_answer_within_a_second(&self, beside: &str) {
        let asked = Instant::now();
        assert_eq!(ask(&mut connect(self.http), GET).1, "hello", "beside {beside}");
        assert!(asked.elapsed() < Duration::from_secs(1), "http beside {beside}: {:?}", asked.elapsed());
        let asked = Instant::now();
        assert_eq!(ask(&mut tls(self.https, &self.cert, &[&version::TLS13]), GET).1, "hello", "beside {beside}");
        assert!(asked.elapsed() < Duration::from_secs(1), "https beside {beside}: {:?}", asked.elapsed());
    }

    /// Waits until the process has no more descriptors and threads than before.
    fn is_as_before(&self, (descriptors, threads): (usize, usize), limit: Duration) {
        let late = Instant::now() + limit;
        while self.count("fd") > descriptors || self.count("task") > threads {
            assert!(
                Instant::now() < late,
                "{} of {descriptors}, {} of {threads}",
                self.count("fd"),
                self.count("task")
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(target_os = "linux")]
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_connections_leave_no_thread_and_no_descriptor_behind() {
    let process = Process::start();
    process.both_answer_within_a_second("nothing");
    let before = (process.count("fd"), process.count("task"));
    for index in 0..10_000 {
        match index % 10 {
            0 => drop(tls(process.https, &process.cert, &[&version::TLS13])),
            1 => drop(connect(process.https)),
            2 => drop(connect(process.http)),
            3 | 4 => connect(process.http).write_all(b"GET / HTTP/1.1\r\nHo").unwrap(),
            5 => connect(process.http).write_all(GET.as_bytes()).unwrap(),
            6 => assert!(ask(&mut connect(process.http), "GET * HTTP/1.1\r\n\r\n").0.contains(" 400 ")),
            _ => assert_eq!(ask(&mut connect(process.http), GET).1, "hello"),
        }
    }
    process.is_as_before(before, LIMIT);
    assert!(process.peak_mib() < 64, "{} MiB", process.peak_mib());
}

#[cfg(target_os = "linux")]
#[test]
fn many_idle_half_sent_and_silent_connections_keep_nobody_out() {
    let process = Process::start();
    process.both_answer_within_a_second("nothing");
    let before = (process.count("fd"), process.count("task"));

    let idle: Vec<_> = (0..500).map(|_| tls(process.https, &process.cert, &[&version::TLS13])).collect();
    process.both_answer_within_a_second("500 idle TLS connections");
    let half_sent: Vec<_> = (0..500)
        .map(|index| {
            let mut client = connect(if index % 2 == 0 { process.http } else { process.https });
            // It may be closed already, to make room for another one.
            let _ = client.write_all(b"GET / HTTP/1.1\r\nHo");
            client
        })
        .collect();
    process.both_answer_within_a_second("500 half-sent requests");
    let silent: Vec<_> = (0..500).map(|_| connect(process.http)).collect();
    process.both_answer_within_a_second("500 silent connections");
    drop((idle, half_sent, silent));
    process.is_as_before(before, Duration::from_secs(1));

    for address in [process.http, process.https] {
        let silent: Vec<_> = (0..1100).map(|_| connect(address)).collect();
        process.both_answer_within_a_second("1,100 silent connections");
        drop(silent);
        process.is_as_before(before, Duration::from_secs(1));
    }
    assert!(process.peak_mib() < 64, "{} MiB", process.peak_mib());
}

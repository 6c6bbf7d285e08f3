//! A push service for benchmarks of senders: it answers 201 to every POST over kept TLS connections, at once or after a given
//! time. It checks and decrypts nothing. It also makes the subscriptions and the certificate to trust.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use clap::Parser;
use push_service::certificate;
use ring::agreement::{ECDH_P256, EphemeralPrivateKey};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Each connection has a thread; the TLS handshake needs the most stack.
const STACK_BYTES: usize = 256 * 1024;
const ANSWER: &[u8] =
    b"HTTP/1.1 201 Created\r\nLocation: https://localhost/m/benchmark\r\nTTL: 86400\r\nContent-Length: 0\r\n\r\n";

/// A push service that answers 201 and checks nothing, for benchmarks
#[derive(Parser)]
struct Args {
    /// Where to write ca.pem, for the sender to trust, and subscription.txt
    folder: PathBuf,
    /// How many subscriptions to make
    #[arg(long, default_value_t = 1)]
    subscriptions: usize,
    /// Milliseconds before each answer
    #[arg(long, default_value_t = 0)]
    answer_after: u64,
    /// Milliseconds before each TLS handshake
    #[arg(long, default_value_t = 0)]
    greet_after: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let (config, ca_pem) = certificate::make(certificate::OURS, false, None)?;
    let socket = TcpListener::bind(("127.0.0.1", 0))?;
    let port = socket.local_addr()?.port();
    std::fs::write(args.folder.join("ca.pem"), ca_pem)?;
    let subscriptions = subscriptions(port, args.subscriptions).ok_or("no randomness")?;
    std::fs::write(args.folder.join("subscription.txt"), subscriptions)?;
    writeln!(io::stdout(), "https://localhost:{port}")?;

    let greet_after = Duration::from_millis(args.greet_after);
    let answer_after = Duration::from_millis(args.answer_after);
    loop {
        let (tcp, _) = socket.accept()?;
        let config = Arc::clone(&config);
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        builder.spawn(move || {
            thread::sleep(greet_after);
            // When a sender breaks off, its own count of accepted messages shows it.
            _ = answer(tcp, config, answer_after);
        })?;
    }
}

/// Subscriptions as browsers write them, one a line, each with its own key pair.
fn subscriptions(port: u16, count: usize) -> Option<String> {
    let random = SystemRandom::new();
    let mut lines = String::new();
    for _ in 0..count {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).ok()?;
        let public = private.compute_public_key().ok()?;
        let (mut token, mut auth) = ([0; 132], [0; 16]);
        random.fill(&mut token).ok()?;
        random.fill(&mut auth).ok()?;
        let [token, public, auth] = [&token, public.as_ref(), &auth].map(Base64UrlUnpadded::encode_string);
        writeln!(
            lines,
            r#"{{"endpoint":"https://localhost:{port}/wpush/v2/{token}","expirationTime":null,"keys":{{"auth":"{auth}","p256dh":"{public}"}}}}"#
        )
        .ok()?;
    }
    Some(lines)
}

/// Answers every request of one connection.
fn answer(tcp: TcpStream, config: Arc<ServerConfig>, after: Duration) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, tcp);
    let (mut received, mut chunk) = (Vec::new(), [0; 8192]);
    loop {
        let whole = loop {
            if let Some(whole) = request_bytes(&received) {
                break whole;
            }
            match stream.read(&mut chunk)? {
                0 => return Ok(()),
                read => received.extend_from_slice(&chunk[..read]),
            }
        };
        received.drain(..whole);
        thread::sleep(after);
        stream.write_all(ANSWER)?;
        stream.flush()?;
    }
}

/// The length of the request at the start of `received`, once it has arrived whole.
fn request_bytes(received: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(received).ok()? else {
        return None;
    };
    let length = request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
        .unwrap_or(0);
    let whole = head + length;
    (received.len() >= whole).then_some(whole)
}

//! A sender that can break every rule of RFC 8030, RFC 8291 and RFC 8292, and what it reads of the answers.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use base64ct::{Base64UrlUnpadded, Encoding};
use hkdf::Hkdf;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey, ecdh};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use sha2::Sha256;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use push_service::decryption::random;

/// The limit of every wait in these tests.
pub const LIMIT: Duration = Duration::from_secs(10);

pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).unwrap()
}

/// An application server's key.
pub struct Sender(SigningKey);

impl Sender {
    pub fn new() -> Self {
        Self(SigningKey::from_slice(&random::<32>()).unwrap())
    }

    /// `applicationServerKey`, `k`.
    pub fn key(&self) -> String {
        encode(self.0.verifying_key().to_sec1_point(false).as_bytes())
    }

    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", encode(&signature.to_bytes()))
    }

    /// A header with these claims and otherwise nothing wrong.
    pub fn authorization(&self, claims: &Value) -> String {
        let token = self.token(&json!({ "typ": "JWT", "alg": "ES256" }), claims);
        format!("vapid t={token}, k={}", self.key())
    }
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn claims(origin: &str) -> Value {
    json!({ "aud": origin, "exp": now() + 3600, "sub": "mailto:test@example.com" })
}

/// `plain` (payload, delimiter, padding) as one record to a browser's keys in base64url.
pub fn encrypt(plain: &[u8], rs: u32, p256dh: &str, auth: &str) -> Vec<u8> {
    let browser = PublicKey::from_sec1_bytes(&decode(p256dh)).unwrap();
    let private = SecretKey::from_slice(&random::<32>()).unwrap();
    let public = private.public_key().to_sec1_point(false);
    let shared = ecdh::diffie_hellman(private.to_nonzero_scalar(), browser.as_affine());
    let info = [b"WebPush: info\0", &decode(p256dh)[..], public.as_bytes()].concat();
    let derive = |salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]| {
        Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, out).unwrap();
    };
    let (salt, mut ikm, mut key, mut nonce) = (random::<16>(), [0; 32], [0; 16], [0; 12]);
    derive(&decode(auth), shared.raw_secret_bytes(), &info, &mut ikm);
    derive(&salt, &ikm, b"Content-Encoding: aes128gcm\0", &mut key);
    derive(&salt, &ikm, b"Content-Encoding: nonce\0", &mut nonce);
    let cipher = Aes128Gcm::new_from_slice(&key).unwrap();
    let record = cipher.encrypt(&Nonce::from(nonce), plain).unwrap();
    [&salt[..], &rs.to_be_bytes(), &[65], public.as_bytes(), &record].concat()
}

/// A request, which a test changes header by header.
#[derive(Clone)]
pub struct Request {
    pub method: &'static str,
    pub endpoint: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A good request.
    pub fn new(endpoint: &str, authorization: String, body: Vec<u8>) -> Self {
        let mut headers =
            vec![("TTL", "60".to_owned()), ("Authorization", authorization), ("Connection", "close".to_owned())];
        if !body.is_empty() {
            headers.push(("Content-Encoding", "aes128gcm".to_owned()));
        }
        Self { method: "POST", endpoint: endpoint.to_owned(), headers, body }
    }

    /// The same with this value of a header, or without the header.
    pub fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self.headers.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    pub fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Sends it on a connection of its own over plain HTTP.
    pub fn send(&self) -> Response {
        let mut tcp = self.write();
        let mut bytes = Vec::new();
        tcp.read_to_end(&mut bytes).unwrap();
        Response::parse(&bytes)
    }

    /// Sends it; the caller reads the response.
    pub fn write(&self) -> TcpStream {
        let (authority, path) = self.endpoint.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let tcp = TcpStream::connect(authority).unwrap();
        tcp.set_read_timeout(Some(LIMIT)).unwrap();
        (&tcp).write_all(&self.to_bytes(authority, path)).unwrap();
        tcp
    }

    /// Sends it to the host in its endpoint by this proxy, with TLS checked against the authority in `ca`.
    pub fn send_by(&self, proxy: &str, ca: &Path) -> Response {
        let (host, path) = self.endpoint.strip_prefix("https://").unwrap().split_once('/').unwrap();
        let mut stream = connect_by(proxy, ca, host).unwrap();
        stream.write_all(&self.to_bytes(host, path)).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Response::parse(&bytes)
    }

    pub fn to_bytes(&self, authority: &str, path: &str) -> Vec<u8> {
        let mut head = format!("{} /{path} HTTP/1.1\r\nHost: {authority}\r\nX-Last: 1\r\n", self.method);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        [head.as_bytes(), &self.body].concat()
    }
}

pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.strip_prefix(": "))
    }

    /// Mozilla's number and words for a refusal.
    pub fn reason(&self) -> (u64, String) {
        let json: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(json["code"], self.status);
        (json["errno"].as_u64().unwrap(), json["message"].as_str().unwrap().to_owned())
    }
}

/// Asks `proxy` for port 443 of `host`: its answer's first line, and the connection.
pub fn connect(proxy: &str, target: &str) -> (String, TcpStream) {
    let mut tcp = TcpStream::connect(proxy.strip_prefix("http://").unwrap()).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    write!(tcp, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        tcp.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    (String::from_utf8(head).unwrap().lines().next().unwrap().to_owned(), tcp)
}

/// TLS with `host` by the proxy; fails when its certificate is not trusted.
pub fn connect_by(proxy: &str, ca: &Path, host: &str) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let (answer, tcp) = connect(proxy, &format!("{host}:443"));
    assert_eq!(answer, "HTTP/1.1 200 Connection established");
    let tls = ClientConnection::new(trusting(ca), host.to_owned().try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(tls, tcp);
    stream.flush()?;
    Ok(stream)
}

/// TLS that trusts the authority in this file and nothing else.
pub fn trusting(ca: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Sends these bytes and reads the response until the other end closes.
pub fn exchange(authority: &str, request: &str) -> Response {
    let mut tcp = TcpStream::connect(authority).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    tcp.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    tcp.read_to_end(&mut bytes).unwrap();
    Response::parse(&bytes)
}

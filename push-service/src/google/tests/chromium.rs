//! A simulated Chromium: it checks in, registers, logs in and receives, with its own reading of the protocol buffers.

use super::super::MessageChannel;
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use prost::Message;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// What the check-in gave.
#[derive(Clone, Copy)]
pub(super) struct Chromium {
    pub(super) id: u64,
    pub(super) token: u64,
}

#[derive(Clone, PartialEq, Message)]
struct CheckIn {
    #[prost(int64, optional, tag = "2")]
    id: Option<i64>,
    #[prost(fixed64, optional, tag = "13")]
    token: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct CheckedIn {
    #[prost(bool, required, tag = "1")]
    stats_ok: bool,
    #[prost(fixed64, required, tag = "7")]
    id: u64,
    #[prost(fixed64, required, tag = "8")]
    token: u64,
}

#[derive(Clone, PartialEq, Message)]
struct LoginRequest {
    #[prost(string, required, tag = "1")]
    id: String,
    #[prost(string, required, tag = "4")]
    resource: String,
    #[prost(string, required, tag = "5")]
    auth_token: String,
    #[prost(string, repeated, tag = "10")]
    received: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct LoginResponse {
    #[prost(string, required, tag = "1")]
    id: String,
    #[prost(message, optional, tag = "3")]
    error: Option<LoginError>,
}

#[derive(Clone, PartialEq, Message)]
struct LoginError {
    #[prost(int32, required, tag = "1")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DataMessage {
    #[prost(string, required, tag = "3")]
    pub(super) from: String,
    #[prost(string, required, tag = "5")]
    pub(super) category: String,
    #[prost(message, repeated, tag = "7")]
    pub(super) app_data: Vec<AppData>,
    #[prost(string, required, tag = "9")]
    pub(super) persistent_id: String,
    #[prost(int32, required, tag = "17")]
    pub(super) ttl: i32,
    #[prost(bytes = "vec", optional, tag = "21")]
    pub(super) raw_data: Option<Vec<u8>>,
    #[prost(bool, required, tag = "24")]
    pub(super) immediate_ack: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AppData {
    #[prost(string, required, tag = "1")]
    pub(super) key: String,
    #[prost(string, required, tag = "2")]
    pub(super) value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Stanza {
    #[prost(int32, optional, tag = "10")]
    last_stream_id_received: Option<i32>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Login {
    Refused { code: i32 },
}

impl Chromium {
    pub(super) fn check_in(channel: &MessageChannel) -> Self {
        Self { id: 0, token: 0 }.check_in_again(channel)
    }

    pub(super) fn check_in_again(self, channel: &MessageChannel) -> Self {
        let request = CheckIn { id: i64::try_from(self.id).ok(), token: Some(self.token) };
        let (_, answer) = post(&switch(channel, "--gcm-checkin-url="), "", &request.encode_to_vec());
        let CheckedIn { stats_ok, id, token } = CheckedIn::decode(answer.as_slice()).unwrap();
        assert!(stats_ok && id != 0 && token != 0);
        Self { id, token }
    }

    /// Posts the form and returns the answer.
    pub(super) fn register(self, channel: &MessageChannel, form: &str) -> String {
        let authorization = format!("Authorization: AidLogin {}:{}\r\n", self.id, self.token);
        let (_, answer) = post(&switch(channel, "--gcm-registration-url="), &authorization, form.as_bytes());
        String::from_utf8(answer).unwrap()
    }

    /// Subscribes and returns the token.
    pub(super) fn subscribe(self, channel: &MessageChannel, subtype: &str, key: &[u8]) -> String {
        let sender = Base64UrlUnpadded::encode_string(key);
        let form = format!("X-subtype={}&sender={sender}", subtype.replace('#', "%23"));
        self.register(channel, &form).strip_prefix("token=").unwrap().to_owned()
    }

    pub(super) fn log_in(self, channel: &MessageChannel, received: &[&str]) -> Result<Line, Login> {
        let mut line = Line(connect(channel));
        let request = LoginRequest {
            id: "chrome-156".to_owned(),
            resource: self.id.to_string(),
            auth_token: self.token.to_string(),
            received: received.iter().map(|&id| id.to_owned()).collect(),
        };
        line.0.write_all(&[41]).unwrap();
        line.send(2, &request);
        let mut version = [0];
        line.0.read_exact(&mut version).unwrap();
        assert_eq!(version, [41]);
        let (tag, response) = line.receive();
        assert_eq!(tag, 3);
        match LoginResponse::decode(response.as_slice()).unwrap().error {
            None => Ok(line),
            Some(LoginError { code }) => Err(Login::Refused { code }),
        }
    }
}

/// The message channel, logged in.
pub(super) struct Line(StreamOwned<ClientConnection, TcpStream>);

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Line")
    }
}

impl Line {
    fn send(&mut self, tag: u8, message: &impl Message) {
        self.0.write_all(&[tag]).unwrap();
        self.0.write_all(&message.encode_length_delimited_to_vec()).unwrap();
        self.0.flush().unwrap();
    }

    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut byte = [0];
        self.0.read_exact(&mut byte).unwrap();
        let tag = byte[0];
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            self.0.read_exact(&mut byte).unwrap();
            length |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] < 0x80 {
                break;
            }
        }
        let mut message = vec![0; length];
        self.0.read_exact(&mut message).unwrap();
        (tag, message)
    }

    pub(super) fn data_message(&mut self) -> DataMessage {
        let (tag, message) = self.receive();
        assert_eq!(tag, 8);
        DataMessage::decode(message.as_slice()).unwrap()
    }

    pub(super) fn acknowledge(&mut self, last_stream_id_received: i32) {
        self.send(7, &Stanza { last_stream_id_received: Some(last_stream_id_received) });
    }

    pub(super) fn ping(&mut self) {
        self.0.write_all(&[0, 0]).unwrap();
        let (tag, _) = self.receive();
        assert_eq!(tag, 1);
    }
}

/// The value of one of the switches that Chromium is started with.
pub(super) fn switch(channel: &MessageChannel, name: &str) -> String {
    channel.switches().iter().find_map(|switch| switch.strip_prefix(name)).unwrap().to_owned()
}

/// Posts with one more header and returns status and body.
pub(super) fn post(url: &str, header: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    let length = body.len();
    let head = format!("POST /{path} HTTP/1.1\r\nHost: {address}\r\n{header}Content-Length: {length}\r\n\r\n");
    tcp.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tcp.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    let head = String::from_utf8(answer).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, length) = head.split_once("Content-Length: ").unwrap();
    let mut body = vec![0; length.split_once("\r\n").unwrap().0.parse().unwrap()];
    tcp.read_exact(&mut body).unwrap();
    (status, body)
}

fn connect(channel: &MessageChannel) -> StreamOwned<ClientConnection, TcpStream> {
    let address = switch(channel, "--gcm-mcs-endpoint=https://");
    let trusted = Trusted(switch(channel, "--ignore-certificate-errors-spki-list="));
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trusted))
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), tcp)
}

/// Trusts the certificate with this key and no other: SHA-256, base64.
#[derive(Debug)]
struct Trusted(String);

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        assert_eq!(Base64::encode_string(&Sha256::digest(&key)), self.0);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

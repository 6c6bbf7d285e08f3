//! Bare sockets to a listener, plain or TLS: what no HTTP client would send, and all that comes back.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, StreamOwned};

use super::program::LIMIT;

/// A client's connection.
pub enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// Connects to the port that `url` ends with.
pub fn connect(url: &str) -> TcpStream {
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let tcp = TcpStream::connect_timeout(&address, LIMIT).unwrap();
    tcp.set_read_timeout(Some(LIMIT)).unwrap();
    tcp.set_write_timeout(Some(LIMIT)).unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp
}

impl Wire {
    /// Plain for `http://...`; for `https://...` TLS with exactly the certificate in `pem` trusted.
    pub fn open(url: &str, pem: &Path) -> Wire {
        match url.starts_with("https") {
            true => Wire::tls(url, client_config(pem), "localhost").unwrap(),
            false => Wire::Plain(connect(url)),
        }
    }

    /// TLS with `sni` as the name asked for.
    ///
    /// # Errors
    /// Why there was no handshake.
    pub fn tls(url: &str, config: ClientConfig, sni: &str) -> io::Result<Wire> {
        let name = ServerName::try_from(sni.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, connect(url));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Wire::Tls(Box::new(stream)))
    }

    /// The socket below.
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Wire::Plain(tcp) => tcp,
            Wire::Tls(tls) => &tls.sock,
        }
    }

    /// The client's own port, by which the server names it.
    pub fn port(&self) -> u16 {
        self.tcp().local_addr().unwrap().port()
    }

    /// Says that nothing more will come.
    pub fn finish(&mut self) {
        match self {
            Wire::Plain(tcp) => tcp.shutdown(Shutdown::Write).unwrap(),
            Wire::Tls(tls) => {
                tls.conn.send_close_notify();
                tls.flush().unwrap();
            }
        }
    }

    /// Sends `bytes`, and reads one answer, its body by its Content-Length.
    pub fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.write_all(bytes.as_ref()).unwrap();
        self.flush().unwrap();
        self.answer()
    }

    /// Reads one answer.
    pub fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |digits| digits.parse().unwrap());
        let mut body = vec![0; length];
        self.read_exact(&mut body).unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// All that still comes; an end without close_notify, and a reset, are ends like others here.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let ended = self.read_to_end(&mut rest).map_err(|e| e.kind());
        assert!(
            matches!(
                ended,
                Ok(_) | Err(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof)
            ),
            "{ended:?}"
        );
        rest
    }
}

/// One answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(tcp) => tcp.read(buffer),
            Wire::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(tcp) => tcp.write(bytes),
            Wire::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Wire::Plain(tcp) => tcp.flush(),
            Wire::Tls(tls) => tls.flush(),
        }
    }
}

fn roots(pem: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pem).unwrap()).unwrap();
    roots
}

/// A client that trusts exactly the certificate in `pem`.
pub fn client_config(pem: &Path) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(pem))
        .with_no_client_auth()
}

/// The same, but the certificate is checked for `localhost` whatever name is asked for.
pub fn config_for_another_sni(pem: &Path) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(roots(pem));
    let strict = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ForLocalhost(strict.build().unwrap())))
        .with_no_client_auth()
}

#[derive(Debug)]
struct ForLocalhost(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for ForLocalhost {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = ServerName::try_from("localhost").unwrap();
        self.0.verify_server_cert(leaf, chain, &name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

//! The browser's side of Google's push service, as Chromium uses it: a check-in names the browser, a registration makes each
//! subscription, and the message channel delivers. Chromium is led here by the switches of [`MessageChannel::switches`].

mod check_in;
mod frames;
mod message_channel;
mod messages;
mod registration;
#[cfg(test)]
mod tests;

use crate::{Listener, RequestHead, Response, Shared, certificate::server_config, control};
use base64ct::{Base64, Encoding};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

const CHECK_IN: &str = "/google/check-in";
const REGISTRATION: &str = "/google/registration";

/// Answers Chromium's two kinds of requests; `None`: the request is of another kind.
pub(crate) fn answer(shared: &Shared, head: &RequestHead, body: &[u8]) -> Option<Response> {
    // Chromium itself asks, not one of its pages.
    let stranger = || !control::has_our_host(shared, head) || control::is_from_another_site(shared, head);
    match (head.method.as_str(), head.path.as_str()) {
        ("POST", CHECK_IN | REGISTRATION) if stranger() => Some(Response::new(403)),
        ("POST", CHECK_IN) => Some(shared.check_in(body)),
        ("POST", REGISTRATION) => Some(shared.register(head, body)),
        _ => None,
    }
}

/// The port of Google's message channel, open until this is dropped.
pub struct MessageChannel {
    listener: Listener,
    /// Scheme, name and port of the push service.
    origin: String,
    /// SHA-256 of the certificate's public key, base64.
    key_hash: String,
}

impl MessageChannel {
    /// Opens it on a port that the system chooses, with a new certificate.
    ///
    /// # Errors
    /// When no port or no certificate can be had.
    pub fn open(shared: &Arc<Shared>) -> Result<Self, Box<dyn Error>> {
        let (config, key_hash) = certificate()?;
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let serve = move |tcp, shared: &Shared| shared.serve_message_channel(tcp, config.clone());
        let listener = Listener::start(tcp, shared.clone(), serve)?;
        Ok(Self { listener, origin: shared.origin.clone(), key_hash })
    }

    /// What makes Chromium use this push service.
    pub fn switches(&self) -> [String; 4] {
        let (origin, port) = (self.origin.replace("localhost", "127.0.0.1"), self.listener.port());
        [
            format!("--gcm-checkin-url={origin}{CHECK_IN}"),
            format!("--gcm-registration-url={origin}{REGISTRATION}"),
            format!("--gcm-mcs-endpoint=https://127.0.0.1:{port}"),
            // The channel's certificate has no authority: Chromium knows its key.
            format!("--ignore-certificate-errors-spki-list={}", self.key_hash),
        ]
    }
}

/// TLS for this address with a self-signed certificate, and the hash of its key.
fn certificate() -> Result<(Arc<ServerConfig>, String), Box<dyn Error>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![Ipv4Addr::LOCALHOST.to_string()])?.self_signed(&key)?;
    let key_hash = Base64::encode_string(&Sha256::digest(key.subject_public_key_info()));
    Ok((server_config(&certificate, &key)?, key_hash))
}

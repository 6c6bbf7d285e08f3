//! The browser's side of Google's push service, as Chromium uses it: a check-in names the browser, a registration makes each
//! subscription, and the message channel delivers. Chromium is led here by the switches of [`MessageChannel::switches`].

mod check_in;
mod frames;
mod message_channel;
mod messages;
mod registration;
#[cfg(test)]
mod tests;

use crate::{Connection, Listener, RequestHead, Response, Shared, certificate::server_config, control};
use base64ct::{Base64, Encoding};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

const CHECK_IN: &str = "/google/check-in";
const REGISTRATION: &str = "/google/registration";

/// Answers Chromium's two kinds of requests; `None`: the request is of another kind, and its body is not read yet.
pub(crate) fn answer(shared: &Shared, connection: &mut Connection, head: &RequestHead) -> io::Result<Option<Response>> {
    if head.method != "POST" || ![CHECK_IN, REGISTRATION].contains(&head.path.as_str()) {
        return Ok(None);
    }
    let body = connection.read_body(head)?;
    // Chromium itself asks, not one of its pages.
    let stranger = !control::has_our_host(shared, head) || control::is_from_another_site(shared, head);
    Ok(Some(match head.path.as_str() {
        _ if stranger => Response::new(403),
        CHECK_IN => shared.check_in(&body),
        _ => shared.register(head, &body),
    }))
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

//! Posts push requests over connections that it keeps, and cuts what comes back by what to do next.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;

use super::names::Names;
use super::{Answer, PushRequest};
use crate::endpoint::Vendor;

/// Buffers of one connection: a body is at most 4096 bytes, ureq's own 2 x 128 KiB would be all of our memory.
const BUFFER_BYTES: usize = 8 * 1024;
/// Longest answer head: less than the buffer, so that ureq sees that it is too long.
const MAX_ANSWER_HEAD_BYTES: usize = BUFFER_BYTES - 1024;
/// What we call ourselves to push services.
const USER_AGENT: &str = concat!("barepush/", env!("CARGO_PKG_VERSION"));

/// Why a push service did not accept a message. Cut by what to do next.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// 404, 410: this subscription is over; set it aside and subscribe again.
    #[error("gone")]
    Gone(Answer),
    /// 429, 5xx, and WNS's 406: later.
    #[error("busy")]
    Busy(Answer),
    /// Any other answer: the same request will be refused again.
    #[error("refused")]
    Refused(Answer),
    /// No answer: network, name, TLS, time.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The DNS does not know the host, or does not answer.
    #[error("its host name is not known to the DNS")]
    Name,
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// The connection was not made, or ended before the answer.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The certificate or the handshake is bad; the next try would be as well.
    #[error("TLS: {0}")]
    Tls(String),
    /// No answer in this time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// Somebody answered who does not speak HTTP.
    #[error("its answer is not HTTP")]
    NotHttp,
    /// Anything else, in ureq's words: a proxy's refusal, say.
    #[error("{0}")]
    Network(String),
}

/// Posts requests, over connections that it keeps. Cheap to share between threads.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    /// For push services on this machine: a proxy's loopback is another machine.
    without_proxy: ureq::Agent,
    timeout: Duration,
    /// Whether a connection may have been kept.
    answered: Arc<AtomicBool>,
}

/// Which connection a request goes over.
#[derive(PartialEq)]
enum Over {
    /// A kept one, or else a new one.
    Any,
    /// A new one, which is then kept.
    New,
}

impl Client {
    /// `timeout` bounds each push, from name to answer; up to `connections` a host are kept.
    pub fn new(timeout: Duration, connections: usize) -> Client {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = || {
            ureq::Agent::config_builder()
                .tls_config(tls.clone())
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_global(Some(timeout))
                .user_agent(USER_AGENT)
                .input_buffer_size(BUFFER_BYTES)
                .output_buffer_size(BUFFER_BYTES)
                .max_response_header_size(MAX_ANSWER_HEAD_BYTES)
                .max_idle_connections(connections)
                .max_idle_connections_per_host(connections)
        };
        let agent =
            |config| ureq::Agent::with_parts(config, DefaultConnector::default(), Names::default());
        Client {
            agent: agent(config().build()),
            without_proxy: agent(config().proxy(None).build()),
            timeout,
            answered: Arc::default(),
        }
    }

    /// Posts `request` once. Any 2xx is accepted (RFC 8030 section 5 says 201; 202 has been seen). A kept connection that
    /// the push service closed just now is no failure: the request is posted over a new one.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, request: &PushRequest) -> Result<Answer, SendError> {
        let kept = self.answered.load(Ordering::Relaxed);
        let response = match self.post(request, Over::Any) {
            Err(e) if kept && was_closed(&e) => self.post(request, Over::New),
            result => result,
        };
        let response = response.map_err(|e| self.unreachable(e))?;
        self.answered.store(true, Ordering::Relaxed);
        let answer = Answer::read(response, request);
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            404 | 410 => Err(SendError::Gone(answer)),
            // WNS documents 406 for what the others answer 429 to.
            406 if request.endpoint().vendor() == Vendor::Windows => Err(SendError::Busy(answer)),
            429 | 500..=599 => Err(SendError::Busy(answer)),
            _ => Err(SendError::Refused(answer)),
        }
    }

    fn post(&self, request: &PushRequest, over: Over) -> Result<Response<ureq::Body>, ureq::Error> {
        let agent = match request.endpoint().is_loopback() {
            true => &self.without_proxy,
            false => &self.agent,
        };
        let mut post = agent.post(request.endpoint().as_str());
        for (name, value) in request.headers() {
            post = post.header(*name, value);
        }
        if over == Over::New {
            // Settings of a request's own: with them on every request ureq would make the TLS settings, and so read all of the
            // system's certificates, for every connection anew.
            post = post.config().max_idle_age(Duration::ZERO).build();
        }
        match request.body().is_empty() {
            true => post.send_empty(),
            false => post.send(request.body()),
        }
    }

    fn unreachable(&self, error: ureq::Error) -> Unreachable {
        match error {
            ureq::Error::Timeout(_) => Unreachable::Timeout(self.timeout),
            ureq::Error::HostNotFound => Unreachable::Name,
            ureq::Error::ConnectionFailed => Unreachable::Lost("no address answered".into()),
            ureq::Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                Unreachable::Refused
            }
            ureq::Error::Io(e) => match e
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            {
                Some(tls) => Unreachable::Tls(tls.to_string()),
                None => Unreachable::Lost(e.to_string()),
            },
            ureq::Error::Rustls(tls) => Unreachable::Tls(tls.to_string()),
            ureq::Error::Protocol(_)
            | ureq::Error::Http(_)
            | ureq::Error::LargeResponseHeader(..) => Unreachable::NotHttp,
            other => Unreachable::Network(other.to_string()),
        }
    }
}

/// Whether the other end was gone already: on a kept connection nothing else can be told from that.
fn was_closed(error: &ureq::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kinds = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        UnexpectedEof,
    ];
    matches!(error, ureq::Error::Io(e) if kinds.contains(&e.kind()))
}

//! Posts push requests over connections that it keeps, and cuts what comes back by what to do next.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

use ureq::RequestBuilder;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::WithBody;
use ureq::unversioned::transport::DefaultConnector;

use super::names::Names;
use super::{Answer, PushRequest};
use crate::endpoint::Vendor;

/// Buffers of one connection, once for TLS and once beneath it; ureq's own 128 KiB each would be all of our memory. What is
/// sent is a head of some 700 bytes and mostly a body of 230; a longer one goes out in pieces.
const OUTPUT_BYTES: usize = 4 * 1024;
/// What comes back must fit in with its whole head.
const INPUT_BYTES: usize = 8 * 1024;
/// Longest answer head: less than the buffer, so that ureq sees that it is too long.
const MAX_ANSWER_HEAD_BYTES: usize = INPUT_BYTES - 1024;
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
    agent: Arc<Agent>,
    /// Without a proxy: a proxy's loopback is another machine.
    loopback: Arc<Agent>,
    timeout: Duration,
    /// Whether a connection may have been kept.
    answered: Arc<AtomicBool>,
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
                .input_buffer_size(INPUT_BYTES)
                .output_buffer_size(OUTPUT_BYTES)
                .max_response_header_size(MAX_ANSWER_HEAD_BYTES)
                .max_idle_connections(connections)
                .max_idle_connections_per_host(connections)
        };
        Client {
            agent: Arc::new(Agent::new(config().build(), connections)),
            loopback: Arc::new(Agent::new(config().proxy(None).build(), connections)),
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
        let post = self.prepare(request);
        let response = match post_body(post, request) {
            // Too old to be used, however young: this takes a new connection.
            Err(e) if kept && was_closed(&e) => {
                let post = self
                    .prepare(request)
                    .config()
                    .max_idle_age(Duration::ZERO)
                    .build();
                post_body(post, request)
            }
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

    /// Nothing but URI and headers: a request with settings of its own would make ureq read the system's certificates again
    /// for each connection.
    fn prepare(&self, request: &PushRequest) -> RequestBuilder<WithBody> {
        let agent = match request.endpoint().is_loopback() {
            true => &self.loopback,
            false => &self.agent,
        };
        let post = agent.ready().post(request.endpoint().as_str());
        request
            .headers()
            .iter()
            .fold(post, |post, (name, value)| post.header(*name, value))
    }

    fn unreachable(&self, error: ureq::Error) -> Unreachable {
        match error {
            ureq::Error::Timeout(_) => Unreachable::Timeout(self.timeout),
            ureq::Error::HostNotFound => Unreachable::Name,
            // The resolver's failures have no kind of their own in std, only these words.
            ureq::Error::Io(e) if e.to_string().starts_with("failed to lookup address") => {
                Unreachable::Name
            }
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

/// ureq reads the system's trusted certificates at the first handshake, 1.5 ms and 1 MiB, and every thread that comes to one
/// meanwhile reads them too. With many threads that is most of our memory, so one reads them before.
#[derive(Debug)]
struct Agent {
    agent: ureq::Agent,
    certificates: Once,
    alone: bool,
}

impl Agent {
    fn new(config: ureq::config::Config, connections: usize) -> Agent {
        Agent {
            agent: ureq::Agent::with_parts(config, DefaultConnector::default(), Names::default()),
            certificates: Once::new(),
            alone: connections <= 1,
        }
    }

    fn ready(&self) -> &ureq::Agent {
        if !self.alone {
            self.certificates.call_once(|| self.read_certificates());
        }
        &self.agent
    }

    /// By a handshake with a listener of our own, which hangs up. Behind a proxy it would not come back to us.
    fn read_certificates(&self) {
        if self.agent.config().proxy().is_some() {
            return;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        if let Ok((address, listener)) = listener.and_then(|l| Ok((l.local_addr()?, l))) {
            thread::spawn(move || listener.accept().map(drop));
            let _ = self.agent.get(format!("https://{address}/")).call();
        }
    }
}

fn post_body(
    post: RequestBuilder<WithBody>,
    request: &PushRequest,
) -> Result<Response<ureq::Body>, ureq::Error> {
    match request.body().is_empty() {
        true => post.send_empty(),
        false => post.send(request.body()),
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

//! Posts push requests over connections that it keeps, and sorts answers and failures by what to do next.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::typestate::WithBody;
use ureq::{Agent, RequestBuilder};

use super::agents::{Agents, Settings};
use super::{Answer, Endpoint, ProxyError, PushRequest};

/// Why a push service did not accept a message, by what to do next.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// 404, 410: the subscription no longer exists; move it to `.gone` and subscribe again.
    #[error("gone")]
    Gone(Answer),
    /// 408, 429, 5xx, and what else the vendor's rules call busy: send again later.
    #[error("busy")]
    Busy(Answer),
    /// Any other answer: the same request will be refused again.
    #[error("refused")]
    Refused(Answer),
    /// There is no answer.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

impl SendError {
    /// The push service's answer, if there was one.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            SendError::Gone(answer) | SendError::Busy(answer) | SendError::Refused(answer) => Some(answer),
            SendError::Unreachable(_) => None,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The DNS does not know the host, or it does not answer.
    #[error("its host name is not known to the DNS")]
    Name,
    /// No program listens on that port.
    #[error("connection refused")]
    Refused,
    /// The connection was not made, or ended before the answer.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The certificate is not trusted, or the handshake failed; another try would fail too.
    #[error("TLS: {0}")]
    Tls(String),
    /// No answer came in this time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// What answered does not speak HTTP.
    #[error("its answer is not HTTP")]
    NotHttp,
    /// The proxy that this variable names cannot be reached, so the push service was not asked.
    #[error("the proxy in {0} does not work: {1}")]
    ProxyDown(&'static str, String),
    /// The proxy that this variable names answered this status instead of connecting, so the push service was not asked.
    #[error("the proxy in {0} answered {1}")]
    ProxyRefused(&'static str, StatusCode),
    /// Anything else, in ureq's words.
    #[error("{0}")]
    Network(String),
}

/// Posts requests, over connections that it keeps. Cheap to share between threads.
#[derive(Debug, Clone)]
pub struct Client {
    agents: Arc<Agents>,
    timeout: Duration,
    /// Whether a connection may have been kept.
    answered: Arc<AtomicBool>,
}

impl Client {
    /// `timeout` bounds each try, from name to answer. Up to `connections` a host are kept.
    ///
    /// # Errors
    /// [`ProxyError`] when the environment names a proxy that cannot be used.
    pub fn new(timeout: Duration, connections: usize) -> Result<Client, ProxyError> {
        let agents = Arc::new(Agents::new(Settings { timeout, connections })?);
        Ok(Client { agents, timeout, answered: Arc::default() })
    }

    /// Posts `request` once. Any 2xx is accepted (RFC 8030 section 5 says 201; 202 has been seen). When the push service has just
    /// closed a kept connection, that is not a failure: the request is posted over a new one.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, request: &PushRequest) -> Result<Answer, SendError> {
        let response = self.post(request);
        let response = response.map_err(|e| self.unreachable(e, &request.endpoint))?;
        self.answered.store(true, Ordering::Relaxed);
        let answer = Answer::read(response, request);
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            404 | 410 => Err(SendError::Gone(answer)),
            408 | 429 | 500..=599 => Err(SendError::Busy(answer)),
            status if request.endpoint.vendor().rules().busy.contains(&status) => Err(SendError::Busy(answer)),
            _ => Err(SendError::Refused(answer)),
        }
    }

    fn post(&self, request: &PushRequest) -> Result<Response<ureq::Body>, ureq::Error> {
        let kept = self.answered.load(Ordering::Relaxed);
        let post = || prepare(self.agents.agent(&request.endpoint), request);
        match post_body(post(), request) {
            // With every kept connection too old to be used, this takes a new one.
            Err(e) if kept && was_closed(&e) => {
                let fresh = post().config().max_idle_age(Duration::ZERO).build();
                post_body(fresh, request)
            }
            result => result,
        }
    }

    fn unreachable(&self, error: ureq::Error, endpoint: &Endpoint) -> Unreachable {
        if let Some(tls) = tls_error(&error) {
            return Unreachable::Tls(tls.to_string());
        }
        let why = match &error {
            ureq::Error::Timeout(_) => Unreachable::Timeout(self.timeout),
            ureq::Error::HostNotFound => Unreachable::Name,
            // The resolver's failures have no kind of their own in std, only these words.
            ureq::Error::Io(e) if e.to_string().starts_with("failed to lookup address") => Unreachable::Name,
            ureq::Error::ConnectionFailed => Unreachable::Lost("no address answered".into()),
            ureq::Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => Unreachable::Refused,
            ureq::Error::Io(e) => Unreachable::Lost(e.to_string()),
            ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
                Unreachable::NotHttp
            }
            other => Unreachable::Network(other.to_string()),
        };
        match (self.agents.proxy_variable(endpoint), &error) {
            (Some(variable), ureq::Error::ConnectProxyFailed(words)) => proxy_failure(variable, words),
            // With a proxy, nothing else is connected to.
            (Some(variable), _) if matches!(why, Unreachable::Name | Unreachable::Refused) => {
                Unreachable::ProxyDown(variable, why.to_string())
            }
            _ => why,
        }
    }
}

/// By ureq's words: `proxy server responded 407/407`, or that it did not respond.
fn proxy_failure(variable: &'static str, words: &str) -> Unreachable {
    let status = words.split([' ', '/']).find_map(|word| word.parse::<u16>().ok());
    match status.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => Unreachable::ProxyRefused(variable, status),
        None => Unreachable::ProxyDown(variable, "it closed the connection".into()),
    }
}

/// Sets the URI and the headers only: with settings of its own, ureq would read the authorities again for each connection.
fn prepare(agent: &Agent, request: &PushRequest) -> RequestBuilder<WithBody> {
    let post = agent.post(request.endpoint.as_str());
    request.headers.iter().fold(post, |post, header| post.header(header.name, &header.value))
}

fn post_body(post: RequestBuilder<WithBody>, request: &PushRequest) -> Result<Response<ureq::Body>, ureq::Error> {
    match request.body.is_empty() {
        true => post.send_empty(),
        false => post.send(&request.body),
    }
}

/// rustls's error, wherever ureq put it.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(tls) => Some(tls),
        ureq::Error::Io(e) => e.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// Whether the other end had closed the connection, which is all that can be known of a kept one.
fn was_closed(error: &ureq::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kinds = [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof];
    matches!(error, ureq::Error::Io(e) if kinds.contains(&e.kind()))
}

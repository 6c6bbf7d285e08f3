//! Posts push requests over connections that it keeps, and sorts answers and failures by what to do next.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::tls::RootCerts;
use ureq::{Agent, Proxy};

use super::{Answer, Endpoint, LocalError, PushRequest, agent};

/// Why a push service did not accept a message, by what to do next.
#[derive(Debug, Clone)]
pub enum SendError {
    /// 404, 410: the subscription no longer exists; move it to `.gone` and subscribe again.
    Gone(Answer),
    /// 408, 429, 5xx, and what else the vendor's rules call busy: send again later.
    Busy(Answer),
    /// Any other answer: the same request will be refused again.
    Refused(Answer),
    /// There is no answer.
    Unreachable(Unreachable),
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
    /// The connection was not made, or ended before the answer: in a few words.
    #[error("{0}")]
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
}

/// Posts requests, over connections that it keeps. Threads may share it.
pub struct Client {
    timeout: Duration,
    connections: usize,
    /// With the variable that names it.
    proxy: Option<(&'static str, Proxy)>,
    /// For plain http, which is on this machine: no proxy, no certificate.
    plain: OnceLock<Agent>,
    /// For https on this machine: no proxy, because a proxy's loopback is another machine.
    loopback: OnceLock<Agent>,
    /// For https elsewhere.
    remote: OnceLock<Agent>,
    /// Whether a connection may have been kept.
    answered: AtomicBool,
}

impl Client {
    /// `timeout` bounds each try, from name to answer. Up to `connections` a host are kept.
    ///
    /// # Errors
    /// [`LocalError`] when the environment names a proxy that cannot be used.
    pub fn new(timeout: Duration, connections: usize) -> Result<Client, LocalError> {
        Ok(Client {
            timeout,
            connections,
            proxy: agent::proxy()?,
            plain: OnceLock::new(),
            loopback: OnceLock::new(),
            remote: OnceLock::new(),
            answered: AtomicBool::new(false),
        })
    }

    /// Posts `request` once. Any 2xx is accepted (RFC 8030 section 5 says 201; 202 has been seen). When the push service has just
    /// closed a kept connection, that is not a failure: the request is posted over a new one.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, request: &PushRequest) -> Result<Answer, SendError> {
        let response =
            self.post(request).map_err(|e| SendError::Unreachable(self.unreachable(e, &request.endpoint)))?;
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
        // The URI and the headers only: with settings of its own, ureq would read the authorities again for each connection.
        let prepare = || {
            let post = self.agent(&request.endpoint).post(request.endpoint.as_str());
            request.headers.iter().fold(post, |post, header| post.header(header.name, &header.value))
        };
        match prepare().send(&request.body) {
            // Asked only now: another thread's connection may have been kept since. With every kept connection too old to be used,
            // this takes a new one.
            Err(e) if self.answered.load(Ordering::Relaxed) && was_closed(&e) => {
                prepare().config().max_idle_age(Duration::ZERO).build().send(&request.body)
            }
            result => result,
        }
    }

    /// The agent for `endpoint`. Authorities are read with the first endpoint that needs them, which takes milliseconds.
    fn agent(&self, endpoint: &Endpoint) -> &Agent {
        let make = |authorities, proxy| agent::make(self.timeout, self.connections, authorities, proxy);
        let proxy = || self.proxy.as_ref().map(|(_, proxy)| proxy.clone());
        match (endpoint.as_str().starts_with("http:"), endpoint.is_loopback()) {
            (true, _) => self.plain.get_or_init(|| make(RootCerts::PlatformVerifier, None)),
            (false, true) => self.loopback.get_or_init(|| make(agent::root_certs(), None)),
            (false, false) => self.remote.get_or_init(|| make(agent::root_certs(), proxy())),
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
            ureq::Error::ConnectionFailed => Unreachable::Lost("connection lost: no address answered".into()),
            ureq::Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => Unreachable::Refused,
            ureq::Error::Io(e) => Unreachable::Lost(format!("connection lost: {e}")),
            ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
                Unreachable::NotHttp
            }
            other => Unreachable::Lost(other.to_string()),
        };
        let proxy =
            self.proxy.as_ref().filter(|(_, proxy)| !endpoint.is_loopback() && !proxy.is_no_proxy(&endpoint.uri));
        match (proxy.map(|(variable, _)| *variable), &error) {
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

//! Posts push requests over connections that it keeps, and cuts what comes back by what to do next.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::RequestBuilder;
use ureq::http::Response;
use ureq::typestate::WithBody;

use super::answer::Answer;
use super::request::PushRequest;
use super::roots::{Agents, Settings, Trust};

/// Why a push service did not accept a message. Cut by what to do next.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// 404, 410: this subscription is over; set it aside and subscribe again.
    #[error("gone")]
    Gone(Answer),
    /// 429, 5xx, and what else the vendor's rules call busy: send again later.
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
    trust: Arc<Trust>,
    timeout: Duration,
    /// Whether a connection may have been kept.
    answered: Arc<AtomicBool>,
}

impl Client {
    /// `timeout` bounds each try, from name to answer; up to `connections` a host are kept.
    pub fn new(timeout: Duration, connections: usize) -> Client {
        let settings = Settings { timeout, connections };
        Client { trust: Arc::new(Trust::new(settings)), timeout, answered: Arc::default() }
    }

    /// Posts `request` once. Any 2xx is accepted (RFC 8030 section 5 says 201; 202 has been seen). A kept connection that
    /// the push service closed just now is no failure: the request is posted over a new one.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, request: &PushRequest) -> Result<Answer, SendError> {
        let agents = self.trust.agents(request.endpoint());
        let response = match self.post(agents, request) {
            Err(e) if is_distrust(&e) => match self.trust.beyond(agents) {
                Some(agents) => self.post(agents, request),
                None => Err(e),
            },
            result => result,
        };
        let response = response.map_err(|e| self.unreachable(e))?;
        self.answered.store(true, Ordering::Relaxed);
        let answer = Answer::read(response, request);
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            404 | 410 => Err(SendError::Gone(answer)),
            429 | 500..=599 => Err(SendError::Busy(answer)),
            status if request.endpoint().vendor().rules().busy.contains(&status) => Err(SendError::Busy(answer)),
            _ => Err(SendError::Refused(answer)),
        }
    }

    fn post(&self, agents: &Agents, request: &PushRequest) -> Result<Response<ureq::Body>, ureq::Error> {
        let kept = self.answered.load(Ordering::Relaxed);
        let post = || prepare(agents, request);
        match post_body(post(), request) {
            // Too old to be used, however young: this takes a new connection.
            Err(e) if kept && was_closed(&e) => {
                let fresh = post().config().max_idle_age(Duration::ZERO).build();
                post_body(fresh, request)
            }
            result => result,
        }
    }

    fn unreachable(&self, error: ureq::Error) -> Unreachable {
        if let Some(tls) = tls_error(&error) {
            return Unreachable::Tls(tls.to_string());
        }
        match error {
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
        }
    }
}

/// Nothing but URI and headers: a request with settings of its own would make ureq read the authorities again for each
/// connection.
fn prepare(agents: &Agents, request: &PushRequest) -> RequestBuilder<WithBody> {
    let endpoint = request.endpoint();
    let post = agents.to(endpoint).post(endpoint.as_str());
    request.headers().iter().fold(post, |post, header| post.header(header.name, &header.value))
}

fn post_body(post: RequestBuilder<WithBody>, request: &PushRequest) -> Result<Response<ureq::Body>, ureq::Error> {
    match request.body().is_empty() {
        true => post.send_empty(),
        false => post.send(request.body()),
    }
}

/// What rustls says, wherever ureq put it.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(tls) => Some(tls),
        ureq::Error::Io(e) => e.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// Whether the certificate was refused, so that nothing was sent.
fn is_distrust(error: &ureq::Error) -> bool {
    matches!(tls_error(error), Some(rustls::Error::InvalidCertificate(_)))
}

/// Whether the other end was gone already: on a kept connection nothing else can be told from that.
fn was_closed(error: &ureq::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kinds = [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof];
    matches!(error, ureq::Error::Io(e) if kinds.contains(&e.kind()))
}

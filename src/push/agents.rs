//! ureq, set up for push services: bounded memory and time, no redirects, and each endpoint's own proxy and authorities.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Proxy};

use super::dns_cache::Names;
use super::{Endpoint, ProxyError, proxy, roots};

/// Buffers of one connection, once for TLS and once beneath it. With ureq's own 128 KiB each they would be all of our memory. What
/// is sent is a head of some 700 bytes and mostly a body of 230; a longer one goes out in pieces.
const OUTPUT_BYTES: usize = 4 * 1024;
/// What comes back must fit in with its whole head.
const INPUT_BYTES: usize = 8 * 1024;
/// Longest answer head: less than the buffer, so that ureq sees that it is too long.
const MAX_ANSWER_HEAD_BYTES: usize = INPUT_BYTES - 1024;
/// What we call ourselves to push services.
const USER_AGENT: &str = concat!("barepush/", env!("CARGO_PKG_VERSION"));

/// How every request is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Bounds each push, from name to answer.
    pub(super) timeout: Duration,
    /// How many connections a host are kept.
    pub(super) connections: usize,
}

/// An agent of ureq for each kind of endpoint.
#[derive(Debug)]
pub(super) struct Agents {
    settings: Settings,
    proxy: Option<(&'static str, Proxy)>,
    /// Plain http, which is on this machine: no proxy, no certificate.
    plain: Agent,
    /// https on this machine: no proxy, because a proxy's loopback is another machine.
    loopback: OnceLock<Agent>,
    /// https elsewhere.
    remote: OnceLock<Agent>,
}

impl Agents {
    pub(super) fn new(settings: Settings) -> Result<Agents, ProxyError> {
        let plain = settings.agent(RootCerts::PlatformVerifier, None);
        Ok(Agents { settings, proxy: proxy::from_env()?, plain, loopback: OnceLock::new(), remote: OnceLock::new() })
    }

    /// The one for `endpoint`. Authorities are read with the first endpoint that needs them, which takes milliseconds.
    pub(super) fn agent(&self, endpoint: &Endpoint) -> &Agent {
        let proxy = || self.proxy.as_ref().map(|(_, proxy)| proxy.clone());
        match (endpoint.as_str().starts_with("http:"), endpoint.is_loopback()) {
            (true, _) => &self.plain,
            (false, true) => self.loopback.get_or_init(|| self.settings.agent(roots::root_certs(), None)),
            (false, false) => self.remote.get_or_init(|| self.settings.agent(roots::root_certs(), proxy())),
        }
    }

    /// The variable that names the proxy on the way to `endpoint`, if there is one.
    pub(super) fn proxy_variable(&self, endpoint: &Endpoint) -> Option<&'static str> {
        let (variable, proxy) = self.proxy.as_ref().filter(|_| !endpoint.is_loopback())?;
        (!proxy.is_no_proxy(endpoint.uri())).then_some(*variable)
    }
}

impl Settings {
    fn agent(self, authorities: RootCerts, proxy: Option<Proxy>) -> Agent {
        let tls = TlsConfig::builder()
            .root_certs(authorities)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(self.timeout))
            .user_agent(USER_AGENT)
            .input_buffer_size(INPUT_BYTES)
            .output_buffer_size(OUTPUT_BYTES)
            .max_response_header_size(MAX_ANSWER_HEAD_BYTES)
            .max_idle_connections(self.connections)
            .max_idle_connections_per_host(self.connections);
        Agent::with_parts(config.build(), DefaultConnector::default(), Names::default())
    }
}

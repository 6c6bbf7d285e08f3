//! ureq, set up for push services; and whose certificates it trusts: the operating system's choice, asked in two steps.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{env, fs, ptr};

use ureq::tls::{PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;

use super::dns_cache::Names;
use crate::push::endpoint::Endpoint;

/// Buffers of one connection, once for TLS and once beneath it; ureq's own 128 KiB each would be all of our memory. What is
/// sent is a head of some 700 bytes and mostly a body of 230; a longer one goes out in pieces.
const OUTPUT_BYTES: usize = 4 * 1024;
/// What comes back must fit in with its whole head.
const INPUT_BYTES: usize = 8 * 1024;
/// Longest answer head: less than the buffer, so that ureq sees that it is too long.
const MAX_ANSWER_HEAD_BYTES: usize = INPUT_BYTES - 1024;
/// What we call ourselves to push services.
const USER_AGENT: &str = concat!("barepush/", env!("CARGO_PKG_VERSION"));

/// Where the system's verifier finds authorities by file and by folder, it reads both whole: on Debian the same ones twice, and the
/// folder, with a file for each, takes as long as all the rest of a push. So the file's are asked first; the verifier when a
/// certificate was refused to them, and from then on. What is trusted is what the verifier trusts.
#[derive(Debug)]
pub(super) struct Trust {
    file: OnceLock<Option<Agents>>,
    platform: Agents,
    beyond_the_file: AtomicBool,
    settings: Settings,
}

impl Trust {
    pub(super) fn new(settings: Settings) -> Trust {
        Trust {
            file: OnceLock::new(),
            platform: settings.agents(RootCerts::PlatformVerifier),
            beyond_the_file: AtomicBool::new(false),
            settings,
        }
    }

    /// Whom to post to `endpoint` with.
    pub(super) fn agents(&self, endpoint: &Endpoint) -> &Agents {
        // A local push service without TLS has no certificate: nothing is read for it.
        if endpoint.as_str().starts_with("http:") {
            return &self.platform;
        }
        let file = || Some(self.settings.agents(RootCerts::Specific(authorities()?)));
        match self.file.get_or_init(file) {
            Some(agents) if !self.beyond_the_file.load(Ordering::Relaxed) => agents,
            _ => &self.platform,
        }
    }

    /// Whom to post with when the certificate was refused to `agents`; none: nobody trusts more.
    pub(super) fn beyond(&self, agents: &Agents) -> Option<&Agents> {
        if ptr::eq(agents, &self.platform) {
            return None;
        }
        self.beyond_the_file.store(true, Ordering::Relaxed);
        Some(&self.platform)
    }
}

type Certificates = Arc<Vec<ureq::tls::Certificate<'static>>>;

/// The authorities in the file that the verifier reads first; none where it reads no file.
fn authorities() -> Option<Certificates> {
    let pem = fs::read(authorities_file()?).ok()?;
    let certificates: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    (!certificates.is_empty()).then(|| Arc::new(certificates))
}

/// The user's own choice stands: with a folder alone, no file is read.
fn authorities_file() -> Option<PathBuf> {
    match (env::var_os("SSL_CERT_FILE"), env::var_os("SSL_CERT_DIR")) {
        _ if cfg!(any(not(unix), target_vendor = "apple", target_os = "android")) => None,
        (Some(file), _) => Some(file.into()),
        (None, Some(_)) => None,
        (None, None) => openssl_probe::probe().cert_file,
    }
}

/// How every request is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Bounds each push, from name to answer.
    pub(super) timeout: Duration,
    /// How many connections a host are kept.
    pub(super) connections: usize,
}

impl Settings {
    fn agents(self, authorities: RootCerts) -> Agents {
        let tls = TlsConfig::builder()
            .root_certs(authorities)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = || {
            ureq::Agent::config_builder()
                .tls_config(tls.clone())
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_global(Some(self.timeout))
                .user_agent(USER_AGENT)
                .input_buffer_size(INPUT_BYTES)
                .output_buffer_size(OUTPUT_BYTES)
                .max_response_header_size(MAX_ANSWER_HEAD_BYTES)
                .max_idle_connections(self.connections)
                .max_idle_connections_per_host(self.connections)
        };
        let agent = |config| ureq::Agent::with_parts(config, DefaultConnector::default(), Names::default());
        Agents { agent: agent(config().build()), loopback: agent(config().proxy(None).build()) }
    }
}

/// ureq with one set of authorities.
#[derive(Debug)]
pub(super) struct Agents {
    agent: ureq::Agent,
    /// Without a proxy: a proxy's loopback is another machine.
    loopback: ureq::Agent,
}

impl Agents {
    /// The one for `endpoint`.
    pub(super) fn to(&self, endpoint: &Endpoint) -> &ureq::Agent {
        match endpoint.is_loopback() {
            true => &self.loopback,
            false => &self.agent,
        }
    }
}

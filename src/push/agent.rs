//! ureq, set up for push services: bounded memory and time, no redirects, the authorities that may vouch for their
//! certificates, and the proxy that the environment names. Edit it to change how connections are made.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use ureq::tls::{PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Proxy, ProxyProtocol};

use super::LocalError;
use super::dns_cache::Names;

/// Buffers of one connection, once for TLS and once beneath it. With ureq's own 128 KiB each they would be all of our memory. What
/// is sent is a head of some 700 bytes and mostly a body of 230; a longer one goes out in pieces.
const OUTPUT_BYTES: usize = 4 * 1024;
/// What comes back must fit in with its whole head.
const INPUT_BYTES: usize = 8 * 1024;
/// Longest answer head: less than the buffer, so that ureq sees that it is too long.
const MAX_ANSWER_HEAD_BYTES: usize = INPUT_BYTES - 1024;
/// What we call ourselves to push services.
const USER_AGENT: &str = concat!("barepush/", env!("CARGO_PKG_VERSION"));
/// The variables that ureq reads for a proxy, in its order: the first that is set counts.
const PROXY_VARIABLES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// An agent that takes at most `timeout` for each request, from name to answer, and keeps up to `connections` a host.
pub(super) fn make(timeout: Duration, connections: usize, authorities: RootCerts, proxy: Option<Proxy>) -> Agent {
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
        .timeout_global(Some(timeout))
        .user_agent(USER_AGENT)
        .input_buffer_size(INPUT_BYTES)
        .output_buffer_size(OUTPUT_BYTES)
        .max_response_header_size(MAX_ANSWER_HEAD_BYTES)
        .max_idle_connections(connections)
        .max_idle_connections_per_host(connections);
    Agent::with_parts(config.build(), DefaultConnector::default(), Names::default())
}

/// The authorities in the file that `SSL_CERT_FILE` names or that the system keeps; where there is none, the operating system decides.
///
/// The system's verifier would read the folder of authorities as well as the file. On Debian that is the same ones again, and takes as
/// long as all the rest of a push. So an authority that is in the folder alone is not trusted beside a file.
pub(super) fn root_certs() -> RootCerts {
    let file = authorities_file().and_then(|path| fs::read(path).ok());
    let certificates: Vec<_> = ureq::tls::parse_pem(&file.unwrap_or_default())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => RootCerts::PlatformVerifier,
        false => RootCerts::Specific(Arc::new(certificates)),
    }
}

fn authorities_file() -> Option<PathBuf> {
    match (env::var_os("SSL_CERT_FILE"), env::var_os("SSL_CERT_DIR")) {
        // These systems keep no such file, and do not read the variables.
        _ if cfg!(any(not(unix), target_vendor = "apple", target_os = "android")) => None,
        (Some(file), _) => Some(file.into()),
        // A folder that the user chose alone holds without a file.
        (None, Some(_)) => None,
        (None, None) => openssl_probe::probe().cert_file,
    }
}

/// The proxy to use, and the variable that names it; `NO_PROXY` is part of it. It is checked before anything is sent, because ureq
/// ignores a proxy that it cannot use and would push directly.
pub(super) fn proxy() -> Result<Option<(&'static str, Proxy)>, LocalError> {
    let set = |name: &&'static str| Some((*name, env::var_os(name).filter(|value| !value.is_empty())?));
    let Some((variable, value)) = PROXY_VARIABLES.iter().find_map(set) else {
        return Ok(None);
    };
    // It never repeats the value, which may hold a password.
    let failed = |why| {
        let hint = format!("set {variable} to http://host:port, or unset it");
        Err(LocalError::new(format!("cannot use the proxy in {variable}: {why}"), hint))
    };
    let proxy = value.to_str().and_then(|value| Proxy::new(value).ok());
    match proxy.as_ref().map(Proxy::protocol) {
        None => failed("it is not a URL of the form http://host:port"),
        Some(ProxyProtocol::Http | ProxyProtocol::Https) => Ok(Proxy::try_from_env().map(|proxy| (variable, proxy))),
        Some(_) => failed("SOCKS is not supported"),
    }
}

//! The proxy that the environment names. It is checked before anything is sent, because ureq ignores a proxy that it cannot use and
//! would push directly.

use std::env;

use ureq::{Proxy, ProxyProtocol};

/// The variables that ureq reads, in its order: the first that is set counts.
const VARIABLES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// A variable names a proxy that cannot be used. It never repeats the value, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the proxy in {variable}: {why}")]
pub struct ProxyError {
    variable: &'static str,
    why: &'static str,
}

impl ProxyError {
    /// What to do next, in one sentence.
    pub fn hint(&self) -> String {
        format!("set {} to http://host:port, or unset it", self.variable)
    }
}

/// The proxy to use, and the variable that names it. `NO_PROXY` is part of it.
pub(super) fn from_env() -> Result<Option<(&'static str, Proxy)>, ProxyError> {
    let set = |name: &&'static str| Some((*name, env::var_os(name).filter(|value| !value.is_empty())?));
    let Some((variable, value)) = VARIABLES.iter().find_map(set) else {
        return Ok(None);
    };
    let failed = |why| ProxyError { variable, why };
    let proxy = value.to_str().and_then(|value| Proxy::new(value).ok());
    match proxy.as_ref().map(Proxy::protocol) {
        None => Err(failed("it is not a URL of the form http://host:port")),
        Some(ProxyProtocol::Http | ProxyProtocol::Https) => Ok(Proxy::try_from_env().map(|proxy| (variable, proxy))),
        Some(_) => Err(failed("SOCKS is not supported")),
    }
}

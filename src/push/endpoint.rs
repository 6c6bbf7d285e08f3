//! Where a message is posted to: the endpoint that a push service gave out for one subscription.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use super::Vendor;

/// Longest endpoint that is accepted. The longest in use, those of WNS, are under 1 KiB.
const MAX_ENDPOINT_BYTES: usize = 2048;

/// The URI that a push service gave out for one subscription. It is a capability: everyone who knows it may use it. So Display and
/// Debug show only its host and its last 8 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    pub(super) uri: Uri,
}

const NOT_HTTPS: &str = "not an absolute https URI with a host";

impl Endpoint {
    /// Checks that `text` is an absolute URI with https (RFC 8030 section 5), or with http to this machine, and without user info.
    ///
    /// # Errors
    /// Why it cannot be called, without repeating it.
    pub fn parse(text: &str) -> Result<Endpoint, String> {
        if text.len() > MAX_ENDPOINT_BYTES {
            return Err(format!("{} bytes long, at most {MAX_ENDPOINT_BYTES} are accepted", text.len()));
        }
        let uri: Uri = text.parse().map_err(|_| NOT_HTTPS)?;
        let authority = uri.authority().ok_or(NOT_HTTPS)?;
        let host = authority.host();
        // An empty label (a dot at an end) or user info is how look-alike hosts are written.
        if authority.as_str().contains(['@', '%'])
            || host.split('.').any(str::is_empty)
            || text.contains('#')
            || !text.is_ascii()
            || authority.as_str().len() != host.len() && authority.port_u16().is_none()
        {
            return Err(NOT_HTTPS.into());
        }
        let endpoint = Endpoint { text: text.to_owned(), uri };
        match endpoint.uri.scheme_str() {
            Some("https") => Ok(endpoint),
            Some("http") if endpoint.is_loopback() => Ok(endpoint),
            Some("http") => Err("http is accepted on loopback only, a push service speaks https".into()),
            _ => Err(NOT_HTTPS.into()),
        }
    }

    /// The whole URI, a secret: for the request and the store only.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host without port.
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Scheme, host and any port that is not the scheme's own, in lower case (RFC 6454; the `aud` of RFC 8292 section 2).
    pub fn origin(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let host = self.host().to_ascii_lowercase();
        match (scheme, self.uri.port_u16()) {
            (_, None) | ("https", Some(443)) | ("http", Some(80)) => format!("{scheme}://{host}"),
            (_, Some(port)) => format!("{scheme}://{host}:{port}"),
        }
    }

    /// Its last 8 characters: enough to tell two endpoints apart, too little to use one.
    pub fn tail(&self) -> &str {
        // The URI is ASCII, so every index is between two characters.
        self.text.get(self.text.len().saturating_sub(8)..).unwrap_or_default()
    }

    /// [`Vendor::Other`] for a host that is not in the vendors' table.
    pub fn vendor(&self) -> Vendor {
        Vendor::of_host(self.host())
    }

    /// Whether its host is `localhost` or a loopback address, so that requests never leave this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} …{}", self.host(), self.tail())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

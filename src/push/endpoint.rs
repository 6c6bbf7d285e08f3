//! Where a message is posted to: the endpoint that a push service gave out for one subscription.

use std::fmt;

use ureq::http::Uri;

use crate::push::vendor::Vendor;

/// Longest endpoint we take, in bytes: the longest seen in the field (WNS) are under 1 KiB.
const MAX_ENDPOINT_BYTES: usize = 2048;

/// The URI that a push service gave out for one subscription. It is a capability: whoever knows it may use it, so
/// Display and Debug show its host and last 8 characters only.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    uri: Uri,
}

/// Why an endpoint cannot be called.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// Not `https://host/path`.
    #[error("not an absolute https URI with a host")]
    Uri,
    /// Plain http to another machine.
    #[error("http is taken on loopback only, a push service speaks https")]
    Http,
    /// Longer than 2048 bytes.
    #[error("{0} bytes long, at most 2048 are taken")]
    Length(usize),
}

impl Endpoint {
    /// Checks that `text` is an absolute URI with a path on https, or on http to this machine, with no user info
    /// (RFC 8030 section 5: https; http is for a push service on loopback).
    ///
    /// # Errors
    /// [`EndpointError`], which never repeats the text.
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        if text.len() > MAX_ENDPOINT_BYTES {
            return Err(EndpointError::Length(text.len()));
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::Uri)?;
        let authority = uri.authority().ok_or(EndpointError::Uri)?.as_str();
        let host = uri.host().ok_or(EndpointError::Uri)?;
        // An empty label (a dot at an end) or user info is how look-alike hosts are written.
        if authority.contains(['@', '%'])
            || host.split('.').any(str::is_empty)
            || text.contains('#')
            || !text.is_ascii()
        {
            return Err(EndpointError::Uri);
        }
        if authority.len() != host.len() && uri.port_u16().is_none() {
            return Err(EndpointError::Uri);
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(host) => {}
            Some("http") => return Err(EndpointError::Http),
            _ => return Err(EndpointError::Uri),
        }
        Ok(Endpoint { text: text.to_owned(), uri })
    }

    /// The whole URI. A secret: for the request only.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
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

    /// Its last 8 characters: enough to tell two apart, too little to use.
    pub fn tail(&self) -> &str {
        // A URI is ASCII, so each index is a character's edge.
        self.text.get(self.text.len().saturating_sub(8)..).unwrap_or_default()
    }

    /// Whose push service it is.
    pub fn vendor(&self) -> Vendor {
        Vendor::of_host(self.host())
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }
}

/// The names and addresses that never leave this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
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

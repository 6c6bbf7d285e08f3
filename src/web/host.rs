//! One listener as its clients see it: the names it may be called by, and the pages that may call it. Edit it to change who may
//! call the server.

use std::net::Ipv6Addr;

/// One listener as its clients see it.
#[derive(Debug, Clone)]
pub struct Host {
    /// `https` or `http`.
    pub scheme: &'static str,
    /// The host in its URL.
    pub url_host: String,
    /// The port it listens on.
    pub port: u16,
    /// More names, valid with any port (tunnels and proxies have their own); IPv6 addresses without brackets.
    pub names: Vec<String>,
}

impl Host {
    /// The URL to open: `https://localhost:4443`.
    pub fn url(&self) -> String {
        format!("{}://{}:{}", self.scheme, self.url_host, self.port)
    }

    /// Whether `host`, a Host header, is one of our names. A name of another site may resolve to this machine (DNS
    /// rebinding).
    pub(crate) fn is_called(&self, host: &str) -> bool {
        let (name, port) = split_port(host);
        let ours = ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own));
        let default_port = if self.scheme == "https" { 443 } else { 80 };
        (ours && port.map_or(Some(default_port), |port| port.parse().ok()) == Some(self.port)) || self.has_name(name)
    }

    /// Whether `origin`, an Origin header, is that of our page as called by `host` (cross-site requests).
    pub(crate) fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else {
            return false;
        };
        let name = split_port(authority).0;
        let same = scheme == self.scheme && authority.eq_ignore_ascii_case(host);
        // Behind a tunnel or proxy, scheme and port are those of the tunnel: the name decides.
        same || (matches!(scheme, "https" | "http") && self.has_name(name) && self.has_name(split_port(host).0))
    }

    fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|own| is_same_name(own, name))
    }
}

/// `own` without brackets and `name` as a URL has it, with brackets around an IPv6 address.
fn is_same_name(own: &str, name: &str) -> bool {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // The same address can be written in several ways.
        Some(address) => own.parse::<Ipv6Addr>().is_ok_and(|own| address.parse() == Ok(own)),
        None => !name.contains(':') && own.eq_ignore_ascii_case(name),
    }
}

/// `name[:port]`; an IPv6 address keeps its brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(scheme: &'static str, port: u16) -> Host {
        let names = vec!["laptop.example".to_owned(), "fd00::1".to_owned(), "192.0.2.7".to_owned()];
        Host { scheme, url_host: "localhost".to_owned(), port, names }
    }

    #[test]
    fn a_host_without_a_port_means_443_on_https_and_80_on_http() {
        for (scheme, port, is_called) in
            [("https", 443, true), ("https", 80, false), ("http", 80, true), ("http", 443, false)]
        {
            for name in ["localhost", "127.0.0.1", "[::1]"] {
                assert_eq!(host(scheme, port).is_called(name), is_called, "{scheme} {port} {name}");
            }
        }
    }

    #[test]
    fn a_name_may_be_an_address_of_either_kind_in_any_spelling() {
        for (name, is_called) in [
            ("[fd00::1]:4443", true),
            ("[fd00::1]", true),
            ("[FD00:0:0::1]:8443", true),
            ("[fd00::2]:4443", false),
            ("fd00::1:4443", false),
            ("192.0.2.7:4443", true),
            ("192.0.2.07:4443", false),
            ("[192.0.2.7]:4443", false),
            ("laptop.example:1", true),
            ("[laptop.example]", false),
        ] {
            assert_eq!(host("https", 4443).is_called(name), is_called, "{name}");
        }
        assert!(host("https", 4443).is_own_origin("https://[fd00::1]:4443", "[fd00::1]:4443"));
        assert!(!host("https", 4443).is_own_origin("https://[fd00::2]:4443", "[fd00::1]:4443"));
    }
}

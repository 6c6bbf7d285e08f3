//! One listener as its clients see it: by which names it may be called, and from which pages.

/// One listener as its clients see it: by which names and port it may be called.
#[derive(Debug, Clone)]
pub struct Host {
    /// `https` or `http`.
    pub scheme: &'static str,
    /// The port it listens on.
    pub port: u16,
    /// More names, valid with any port: tunnels and proxies.
    pub names: Vec<String>,
}

impl Host {
    /// The URL to open: `https://localhost:4443`.
    pub fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.port)
    }

    /// Whether `host`, a Host header, is one of our names (DNS rebinding: a stranger's name may lead here).
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
        // Behind a tunnel or proxy the page's scheme and port are theirs, the name tells.
        same || (matches!(scheme, "https" | "http") && self.has_name(name) && self.has_name(split_port(host).0))
    }

    fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// `name[:port]`; an IPv6 address keeps its brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

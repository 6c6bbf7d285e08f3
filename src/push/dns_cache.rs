//! Remembers the addresses of host names for a minute. ureq would ask the DNS for every request, in a thread of its own, even with a
//! kept connection. That took a fifth of a push's time, and a million pushes would send a million questions.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long addresses are remembered: the shortest TTL that push services give their names in the DNS.
const KEPT: Duration = Duration::from_secs(60);
/// Real lists hold a handful of push services. With more hosts than this, all are forgotten and asked for again.
const MAX_NAMES: usize = 256;

/// ureq's resolver, with what it answered in the last minute.
#[derive(Debug, Default)]
pub(super) struct Names {
    resolver: DefaultResolver,
    /// Each name's addresses, and when they were asked for.
    known: Mutex<HashMap<String, (Instant, ResolvedSocketAddrs)>>,
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let name = uri
            .scheme()
            .zip(uri.authority())
            .and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority))
            .ok_or(ureq::Error::HostNotFound)?;
        if let Some((asked, addresses)) = self.known.lock().get(&name)
            && asked.elapsed() < KEPT
        {
            return Ok(addresses.clone());
        }
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        let mut names = self.known.lock();
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        names.insert(name, (Instant::now(), addresses.clone()));
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What `localhost` is, when `127.0.0.9` was the answer `age` ago.
    fn localhost(age: Duration) -> String {
        let names = Names::default();
        let mut addresses = names.empty();
        addresses.push("127.0.0.9:443".parse().unwrap());
        names.known.lock().insert("localhost:443".into(), (Instant::now() - age, addresses));
        let uri = "https://localhost/".parse().unwrap();
        let addresses = names.resolve(&uri, &Config::default(), NextTimeout::default());
        addresses.unwrap()[0].ip().to_string()
    }

    #[test]
    fn addresses_are_remembered_for_a_minute() {
        assert_eq!(localhost(Duration::from_secs(59)), "127.0.0.9");
        assert_ne!(localhost(Duration::from_secs(60)), "127.0.0.9");
    }
}

//! The running push service on its port. Dropped, it ends all its threads.

use crate::{Limits, Listener, Shared, routes};
use parking_lot::{Condvar, Mutex};
use rustls::ServerConfig;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

/// The differences between a test's push service and a learner's.
pub struct Settings {
    /// 0 lets the system choose.
    pub port: u16,
    /// `None`: plain HTTP, and a WebSocket for browsers.
    pub tls: Option<Arc<ServerConfig>>,
    /// Hold senders to more than the vendors do: exactly the claims `aud`, `exp` and `sub`, and a body that decrypts. All that
    /// arrives is kept then: a test's push service lives as long as its test.
    pub strict: bool,
    /// The defaults, but in tests of them.
    pub limits: Limits,
    /// Gets one line about each thing that happens, never a secret.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

/// Listens on loopback until dropped.
pub struct Service {
    /// What its threads share.
    pub shared: Arc<Shared>,
    _listener: Listener,
}

impl Service {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
        let port = tcp.local_addr()?.port();
        let tls = settings.tls.clone();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            origin: format!("{scheme}://localhost:{port}"),
            settings,
            authority: Mutex::default(),
            state: Mutex::default(),
            changed: Condvar::default(),
        });
        let listener =
            Listener::start(tcp, shared.clone(), move |tcp, shared| routes::serve(tcp, shared, tls.clone()))?;
        Ok(Self { shared, _listener: listener })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Owner, StoredMessage, Vendor};
    use std::time::Duration;

    fn start() -> (Service, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = {
            let lines = lines.clone();
            move |line: &str| lines.lock().push(line.to_owned())
        };
        let service = Service::start(Settings {
            port: 0,
            tls: None,
            strict: false,
            limits: Limits::default(),
            log: Box::new(log),
        })
        .unwrap();
        (service, lines)
    }

    fn browser() -> Owner {
        Owner::Browser { browser: "browser".to_owned(), channel: "channel".to_owned() }
    }

    #[test]
    fn there_are_at_most_10_000_subscriptions_and_ended_ones_make_room() {
        let (service, lines) = start();
        let shared = &service.shared;
        let tokens: Vec<_> = (0..10_000).map(|_| shared.subscribe(Vendor::Apple, None, browser()).unwrap().0).collect();
        assert_eq!(shared.subscribe(Vendor::Apple, None, browser()), None);
        assert_eq!(lines.lock()[..], ["refused a subscription: there are 10,000 already"]);
        shared.lock().end(&tokens[0]);
        assert!(shared.subscribe(Vendor::Apple, None, browser()).is_some());
        assert_eq!(shared.lock().subscriptions.len(), 10_000);
    }

    #[test]
    fn at_most_1000_messages_are_stored_for_browsers_that_are_away() {
        let (service, lines) = start();
        let shared = &service.shared;
        let (token, _) = shared.subscribe(Vendor::Local, None, browser()).unwrap();
        let expires = shared.lock().now() + Duration::from_secs(60);
        for number in 0..1001 {
            shared.deliver(StoredMessage {
                id: number.to_string(),
                token: token.clone(),
                topic: None,
                body: Vec::new(),
                ttl: 60,
                expires,
                key: Vec::new(),
            });
        }
        let state = shared.lock();
        assert_eq!((state.stored.len(), state.stored[0].id.as_str()), (1000, "1"));
        let dropped = "dropped the oldest stored message: 1,000 are stored";
        assert_eq!(lines.lock().iter().filter(|line| *line == dropped).count(), 1);
    }
}

//! The running push service on its port. Dropped, it ends all its threads.

use crate::listener::Listener;
use crate::record::Limits;
use crate::routes;
use crate::state::{Shared, State};
use rustls::ServerConfig;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};

/// The differences between a test's push service and a learner's.
pub struct Settings {
    /// 0 lets the system choose.
    pub port: u16,
    /// `None`: plain HTTP, and a WebSocket for browsers.
    pub tls: Option<Arc<ServerConfig>>,
    /// Hold senders to more than the vendors do, as tests want it.
    pub strict: bool,
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
        let tls = settings.tls;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            origin: format!("{scheme}://localhost:{port}"),
            strict: settings.strict,
            limits: if settings.strict { Limits::NONE } else { Limits::KEPT },
            log: settings.log,
            authority: Mutex::default(),
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
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

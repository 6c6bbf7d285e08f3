//! One listener from its socket to the routes: bound first, served when everything else is ready.

use std::sync::Arc;
use std::thread;

use barepush::application::Application;
use barepush::failure::Failure;
use barepush::gate::{Gate, GateError};
use barepush::listener::{ListenError, Listener, Serving};
use barepush::routes;
use barepush::site::Site;
use rustls::ServerConfig;
use tiny_http::Server;

/// One listener with its own way into tiny_http, so that routes know by which port they were called.
pub(crate) struct Front {
    pub(crate) site: Site,
    listener: Listener,
    gate: Gate,
    server: Server,
}

impl Front {
    pub(crate) fn open(
        scheme: &'static str,
        names: &[String],
        host: &str,
        port: u16,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Front, Failure> {
        let listener = Listener::bind(host, port, tls).map_err(Failure::hinted(ListenError::hint))?;
        let (gate, server) = Gate::open().map_err(Failure::hinted(GateError::hint))?;
        let site = Site { scheme, port: listener.local_addr().port(), names: names.to_vec() };
        Ok(Front { site, listener, gate, server })
    }

    pub(crate) fn serve(self, application: &Arc<Application>) -> Serving {
        let (site, server, application) = (self.site, self.server, Arc::clone(application));
        let refusals = application.log.refusals();
        thread::spawn(move || routes::serve(&server, &site, &application));
        self.listener.serve(self.gate, refusals)
    }
}

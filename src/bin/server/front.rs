//! One listener from its socket to the routes: bound first, served when everything else is ready.

use std::sync::Arc;
use std::thread;

use barepush::cli::error::CliError;
use barepush::http::gate::{Gate, GateError};
use barepush::http::server::{ListenError, Listener, RunningServer};
use barepush::web::api::Application;
use barepush::web::assets::Assets;
use barepush::web::host::Site;
use barepush::web::routes::{self, Routes};
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
    ) -> Result<Front, CliError> {
        let listener = Listener::bind(host, port, tls).map_err(CliError::hinted(ListenError::hint))?;
        let (gate, server) = Gate::open().map_err(CliError::hinted(GateError::hint))?;
        let site = Site { scheme, port: listener.local_addr().port(), names: names.to_vec() };
        Ok(Front { site, listener, gate, server })
    }

    pub(crate) fn serve(self, application: &Arc<Application>, assets: &Assets) -> RunningServer {
        let refusals = application.log.refusals();
        let routes = Routes { application: Arc::clone(application), assets: assets.clone(), site: self.site };
        let server = self.server;
        thread::spawn(move || routes::serve(&server, &Arc::new(routes)));
        self.listener.serve(self.gate, refusals)
    }
}

//! The application server: arguments to listeners and routes. What it does is in `barepush::web::api`.

mod args;
mod start_up;

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use args::{Args, hint};
use barepush::cli::error::CliError;
use barepush::http::limits::Limits;
use barepush::http::server::{Listen, Server};
use barepush::push::client::Client;
use barepush::push::proxy::ProxyError;
use barepush::push::retry::Retry;
use barepush::push::sender::Sender;
use barepush::store::subscriptions::Store;
use barepush::web::allow_list::AllowedPushServices;
use barepush::web::api::{Application, State};
use barepush::web::host::Host;
use barepush::web::routes::{self, Routes};
use serde_json::json;

/// How long a push may take: the page waits for the first one.
const PUSH_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections to one push service that are kept for the next push.
const KEPT_CONNECTIONS: usize = 16;

fn main() -> ExitCode {
    match run(&Args::get()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("server"),
    }
}

/// Everything that can be refused is refused before a socket is open; then serves until Ctrl-C or SIGTERM.
fn run(args: &Args) -> Result<(), CliError> {
    let (key, key_made) = args.vapid_key()?;
    let (certificate, certificate_made) = args.certificate()?;
    args.note_open_secrets();
    let assets = args.assets()?;
    let client = Client::new(PUSH_TIMEOUT, KEPT_CONNECTIONS).map_err(CliError::hinted(ProxyError::hint))?;
    let tls = certificate.tls_config().map_err(CliError::hinted(hint))?;
    let mut server = Server::open(Limits::default()).map_err(CliError::hinted(hint))?;
    let log = args.log();
    let mut hosts = Vec::new();
    let mut bind = |scheme, host: &str, port, tls| {
        let listen = Listen { hosts: &[host], port, url_host: "localhost", tls };
        let address = server.bind(listen, log.refusals()).map_err(CliError::hinted(hint))?;
        let host = Host { scheme, port: address.port(), names: args.name.clone() };
        let url = host.url();
        hosts.push(host);
        Ok(url)
    };
    let https = bind("https", &args.host, args.port, Some(tls))?;
    let http = match args.no_http {
        true => None,
        false => Some(bind("http", "127.0.0.1", args.http_port, None)?),
    };
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || stop.send(()).unwrap_or_default()).map_err(|e| CliError::ours(e, "report this"))?;

    let sender = Sender { client, key, retry: Retry::NEVER, dry_run: false };
    let application = Arc::new(Application {
        store: Store::new(args.data.subscriptions()),
        push_services: AllowedPushServices::with(args.allow_push_service.clone()),
        sender,
        log,
        about: json!({
            "version": env!("CARGO_PKG_VERSION"),
            "https": https,
            "http": http,
            "keys": args.data.keys(),
            "certificate": {"file": certificate.file(), "spki_sha256": certificate.spki_sha256()},
            "notify": args.notify_command(),
        }),
        state: State::default(),
    });
    // Whoever started us and closed our stdout does not want to read this.
    let _ = start_up::print(&application, &assets, key_made, &certificate_made);
    let routes = Arc::new(Routes { application, assets, hosts });
    let running = server.serve(move |listener, request| routes::handle(&routes, listener, request));
    // Nothing but a signal is sent; a closed channel would be the end as well.
    let _ = stopped.recv();
    running.stop();
    Ok(())
}

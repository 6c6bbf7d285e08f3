//! The application server: arguments to listeners and routes. What it does is in `barepush::application`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use barepush::application::{Application, State};
use barepush::certificate::{self, Certificate, CertificateError};
use barepush::failure::{Failure, note};
use barepush::file::{self, path_in};
use barepush::gate::{Gate, GateError};
use barepush::greeting;
use barepush::listener::{self, ListenError, Listener, Serving};
use barepush::log::Log;
use barepush::push::Client;
use barepush::push_service::AllowedPushServices;
use barepush::routes;
use barepush::site::Site;
use barepush::store::Store;
use barepush::vapid::{self, DEFAULT_SUBJECT, Subject, VapidError, VapidKey};
use clap::Parser;
use rustls::ServerConfig;
use serde_json::json;
use tiny_http::Server;

/// How long a push may take: the page waits for the first one.
const PUSH_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections to one push service that are kept for the next push.
const KEPT_CONNECTIONS: usize = 16;

/// The least server that can push a notification to a browser.
///
/// Serves the page that subscribes, keeps the subscriptions in subscription.txt, sends the first notification.
/// Send more with: cargo run --bin notify "message"
#[derive(Parser)]
#[command(name = "server", version)]
struct Args {
    /// Port of the https listener; 0 lets the system choose
    #[arg(long, default_value_t = 4443)]
    port: u16,
    /// Port of the plain http listener, on loopback only; 0 lets the system choose
    #[arg(long, default_value_t = 4480)]
    http_port: u16,
    /// Leave the plain http listener out
    #[arg(long)]
    no_http: bool,
    /// Address of the https listener; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// One more name for the certificate and the Host header, for a phone or a tunnel (repeatable)
    #[arg(long)]
    name: Vec<String>,
    /// Your own certificate chain in PEM, mkcert's, say
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Folder of keys/ and subscription.txt
    #[arg(long, value_name = "DIR", default_value = ".")]
    data_dir: PathBuf,
    /// Your contact for push services: mailto: or https:
    #[arg(long, env = "VAPID_SUBJECT", default_value = DEFAULT_SUBJECT, value_parser = Subject::parse)]
    subject: Subject,
    /// The origin of one more push service, http://localhost:8082, say (repeatable)
    #[arg(long, value_name = "ORIGIN", value_parser = AllowedPushServices::origin)]
    allow_push_service: Vec<String>,
    /// The VAPID private key itself, instead of keys/vapid_private.pem
    #[arg(long, env = "VAPID_PRIVATE_KEY", hide = true, hide_env_values = true)]
    vapid_private_key: Option<String>,
    /// Say every request
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("server"),
    }
}

/// Everything that can be refused is refused before a socket is open; then serves until Ctrl-C or SIGTERM.
fn run(args: &Args) -> Result<(), Failure> {
    let keys = path_in(&args.data_dir, "keys");
    let (key, key_made) = match &args.vapid_private_key {
        Some(text) => {
            VapidKey::from_env(text, args.subject.clone()).map(|key| (key, vapid::Made::Kept))
        }
        None => VapidKey::load_or_create(&keys, args.subject.clone()),
    }
    .map_err(Failure::hinted(VapidError::hint))?;
    let (certificate, certificate_made) = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => {
            Certificate::from_files(cert, key).map(|own| (own, certificate::Made::Kept))
        }
        _ => Certificate::load_or_create(&keys, &args.name),
    }
    .map_err(Failure::hinted(CertificateError::hint))?;
    args.note_open_secrets(&keys);
    let tls = listener::tls_config(&certificate).map_err(Failure::hinted(ListenError::hint))?;

    let https = Front::open("https", args, &args.host, args.port, Some(tls))?;
    let http = match args.no_http {
        true => None,
        false => Some(Front::open(
            "http",
            args,
            "127.0.0.1",
            args.http_port,
            None,
        )?),
    };
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || stop.send(()).unwrap_or_default())
        .map_err(|e| Failure::ours(e, "report this"))?;

    let application = Arc::new(Application {
        store: Store::new(path_in(&args.data_dir, "subscription.txt")),
        key,
        push_services: AllowedPushServices::with(args.allow_push_service.clone()),
        client: Client::new(PUSH_TIMEOUT, KEPT_CONNECTIONS),
        log: args.log(),
        about: json!({
            "version": env!("CARGO_PKG_VERSION"),
            "https": https.site.url(),
            "http": http.as_ref().map(|front| front.site.url()),
            "keys": keys,
            "certificate": {"file": certificate.file(), "spki_sha256": certificate.spki_sha256()},
            "notify": notify_command(&args.data_dir),
        }),
        state: State::default(),
    });
    let fronts: Vec<Front> = [Some(https), http].into_iter().flatten().collect();
    // Whoever started us and closed our stdout does not want to read this.
    let _ = greeting::print(&application, key_made, &certificate_made);
    let serving: Vec<Serving> = fronts
        .into_iter()
        .map(|front| front.serve(&application))
        .collect();
    // Nothing but a signal is sent; a closed channel would be the end as well.
    let _ = stopped.recv();
    serving.into_iter().for_each(Serving::stop);
    Ok(())
}

impl Args {
    /// Says which private keys others on this machine may read.
    fn note_open_secrets(&self, keys: &Path) {
        let tls_key = self.tls_key.clone();
        let tls_key = tls_key.unwrap_or_else(|| keys.join(certificate::KEY_FILE));
        for secret in [keys.join(vapid::FILE), tls_key] {
            if let Some(open) = file::open_to_others(&secret).filter(|_| !self.quiet) {
                note("server", open);
            }
        }
    }

    fn log(&self) -> Log {
        match (self.quiet, self.verbose) {
            (true, _) => Log::Quiet,
            (_, true) => Log::Verbose,
            _ => Log::Normal,
        }
    }
}

/// One listener with its own way into tiny_http, so that routes know by which port they were called.
struct Front {
    site: Site,
    listener: Listener,
    gate: Gate,
    server: Server,
}

impl Front {
    fn open(
        scheme: &'static str,
        args: &Args,
        host: &str,
        port: u16,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Front, Failure> {
        let listener =
            Listener::bind(host, port, tls).map_err(Failure::hinted(ListenError::hint))?;
        let (gate, server) = Gate::open().map_err(Failure::hinted(GateError::hint))?;
        let site = Site {
            scheme,
            port: listener.local_addr().port(),
            names: args.name.clone(),
        };
        Ok(Front {
            site,
            listener,
            gate,
            server,
        })
    }

    fn serve(self, application: &Arc<Application>) -> Serving {
        let (site, server, application) = (self.site, self.server, Arc::clone(application));
        let refusals = application.log.refusals();
        thread::spawn(move || routes::serve(&server, &site, &application));
        self.listener.serve(self.gate, refusals)
    }
}

/// The command that sends a message, as it is typed beside this server.
fn notify_command(data_dir: &Path) -> String {
    match data_dir.as_os_str() == "." {
        true => "cargo run --bin notify \"message\"".into(),
        false => format!(
            "cargo run --bin notify -- --data-dir {} \"message\"",
            data_dir.display()
        ),
    }
}

//! The application server: arguments to listeners and routes. What it does is in `barepush::application`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{fs, thread};

use anyhow::Context;
use barepush::application::{Application, State};
use barepush::certificate::{self, Certificate};
use barepush::failure::Failure;
use barepush::gate::Gate;
use barepush::listener::{self, Listener, Serving};
use barepush::log::Log;
use barepush::push::Client;
use barepush::push_service::AllowedPushServices;
use barepush::routes::{self, Site};
use barepush::store::Store;
use barepush::vapid::{self, DEFAULT_SUBJECT, Subject, VapidKey};
use clap::Parser;
use serde_json::json;

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
    #[arg(long, value_name = "ORIGIN")]
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
    listener::raise_descriptor_limit();
    let push_services = push_services(args)?;
    let keys = args.data_dir.join("keys");
    let (key, key_made) = vapid_key(args, &keys)?;
    let (certificate, certificate_made) = tls_certificate(args, &keys)?;
    let tls = listener::tls_config(&certificate).map_err(|e| { let hint = e.hint(); Failure::ours(e, hint) })?;
    let store = Store::new(args.data_dir.join("subscription.txt"));

    let https = Front::open("https", args, Listener::bind(&args.host, args.port, Some(tls)))?;
    let http = match args.no_http {
        true => None,
        false => Some(Front::open("http", args, Listener::bind("127.0.0.1", args.http_port, None))?),
    };
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || drop(stop.send(()))).context("cannot listen for Ctrl-C").map_err(|e| Failure::ours(e, "report this"))?;

    let about = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "https": https.site.url(),
        "http": http.as_ref().map(|front| front.site.url()),
        "certificate": {"file": certificate.file(), "spki_sha256": certificate.spki_sha256()},
        "notify": notify_command(&args.data_dir),
    });
    greet(args, &about, &store, key_made, &certificate_made);
    let log = if args.quiet { Log::Quiet } else if args.verbose { Log::Verbose } else { Log::Normal };
    let client = Client::new(PUSH_TIMEOUT, KEPT_CONNECTIONS);
    let application = Arc::new(Application { store, key, push_services, client, log, about, state: State::default() });
    let serving: Vec<Serving> = [Some(https), http].into_iter().flatten().map(|front| front.serve(&application)).collect();
    // Nothing is sent but at a signal; a closed channel is the end as well.
    let _ = stopped.recv();
    serving.into_iter().for_each(Serving::stop);
    Ok(())
}

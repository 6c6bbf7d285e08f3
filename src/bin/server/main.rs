//! The application server: arguments to listeners and routes. What the routes do is in `barepush::web::api`.

mod args;
mod start_up;

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use args::{Args, hint};
use barepush::cli::{CliError, shell, signals};
use barepush::http::{Certificate, Limits, Listen, Server};
use barepush::push::{Client, Interface, ProxyError, Retry, Sender, VapidKey};
use barepush::store::Store;
use barepush::store::atomic_file::create_private_folder;
use barepush::web::{About, AllowedPushServices, Application, CertificateInfo, Host, Memory, Routes, handler};

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
    let (key, key_file) = args.vapid_key()?;
    let (certificate, certificate_made) = args.certificate()?;
    let folder = &args.data.data_dir;
    // With a key and a certificate from elsewhere nothing has made it yet.
    create_private_folder(folder).map_err(|e| {
        CliError::local(
            anyhow::Error::new(e).context(format!("cannot make the folder {}", folder.display())),
            "choose another with --data-dir",
        )
    })?;
    args.note_open_secrets();
    let assets = args.assets()?;
    let client = Client::new(PUSH_TIMEOUT, KEPT_CONNECTIONS).map_err(CliError::hinted(ProxyError::hint))?;
    let (server, hosts) = listen(args, &certificate)?;
    let (stop, stopped) = mpsc::channel();
    signals::on_stop(move || stop.send(()).unwrap_or_default())?;

    let application = Arc::new(application(args, client, key, about(args, &certificate, &hosts)));
    // When stdout is closed, nobody wants to read this.
    let _ = start_up::print(&application, &assets, key_file, &certificate_made);
    let routes = Arc::new(Routes { application: Arc::clone(&application), assets, hosts });
    let running = server.serve(move |listener, request| handler::handle(&routes, listener, request));
    // Nothing but a signal is sent; a closed channel would be the end as well.
    let _ = stopped.recv();
    running.stop();
    application.log_dropped_pushes();
    Ok(())
}

/// Binds the https listener, then, unless --no-http, the http one.
fn listen(args: &Args, certificate: &Certificate) -> Result<(Server, Vec<Host>), CliError> {
    let tls = certificate.tls_config().map_err(CliError::hinted(hint))?;
    let mut server = Server::open(Limits::default(), args.log().refusals()).map_err(CliError::hinted(hint))?;
    let mut hosts = Vec::new();
    let listeners = [
        ("https", &*args.host, args.port, args.url_host(), Some(tls)),
        ("http", "127.0.0.1", args.http_port, "localhost".to_owned(), None),
    ];
    for (scheme, address, port, url_host, tls) in listeners.into_iter().take(if args.no_http { 1 } else { 2 }) {
        let fallback = (address == "127.0.0.1").then_some("::1");
        let addresses: Vec<&str> = [Some(address), fallback].into_iter().flatten().collect();
        let listen = Listen { hosts: &addresses, port, url_host: &url_host, tls };
        let bound = server.bind(listen).map_err(CliError::hinted(hint))?;
        hosts.push(Host { scheme, url_host, port: bound.port(), names: args.names() });
    }
    Ok((server, hosts))
}

fn about(args: &Args, certificate: &Certificate, hosts: &[Host]) -> About {
    let url = |scheme| hosts.iter().find(|host| host.scheme == scheme).map(Host::url);
    let file = certificate.file();
    About {
        version: env!("CARGO_PKG_VERSION"),
        https: url("https").unwrap_or_default(),
        http: url("http"),
        keys: args.data.keys().display().to_string(),
        certificate: CertificateInfo {
            file: file.display().to_string(),
            spki_sha256: certificate.spki_sha256(),
            certutil: format!(
                "certutil -d sql:$HOME/.pki/nssdb -A -t CP,, -n barepush -i {}",
                shell::quoted_path(file)
            ),
        },
        notify: args.notify_command(),
    }
}

fn application(args: &Args, client: Client, key: VapidKey, about: About) -> Application {
    Application {
        store: Store::new(args.data.subscriptions()),
        push_services: AllowedPushServices::with(args.allow_push_service.clone()),
        sender: Sender { client, key, retry: Retry::NEVER, dry_run: false, interface: Interface::Page },
        log: args.log(),
        about,
        memory: Memory::default(),
    }
}

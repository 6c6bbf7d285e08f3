//! The application server: from its arguments to listeners and routes. Edit it to change how the server starts and ends; what the
//! routes do is in `src/web/api.rs`.

mod args;
mod start_up;

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use args::Args;
use barepush::cli::{CliError, shell, signals};
use barepush::http::{Certificate, Limits, Server};
use barepush::push::{Client, Interface, Sender};
use barepush::store::atomic_file::create_private_folder;
use barepush::store::{LocalError, Store};
use barepush::web::{Application, Host, handler};
use serde_json::{Value, json};

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
    let (key, is_new_key) = args.vapid_key()?;
    let certificate = args.certificate()?;
    let folder = &args.data.data_dir;
    // With a key and a certificate from elsewhere nothing has made it yet.
    create_private_folder(folder).map_err(|e| {
        let what = format!("cannot make the folder {}", folder.display());
        LocalError::new(what, "choose another with --data-dir").because(e)
    })?;
    args.note_open_secrets();
    let www = args.www()?;
    let client = Client::new(PUSH_TIMEOUT, KEPT_CONNECTIONS)?;
    let (server, hosts) = listen(args, &certificate)?;
    let (stop, stopped) = mpsc::channel();
    signals::on_stop(move || stop.send(()).unwrap_or_default())?;

    let application = Arc::new(Application {
        store: Store::new(args.data.subscriptions()),
        sender: Sender { client, key, tries: 1, dry_run: false, interface: Interface::Page },
        allowed_push_services: args.allow_push_service.clone(),
        www,
        about: about(args, &certificate, &hosts),
        hosts,
        log: args.log(),
        last_push: Default::default(),
        delayed: Default::default(),
    });
    // A closed stdout is not an error.
    let _ = start_up::print(args, &application, &certificate, is_new_key);
    let shared = Arc::clone(&application);
    let running = server.serve(move |listener, request| handler::handle(&shared, listener, request));
    // Nothing but a signal is sent; a closed channel would be the end as well.
    let _ = stopped.recv();
    drop(running);
    application.log_dropped_pushes();
    Ok(())
}

/// Binds the https listener, then, unless --no-http, the http one.
fn listen(args: &Args, certificate: &Certificate) -> Result<(Server, Vec<Host>), LocalError> {
    let mut server = Server::open(Limits::default(), args.log().refusals())?;
    let mut bind = |scheme, host, port, url_host: String, tls| -> Result<Host, LocalError> {
        // A machine without IPv4 has only ::1.
        let hosts = if host == "127.0.0.1" { &[host, "::1"][..] } else { &[host] };
        let address = server.bind(hosts, port, &url_host, tls)?;
        Ok(Host { scheme, url_host, port: address.port(), names: args.names() })
    };
    let mut hosts = vec![bind("https", &args.host, args.port, args.url_host(), Some(Arc::clone(&certificate.tls)))?];
    if !args.no_http {
        hosts.push(bind("http", "127.0.0.1", args.http_port, "localhost".to_owned(), None)?);
    }
    Ok((server, hosts))
}

/// The server's part of `/status`: addresses, files, and commands to paste.
fn about(args: &Args, certificate: &Certificate, hosts: &[Host]) -> Value {
    let url = |scheme| hosts.iter().find(|host| host.scheme == scheme).map(Host::url);
    let file = &certificate.file;
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "https": url("https"),
        "http": url("http"),
        "keys": args.data.keys().display().to_string(),
        "certificate": {
            "file": file.display().to_string(),
            // For Chrome's --ignore-certificate-errors-spki-list.
            "spki_sha256": certificate.spki_sha256,
            // Makes Chrome and Chromium on Linux trust it.
            "certutil": format!(
                "certutil -d sql:$HOME/.pki/nssdb -A -t CP,, -n barepush -i {}",
                shell::quoted_path(file)
            ),
        },
        "notify": args.notify_command(),
    })
}

//! The command line of the server, and what its arguments make: keys, certificate, page, addresses. Edit it to add an option.

use std::path::PathBuf;

use barepush::cli::{DataArgs, shell, usage};
use barepush::http::{Certificate, certificate};
use barepush::push::VapidKey;
use barepush::store::{LocalError, keys};
use barepush::web::{Log, allow_list, assets};
use clap::Parser;

/// Hosts that `localhost` reaches: with them, `localhost` is the host in our URLs.
const REACHED_BY_LOCALHOST: [&str; 5] = ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::"];

/// The least server that can push a notification to a browser.
///
/// Serves the page that subscribes, keeps the subscriptions in subscription.txt, sends the first notification.
/// Send more with: cargo run --bin notify "message"
#[derive(Parser)]
#[command(name = "server", version)]
pub(crate) struct Args {
    /// Port of the https listener; 0 lets the system choose
    #[arg(long, default_value_t = 4443)]
    pub(crate) port: u16,
    /// Port of the plain http listener, on loopback only; 0 lets the system choose
    #[arg(long, default_value_t = 4480)]
    pub(crate) http_port: u16,
    /// Do not listen on plain http
    #[arg(long)]
    pub(crate) no_http: bool,
    /// Address of the https listener; 0.0.0.0 lets other machines connect
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// One more name for the certificate and the Host header, for a phone or a tunnel (repeatable)
    #[arg(long)]
    name: Vec<String>,
    /// Your own certificate chain in PEM, for example mkcert's
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve the page in this folder instead of our own; a reload shows an edit
    #[arg(long, value_name = "DIR")]
    www: Option<PathBuf>,
    /// The origin of one more push service, for example http://localhost:8082 (repeatable)
    #[arg(long, value_name = "ORIGIN", value_parser = allow_list::origin)]
    pub(crate) allow_push_service: Vec<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Log every request
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Log only errors
    #[arg(short, long)]
    quiet: bool,
}

impl Args {
    /// The command line; ends the process when it is wrong.
    pub(crate) fn get() -> Args {
        let hint = "run notify as a program of its own: cargo run --bin notify \"message\"";
        usage::parse("server", |argument| (argument == "notify").then_some(hint))
    }

    /// The VAPID key: from the environment, or from its file, which is made when it does not exist. Returns whether it was made.
    pub(crate) fn vapid_key(&self) -> Result<(VapidKey, bool), LocalError> {
        match self.data.key_from_env() {
            Some(given) => Ok((given?, false)),
            None => keys::load_or_create(&self.data.keys(), self.data.subject.clone()),
        }
    }

    /// The certificate: the user's own, or from its file, which is made when it does not exist or no longer serves.
    pub(crate) fn certificate(&self) -> Result<Certificate, LocalError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Certificate::from_files(cert, key),
            _ => Certificate::load_or_create(&self.data.keys(), &self.names()),
        }
    }

    /// The names given, and a --host that localhost does not reach; IPv6 addresses without brackets.
    pub(crate) fn names(&self) -> Vec<String> {
        let host = self.bare_host();
        let own = (!REACHED_BY_LOCALHOST.contains(&host)).then(|| host.to_owned());
        self.name.iter().cloned().chain(own).collect()
    }

    /// The host in the URL of the https listener: localhost where that reaches it, else the first of our names.
    pub(crate) fn url_host(&self) -> String {
        let host = self.bare_host();
        match self.name.first().map_or(host, String::as_str) {
            _ if REACHED_BY_LOCALHOST.contains(&host) => "localhost".to_owned(),
            address if address.contains(':') => format!("[{address}]"),
            name => name.to_owned(),
        }
    }

    fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// The folder of --www, checked; `None` for our own page.
    pub(crate) fn www(&self) -> Result<Option<PathBuf>, LocalError> {
        let mut secrets = vec![self.data.keys(), self.data.subscriptions()];
        secrets.extend(self.tls_key.clone());
        self.www.as_ref().map(|dir| assets::folder(dir, &secrets)).transpose()
    }

    /// Notes which private keys others on this machine may read.
    pub(crate) fn note_open_secrets(&self) {
        let folder = self.data.keys();
        let tls_key = self.tls_key.clone().unwrap_or_else(|| folder.join(certificate::KEY_FILE));
        for secret in [folder.join(keys::VAPID_FILE), tls_key] {
            if !self.quiet {
                shell::note_open_secret("server", &secret);
            }
        }
    }

    pub(crate) fn log(&self) -> Log {
        match (self.quiet, self.verbose) {
            (true, _) => Log::Quiet,
            (_, true) => Log::Verbose,
            _ => Log::Normal,
        }
    }

    /// The command that sends a message, as it is typed beside this server.
    pub(crate) fn notify_command(&self) -> String {
        let folder = &self.data.data_dir;
        match folder.as_os_str() == "." {
            true => "cargo run --bin notify \"message\"".into(),
            false => format!("cargo run --bin notify -- --data-dir {} \"message\"", shell::quoted_path(folder)),
        }
    }
}

//! What the command line says: ports, names, secrets, how much is told.

use std::path::{Path, PathBuf};

use barepush::cli::data_args::DataArgs;
use barepush::cli::error::CliError;
use barepush::cli::{shell, usage};
use barepush::http::certificate::{self, Certificate};
use barepush::http::error::SetupError;
use barepush::push::vapid::VapidKey;
use barepush::store::keys::{self, KeyError, KeyFile};
use barepush::web::allow_list::AllowedPushServices;
use barepush::web::assets::Assets;
use barepush::web::log::Log;
use clap::Parser;

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
    /// Leave the plain http listener out
    #[arg(long)]
    pub(crate) no_http: bool,
    /// Address of the https listener; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// One more name for the certificate and the Host header, for a phone or a tunnel (repeatable)
    #[arg(long)]
    pub(crate) name: Vec<String>,
    /// Your own certificate chain in PEM, mkcert's, say
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Serve the page in this folder instead of our own; a reload shows an edit
    #[arg(long, value_name = "DIR")]
    pub(crate) www: Option<PathBuf>,
    /// The origin of one more push service, http://localhost:8082, say (repeatable)
    #[arg(long, value_name = "ORIGIN", value_parser = AllowedPushServices::origin)]
    pub(crate) allow_push_service: Vec<String>,
    /// Say every request
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// For `map_err(CliError::hinted(hint))`.
pub(crate) fn hint(error: &SetupError) -> String {
    error.hint().to_owned()
}

impl Args {
    /// The command line; ends the process when it is wrong.
    pub(crate) fn get() -> Args {
        let hint = "run notify as a program of its own: cargo run --bin notify \"message\"";
        usage::parse("server", |argument| (argument == "notify").then_some(hint))
    }

    /// The VAPID key: by environment, or kept in its file, or made.
    pub(crate) fn vapid_key(&self) -> Result<(VapidKey, KeyFile), CliError> {
        match self.data.key_from_env() {
            Some(key) => key.map(|key| (key, KeyFile::Found)),
            None => keys::load_or_create(&self.data.keys(), self.data.subject.clone()),
        }
        .map_err(CliError::hinted(KeyError::hint))
    }

    /// The certificate: the user's own, or kept in its file, or made.
    pub(crate) fn certificate(&self) -> Result<(Certificate, certificate::Made), CliError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Certificate::from_files(cert, key).map(|own| (own, certificate::Made::Kept)),
            _ => Certificate::load_or_create(&self.data.keys(), &self.name),
        }
        .map_err(CliError::hinted(hint))
    }

    /// The page's files: our own, or those in --www.
    pub(crate) fn assets(&self) -> Result<Assets, CliError> {
        let Some(www) = &self.www else {
            return Ok(Assets::Own);
        };
        let secrets: Vec<&Path> =
            [Some(&self.data.data_dir), self.tls_key.as_ref()].into_iter().flatten().map(|it| it.as_path()).collect();
        Assets::folder(www, &secrets).map_err(CliError::hinted(hint))
    }

    /// Says which private keys others on this machine may read.
    pub(crate) fn note_open_secrets(&self) {
        let folder = self.data.keys();
        let tls_key = self.tls_key.clone();
        let tls_key = tls_key.unwrap_or_else(|| folder.join(certificate::KEY_FILE));
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
        match self.data.data_dir.as_os_str() == "." {
            true => "cargo run --bin notify \"message\"".into(),
            false => format!("cargo run --bin notify -- --data-dir {} \"message\"", self.data.data_dir.display()),
        }
    }
}

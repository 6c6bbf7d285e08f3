//! The command line of notify: parsed and checked, and what it says of key, store and client.

use std::path::{Path, PathBuf};
use std::time::Duration;

use barepush::cli::error::CliError;
use barepush::cli::{shell, usage};
use barepush::push::client::Client;
use barepush::push::message::{DEFAULT_TTL, MAX_TTL_SECONDS, Topic, Urgency};
use barepush::push::retry::Retry;
use barepush::push::sender::Sender;
use barepush::push::vapid::{DEFAULT_SUBJECT, Subject, VapidKey};
use barepush::store::atomic_file::path_in;
use barepush::store::keys::{self, KeyError};
use barepush::store::subscriptions::Store;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

/// Pushes a message to the browser that subscribed last, or to everybody.
#[derive(Parser)]
#[command(
    name = "notify",
    version,
    before_help = EXAMPLES,
    after_help = EXIT_CODES,
    help_template = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}",
    disable_help_flag = true,
    disable_version_flag = true,
    max_term_width = 110
)]
pub(crate) struct Args {
    /// The notification's text; - reads it from stdin
    #[arg(default_value = "Hello, Notifications!", hide_default_value = true)]
    pub(crate) message: String,

    /// The notification's title
    #[arg(long, default_value = "barepush", value_name = "TEXT", help_heading = NOTIFICATION)]
    pub(crate) title: String,
    /// What a click on it opens
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) url: Option<String>,
    /// A picture's URL
    #[arg(long, value_name = "URL", help_heading = NOTIFICATION)]
    pub(crate) icon: Option<String>,
    /// A later notification with the same tag replaces this one
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) tag: Option<String>,
    /// No sound, no vibration
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) silent: bool,
    /// Stays until it is clicked or closed
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) require_interaction: bool,
    /// Send it as Declarative Web Push, which Safari shows without waking the service worker
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) declarative: bool,
    /// Send these bytes as they are, instead of a notification; - reads them from stdin
    #[arg(long, value_name = "FILE", help_heading = NOTIFICATION, conflicts_with_all = [
        "message", "title", "url", "icon", "tag", "silent", "require_interaction", "declarative",
    ])]
    pub(crate) payload: Option<PathBuf>,

    /// Seconds the push service keeps it for an absent browser; 0 is now or never
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TTL.as_secs() as u32, allow_negative_numbers = true, help_heading = PUSHING,
        value_parser = clap::value_parser!(u32).range(..=MAX_TTL_SECONDS as i64))]
    pub(crate) ttl: u32,
    /// Whether to wake a device that saves power
    #[arg(long, value_enum, default_value_t, help_heading = PUSHING)]
    pub(crate) urgency: Urgency,
    /// Replaces a waiting message with the same topic; 4, 8, ... or 32 base64url characters
    #[arg(long, help_heading = PUSHING)]
    pub(crate) topic: Option<Topic>,
    /// Your contact for push services: mailto: or https:
    #[arg(long, env = "VAPID_SUBJECT", value_name = "CONTACT", default_value = DEFAULT_SUBJECT, hide_env_values = true,
        value_parser = Subject::parse, help_heading = PUSHING)]
    subject: Subject,
    /// Seconds to wait for the push service, each time
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = PUSHING)]
    timeout: u64,
    /// Try once; else a push that met 429, 5xx or no answer is tried up to 3 times
    #[arg(long, help_heading = PUSHING)]
    no_retry: bool,

    /// Push to one other than the newest: the end of its endpoint, as messages print it, its push service's host, or a
    /// browser's name (firefox, chrome, safari, edge)
    #[arg(long, help_heading = TO_WHOM, conflicts_with_all = ["all", "resume"], allow_hyphen_values = true)]
    pub(crate) to: Option<String>,
    /// Push to everybody in subscription.txt
    #[arg(long, help_heading = TO_WHOM, conflicts_with_all = ["explain", "curl"])]
    all: bool,
    /// Push to everybody in this file instead, one subscription a line; - reads them from stdin
    #[arg(long, value_name = "FILE", help_heading = TO_WHOM)]
    pub(crate) subscriptions: Option<PathBuf>,
    /// How many pushes are under way at once
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = TO_WHOM,
        conflicts_with_all = ["explain", "curl"])]
    pub(crate) jobs: u16,
    /// Leave out whom the results in FILE, printed by --json, call accepted or gone
    #[arg(long, value_name = "FILE", help_heading = TO_WHOM, conflicts_with_all = ["explain", "curl"])]
    pub(crate) resume: Option<PathBuf>,
    /// SocketDir of keys/ and subscription.txt
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = TO_WHOM)]
    data_dir: PathBuf,

    /// Walk through the protocol with this very message, step by step
    #[arg(long, help_heading = SHOWING, conflicts_with_all = ["json", "curl", "quiet"])]
    pub(crate) explain: bool,
    /// Let --explain show endpoint, keys and token in full
    #[arg(long, requires = "explain", help_heading = SHOWING)]
    pub(crate) show_secrets: bool,
    /// Do everything but send
    #[arg(long, help_heading = SHOWING)]
    pub(crate) dry_run: bool,
    /// Do not send: write payload.bin and print the curl command that does
    #[arg(long, help_heading = SHOWING, conflicts_with_all = ["json", "quiet"])]
    pub(crate) curl: bool,
    /// Print one JSON object a result
    #[arg(long, help_heading = SHOWING)]
    pub(crate) json: bool,
    /// Print nothing but errors, and what --json prints
    #[arg(short, long, help_heading = SHOWING)]
    pub(crate) quiet: bool,
    /// Print the VAPID public key in every format in circulation, and nothing else
    #[arg(long, help_heading = SHOWING, conflicts_with_all = ["message", "payload", "all", "subscriptions", "explain", "curl"])]
    pub(crate) show_public_key: bool,

    /// Print help
    #[arg(short, long, action = clap::ArgAction::HelpShort, help_heading = SHOWING)]
    help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = clap::ArgAction::Version, help_heading = SHOWING)]
    version: Option<bool>,

    /// The VAPID private key itself, instead of keys/vapid_private.pem
    #[arg(long, env = "VAPID_PRIVATE_KEY", hide = true, hide_env_values = true)]
    vapid_private_key: Option<String>,
}

const NOTIFICATION: &str = "The notification";
const PUSHING: &str = "How it is pushed";
const TO_WHOM: &str = "To whom";
const SHOWING: &str = "What is shown";

const EXAMPLES: &str = "\
Examples:
  notify \"Dinner is ready\"
  notify --title Oven --url /recipes --urgency high \"180 °C reached\"
  date | notify -
  notify --explain --dry-run \"what would happen\"
  notify --all --json \"To everybody\" >> results.jsonl
  notify --all --json --resume results.jsonl \"To everybody\" >> results.jsonl
  shuf people.txt | notify --subscriptions - --jobs 64 \"Sale\"

Needs no server running: it reads subscription.txt and keys/vapid_private.pem, which the
server wrote. The key may also come by VAPID_PRIVATE_KEY: PKCS#8 or SEC1 PEM, or the
32 bytes in base64url.
";

const EXIT_CODES: &str = "\
Exit codes; with more than one push the first of 1 4 6 3 5 0 that occurred:
  0    accepted by the push service (not yet shown by a browser)
  1    our side: a file, a key, encryption; nobody reads the results
  2    usage
  3    nobody has subscribed, a line is no subscription, or it was made with another VAPID key
  4    refused by the push service
  5    gone: the subscription is over, its line went to subscription.txt.gone
  6    temporary: push service busy or unreachable, after the retries
  130  stopped by Ctrl-C or SIGTERM, results and files in order";

impl Args {
    /// What the command line says; ends the process when that is nothing, or contradicts itself.
    pub(crate) fn get() -> Args {
        let hint = "put a message of several words in quotes: cargo run --bin notify \"two words\"";
        let args: Args = usage::parse("notify", |argument| (!argument.starts_with('-')).then_some(hint));
        let dash = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
        let readers = [args.message == "-", dash(&args.payload), args.reads_stdin()];
        if readers.iter().filter(|reads| **reads).count() > 1 {
            let error = "stdin can be read once: message, --payload or --subscriptions";
            Args::command().error(ErrorKind::ArgumentConflict, error).exit();
        }
        if args.resume.is_some() && !args.to_all() {
            let error = "--resume needs --all or --subscriptions";
            Args::command().error(ErrorKind::MissingRequiredArgument, error).exit();
        }
        args
    }

    /// Whether it goes to everybody; --explain and --curl are about one message, to the newest.
    pub(crate) fn to_all(&self) -> bool {
        self.all || self.subscriptions.is_some() && self.to.is_none() && !self.explain && !self.curl
    }

    /// Whether the subscriptions come from stdin.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.subscriptions.as_deref() == Some(Path::new("-"))
    }

    pub(crate) fn store(&self) -> Store {
        let default = || path_in(&self.data_dir, "subscription.txt");
        Store::new(self.subscriptions.clone().unwrap_or_else(default))
    }

    pub(crate) fn key(&self) -> Result<VapidKey, CliError> {
        match self.vapid_private_key.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => keys::from_env(text, self.subject.clone()),
            None => {
                let folder = path_in(&self.data_dir, "keys");
                if !self.quiet {
                    shell::note_open_secret("notify", &folder.join(keys::VAPID_FILE));
                }
                keys::load(&folder, self.subject.clone())
            }
        }
        .map_err(CliError::hinted(KeyError::hint))
    }

    /// Makes every push.
    pub(crate) fn sender(&self) -> Result<Sender, CliError> {
        let client = Client::new(Duration::from_secs(self.timeout), self.jobs.into());
        let retry = if self.no_retry { Retry::NEVER } else { Retry::DEFAULT };
        Ok(Sender { client, key: self.key()?, retry, dry_run: self.dry_run })
    }
}

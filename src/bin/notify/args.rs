//! The command line of `notify`: every option, its help text, and what follows from it for store, key and client. To add an
//! option, add a field; docs/notify.md has to mention it.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use barepush::cli::{CliError, DataArgs, note, shell, usage};
use barepush::push::{Client, DEFAULT_TTL, Interface, MAX_TRIES, MAX_TTL_SECONDS, Sender, Topic, Urgency, VapidKey};
use barepush::store::{LocalError, Store, keys};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

/// Push a message to the browser that subscribed last, to one that you choose, or to all of them.
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
    /// URL that a click on the notification opens
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) url: Option<String>,
    /// URL of an icon
    #[arg(long, value_name = "URL", help_heading = NOTIFICATION)]
    pub(crate) icon: Option<String>,
    /// A later notification with the same tag replaces this one
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) tag: Option<String>,
    /// Make no sound and do not vibrate
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) silent: bool,
    /// Keep the notification until it is clicked or closed
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) require_interaction: bool,
    /// Send a Declarative Web Push message, which Safari shows without starting the service worker
    #[arg(long, help_heading = NOTIFICATION)]
    pub(crate) declarative: bool,
    /// Send the bytes of FILE as they are instead of a notification; - reads stdin
    #[arg(long, value_name = "FILE", help_heading = NOTIFICATION, conflicts_with_all = [
        "message", "title", "url", "icon", "tag", "silent", "require_interaction", "declarative",
    ])]
    pub(crate) payload: Option<PathBuf>,

    /// How many seconds the push service keeps the message for an absent browser; 0 means now or never
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TTL.as_secs() as u32, allow_negative_numbers = true, help_heading = DELIVERY,
        value_parser = clap::value_parser!(u32).range(..=MAX_TTL_SECONDS as i64))]
    pub(crate) ttl: u32,
    /// How urgent the message is for a device that saves power
    #[arg(long, default_value_t, help_heading = DELIVERY,
        value_parser = PossibleValuesParser::new(["very-low", "low", "normal", "high"]).try_map(|name| name.parse::<Urgency>()))]
    pub(crate) urgency: Urgency,
    /// Replace a message with the same topic that is still waiting; 4, 8, ... or 32 base64url characters
    #[arg(long, help_heading = DELIVERY)]
    pub(crate) topic: Option<Topic>,
    /// How many seconds to wait for each answer
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = DELIVERY)]
    timeout: u64,
    /// Try once. Without it, a push that meets 408, 429, 5xx or no answer is tried up to 3 times
    #[arg(long, help_heading = DELIVERY)]
    no_retry: bool,

    /// Choose one subscription: by the last 8 characters of its endpoint, as messages print them, by its push service's
    /// host, or by its browser's name (firefox, chrome, safari, edge)
    #[arg(long, value_name = "WHICH", help_heading = RECIPIENTS, conflicts_with_all = ["all", "resume"], allow_hyphen_values = true)]
    pub(crate) to: Option<String>,
    /// Push to every subscription in subscription.txt
    #[arg(long, help_heading = RECIPIENTS, conflicts_with_all = ["explain", "curl"])]
    all: bool,
    /// Push to every subscription in FILE, one a line; - reads stdin
    #[arg(long, value_name = "FILE", help_heading = RECIPIENTS)]
    pub(crate) subscriptions: Option<PathBuf>,
    /// How many pushes run at the same time
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = RECIPIENTS,
        conflicts_with_all = ["explain", "curl"])]
    pub(crate) jobs: u16,
    /// Skip subscriptions that FILE (earlier --json output) reports as accepted or gone
    #[arg(long, value_name = "FILE", help_heading = RECIPIENTS, conflicts_with_all = ["explain", "curl"])]
    pub(crate) resume: Option<PathBuf>,

    #[command(flatten, next_help_heading = FILES)]
    data: DataArgs,

    /// Show every step of this push: its values, its RFC section, its source file and its reason
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["json", "curl", "quiet"])]
    pub(crate) explain: bool,
    /// Show the endpoint, the secrets and the token in full; only with --explain
    #[arg(long, requires = "explain", help_heading = OUTPUT)]
    pub(crate) show_secrets: bool,
    /// Check everything, but do not send
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) dry_run: bool,
    /// Do not send; write payload.bin and print the curl command that sends it
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["json", "quiet"])]
    pub(crate) curl: bool,
    /// Print one JSON object for each push
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) json: bool,
    /// Print only errors and --json output
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) quiet: bool,
    /// Print the VAPID public key in the formats that other tools take, and do nothing else
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["message", "payload", "all", "subscriptions", "explain", "curl"])]
    pub(crate) show_public_key: bool,

    /// Print help
    #[arg(short, long, action = clap::ArgAction::HelpShort, help_heading = OUTPUT)]
    help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = clap::ArgAction::Version, help_heading = OUTPUT)]
    version: Option<bool>,
}

const NOTIFICATION: &str = "Notification";
const DELIVERY: &str = "Delivery";
const RECIPIENTS: &str = "Recipients (without any: the newest subscription)";
const FILES: &str = "Keys and files";
const OUTPUT: &str = "Output";

const EXAMPLES: &str = "\
Examples:
  notify \"Dinner is ready\"
  notify --title Oven --url /recipes --urgency high \"180 °C reached\"
  date | notify -
  notify --to firefox \"For one of several browsers\"
  notify --explain --dry-run \"Every step, without sending\"
  notify --all --json \"Sale\" >> results.jsonl
  notify --all --json --resume results.jsonl \"Sale\" >> results.jsonl
  shuf people.txt | notify --subscriptions - --jobs 64 \"Sale\"

The server need not run. notify reads subscription.txt and keys/vapid_private.pem, which the
server wrote. You can set the key in VAPID_PRIVATE_KEY instead: PKCS#8 or SEC1 PEM, or the
32 bytes in base64url. docs/notify.md shows each option at work.
";

const EXIT_CODES: &str = "\
Exit codes; with several pushes the first of 1 4 6 3 5 0 that occurred:
  0    the push service accepted the message; a browser has not necessarily shown it
  1    an error on this side: a file, a key, encryption, or writing the results
  2    wrong usage
  3    no subscription, an unusable line, or a subscription made with another VAPID key
  4    the push service refused the message
  5    the subscription no longer exists; its line was moved to subscription.txt.gone
  6    temporary: the push service is busy or unreachable, after all tries
  130  stopped by Ctrl-C or SIGTERM; results and files are complete";

impl Args {
    /// The checked command line; ends the process when it is wrong or contradicts itself.
    pub(crate) fn get() -> Args {
        let hint = "put a message of several words in quotes: cargo run --bin notify \"two words\"";
        let args: Args = usage::parse("notify", |argument| (!argument.starts_with('-')).then_some(hint));
        let is_message_on_stdin = args.message == "-" || args.payload.as_deref() == Some(Path::new("-"));
        if is_message_on_stdin && args.reads_stdin() {
            let error = "stdin can be read once: by the message, --payload or --subscriptions";
            Args::command().error(ErrorKind::ArgumentConflict, error).exit();
        }
        if args.resume.is_some() && !args.to_all() {
            let error = "--resume needs --all or --subscriptions";
            Args::command().error(ErrorKind::MissingRequiredArgument, error).exit();
        }
        args
    }

    /// A note on stderr, unless --quiet.
    pub(crate) fn note(&self, what: impl Display) {
        if !self.quiet {
            note("notify", what);
        }
    }

    /// Whether to push to a whole list. `--to`, `--explain` and `--curl` choose one subscription of it.
    pub(crate) fn to_all(&self) -> bool {
        self.all || self.subscriptions.is_some() && self.to.is_none() && !self.explain && !self.curl
    }

    /// Whether the subscriptions come from stdin.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.subscriptions.as_deref() == Some(Path::new("-"))
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(self.subscriptions.clone().unwrap_or_else(|| self.data.subscriptions()))
    }

    /// The key in the environment, else the one in its file.
    pub(crate) fn key(&self) -> Result<VapidKey, LocalError> {
        self.data.key_from_env().unwrap_or_else(|| {
            if !self.quiet {
                shell::note_open_secret("notify", &self.data.keys().join(keys::VAPID_FILE));
            }
            keys::load(&self.data.keys(), self.data.subject.clone())
        })
    }

    /// Makes every push.
    pub(crate) fn sender(&self) -> Result<Sender, CliError> {
        let client = Client::new(Duration::from_secs(self.timeout), self.jobs.into())?;
        let tries = if self.no_retry { 1 } else { MAX_TRIES };
        Ok(Sender { client, key: self.key()?, tries, dry_run: self.dry_run, interface: Interface::CommandLine })
    }
}

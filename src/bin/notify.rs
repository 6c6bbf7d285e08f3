//! Sends one message to the newest subscription: arguments to message, to request, to one line and one exit code.

use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use barepush::encryption::BRIDGED_PAYLOAD_BYTES;
use barepush::failure::{Failure, complain, note};
use barepush::file::{open_to_others, path_in};
use barepush::message::{DEFAULT_TTL, MAX_TTL_SECONDS, Message, Notification, Topic, Urgency};
use barepush::outcome::{Class, Outcome};
use barepush::push::Client;
use barepush::store::{Entries, Store, StoreError};
use barepush::subscription::Subscription;
use barepush::vapid::{self, DEFAULT_SUBJECT, Subject, VapidError, VapidKey};
use clap::Parser;

/// Nobody has subscribed, or the file holds nothing usable.
const EXIT_NOBODY: u8 = 3;
/// A message longer than this is cut off while reading: it would be refused anyway, and stdin may be endless.
const MAX_STDIN_BYTES: u64 = 1024 * 1024;

/// Pushes a message to the browser that subscribed last.
///
/// Needs no server running: it reads subscription.txt and keys/vapid_private.pem, which the server wrote.
#[derive(Parser)]
#[command(
    name = "notify",
    version,
    after_help = "\
Examples:
  notify \"Dinner is ready\"
  notify --title Oven --url /recipes --urgency high \"180 °C reached\"
  date | notify -

Exit codes:
  0  accepted by the push service (not yet shown by a browser)
  1  our side: a file, a key, encryption
  2  usage
  3  nobody has subscribed, or the subscription was made with another VAPID key
  4  refused by the push service
  5  gone: the subscription is over, its line went to subscription.txt.gone
  6  temporary: push service busy or unreachable"
)]
struct Args {
    /// The notification's text; - reads it from stdin
    #[arg(default_value = "Hello, Notifications!")]
    message: String,
    /// The notification's title
    #[arg(long, default_value = "barepush")]
    title: String,
    /// What a click on it opens
    #[arg(long)]
    url: Option<String>,
    /// Seconds the push service keeps it for an absent browser; 0 is now or never
    #[arg(long, default_value_t = DEFAULT_TTL.as_secs() as u32, value_parser = clap::value_parser!(u32).range(..=MAX_TTL_SECONDS as i64))]
    ttl: u32,
    /// Whether to wake a device that saves power
    #[arg(long, value_enum, default_value_t)]
    urgency: Urgency,
    /// Replaces a waiting message with the same topic; 4, 8, ... or 32 base64url characters
    #[arg(long)]
    topic: Option<Topic>,
    /// Your contact for push services: mailto: or https:
    #[arg(long, env = "VAPID_SUBJECT", default_value = DEFAULT_SUBJECT, value_parser = Subject::parse)]
    subject: Subject,
    /// Folder of keys/ and subscription.txt
    #[arg(long, value_name = "DIR", default_value = ".")]
    data_dir: PathBuf,
    /// Another file of subscriptions; - reads them from stdin
    #[arg(long, value_name = "FILE")]
    subscriptions: Option<PathBuf>,
    /// Seconds to wait for the push service
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// The VAPID private key itself, instead of keys/vapid_private.pem
    #[arg(long, env = "VAPID_PRIVATE_KEY", hide = true, hide_env_values = true)]
    vapid_private_key: Option<String>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("notify"),
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let message = message(args)?;
    let subscription = newest(args)?;
    let key = match &args.vapid_private_key {
        Some(text) => VapidKey::from_env(text, args.subject.clone()),
        None => VapidKey::load(&path_in(&args.data_dir, "keys"), args.subject.clone()),
    }
    .map_err(Failure::hinted(VapidError::hint))?;
    if let Some(open) = open_to_others(&path_in(&args.data_dir, "keys").join(vapid::FILE)) {
        note("notify", open);
    }
    let client = Client::new(Duration::from_secs(args.timeout), 1);
    let outcome = Outcome::of(&client, &message, &subscription, &key);
    if outcome.class == Class::Gone {
        set_aside(args, &subscription)?;
    }
    if !outcome.accepted {
        return Err(Failure::new(
            outcome.class.exit_code(),
            anyhow!(outcome.says),
            outcome.hint.unwrap_or_default(),
        ));
    }
    // A closed stdout does not undo the push.
    let _ = writeln!(io::stdout(), "{}", outcome.says);
    Ok(())
}

fn message(args: &Args) -> Result<Message, Failure> {
    let mut text = args.message.clone();
    if text == "-" {
        text.clear();
        let read = io::stdin()
            .lock()
            .take(MAX_STDIN_BYTES)
            .read_to_string(&mut text);
        read.map_err(|e| {
            Failure::ours(
                anyhow::Error::new(e).context("cannot read the message from stdin"),
                "pipe UTF-8 text in",
            )
        })?;
    }
    let notification = Notification {
        url: args.url.clone(),
        ..Notification::new(&args.title, text.trim_end_matches('\n'))
    };
    let payload = notification.payload();
    if payload.len() > BRIDGED_PAYLOAD_BYTES {
        note(
            "notify",
            format_args!(
                "the payload is {} bytes long; phones reached over a bridge may refuse more than {BRIDGED_PAYLOAD_BYTES}",
                payload.len()
            ),
        );
    }
    Ok(Message {
        ttl: Duration::from_secs(args.ttl.into()),
        urgency: args.urgency,
        topic: args.topic.clone(),
        ..Message::new(payload)
    })
}

/// The last usable subscription; the unusable ones are named on stderr and stay where they are.
fn newest(args: &Args) -> Result<Subscription, Failure> {
    let nobody = |error: anyhow::Error, hint: String| Failure::new(EXIT_NOBODY, error, hint);
    let open = "run cargo run --bin server, open the page and press Subscribe";
    let store = store(args);
    let entries = if reads_stdin(args) {
        Entries::new(BufReader::new(io::stdin()), store.path())
    } else {
        store.read().map_err(|e| match e {
            StoreError::Missing(_) => {
                nobody(anyhow!("nobody has subscribed yet: {e}"), open.into())
            }
            e => Failure::hinted(StoreError::hint)(e),
        })?
    };
    let (mut newest, mut unusable) = (None, 0);
    for entry in entries {
        let entry = entry.map_err(Failure::hinted(StoreError::hint))?;
        match entry.subscription {
            Ok(subscription) => newest = Some(subscription),
            Err(e) => {
                unusable += 1;
                let why = anyhow::Error::new(e);
                complain(
                    "notify",
                    format_args!("{} line {}: {why:#}", store.path().display(), entry.line),
                    None,
                );
            }
        }
    }
    newest.ok_or_else(|| match unusable {
        0 => nobody(
            anyhow!(
                "nobody has subscribed yet: {} is empty",
                store.path().display()
            ),
            open.into(),
        ),
        _ => nobody(
            anyhow!("{} holds no usable subscription", store.path().display()),
            format!("{open}; the unusable lines stay where they are"),
        ),
    })
}

fn reads_stdin(args: &Args) -> bool {
    args.subscriptions
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-")
}

fn store(args: &Args) -> Store {
    Store::new(
        args.subscriptions
            .clone()
            .unwrap_or_else(|| path_in(&args.data_dir, "subscription.txt")),
    )
}

fn set_aside(args: &Args, gone: &Subscription) -> Result<(), Failure> {
    if reads_stdin(args) {
        return Ok(());
    }
    let store = store(args);
    let count = store
        .set_aside(|e| e == gone.endpoint())
        .map_err(Failure::hinted(StoreError::hint))?;
    if count > 0 {
        note(
            "notify",
            format_args!("its line went to {}", store.gone_path().display()),
        );
    }
    Ok(())
}

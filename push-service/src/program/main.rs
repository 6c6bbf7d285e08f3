//! A push service for one machine and no internet: `cargo run -p push-service -- --firefox`.
//! Browsers reach it by WebSocket, application servers by RFC 8030, both on one port. It remembers in
//! memory alone: when it ends, so do all subscriptions made with it.

use anyhow::{Context, anyhow};
use clap::Parser;
use http::Uri;
use push_service::service::{Service, Settings};
use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How often the page's server is looked for before Firefox is started.
const LOOK: Duration = Duration::from_millis(500);

/// By these names, in this order, Firefox is looked for.
const FIREFOX: [&str; 4] = [
    "firefox",
    "firefox-esr",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
    r"C:\Program Files\Mozilla Firefox\firefox.exe",
];

/// A push service on this machine, for learning and testing without the internet
#[derive(Parser)]
#[command(name = "push-service", version)]
struct Arguments {
    /// Port on loopback, for browsers and senders alike; 0 lets the system choose
    #[arg(long, default_value_t = 8082)]
    port: u16,
    /// Start Firefox on this page, with a profile that uses this push service and is then removed
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "http://localhost:4480/")]
    firefox: Option<Uri>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The standard error output may be closed; the exit code remains.
            _ = writeln!(io::stderr(), "push-service: error: {:#}", error.cause);
            _ = writeln!(io::stderr(), "push-service: hint: {}", error.hint);
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, and what to do about it.
struct Failure {
    cause: anyhow::Error,
    hint: &'static str,
}

fn hint(hint: &'static str) -> impl FnOnce(anyhow::Error) -> Failure {
    move |cause| Failure { cause, hint }
}

enum Event {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// With the last line it said.
    FirefoxEnded(String),
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (sender, events) = channel();
    let interrupted = sender.clone();
    // Nobody listens any more when the program is ending anyway.
    ctrlc::set_handler(move || _ = interrupted.send(Event::Interrupted))
        .context("cannot wait for Ctrl-C")
        .map_err(hint("try again"))?;
    let settings =
        Settings { port: arguments.port, tls: None, strict: false, log: Box::new(|line| say(format_args!("{line}"))) };
    let service = Service::start(settings)
        .with_context(|| format!("cannot listen on port {}", arguments.port))
        .map_err(hint("choose another with --port; 0 lets the system choose"))?;
    introduce(&service.shared.origin, arguments.firefox.as_ref());
    match &arguments.firefox {
        None => wait(&events, None),
        Some(page) => with_firefox(page, &service.shared.origin, &sender, &events),
    }
}

/// One line on the standard output; nobody reading it is no reason to end.
fn say(line: fmt::Arguments<'_>) {
    _ = writeln!(io::stdout(), "{line}");
}

fn introduce(origin: &str, page: Option<&Uri>) {
    say(format_args!("push service at {origin}, until Ctrl-C; it remembers in memory alone"));
    say(format_args!("1. in a second terminal: cargo run --bin server -- --allow-push-service {origin}"));
    match page {
        Some(page) => say(format_args!("2. in Firefox, which opens {page} then: register, subscribe")),
        None => {
            say(format_args!("2. start this program with --firefox, or set these in about:config of another Firefox"));
            say(format_args!("   profile, start it again; then register and subscribe on http://localhost:4480/"));
            for (name, value) in preferences(origin) {
                say(format_args!("   {name} = {value}"));
            }
        }
    }
    say(format_args!("3. in a third terminal:  cargo run --bin notify \"message\""));
}

/// What makes Firefox use this push service.
fn preferences(origin: &str) -> [(&'static str, String); 4] {
    let (_, port) = origin.rsplit_once(':').unwrap_or_default();
    [
        ("dom.push.serverURL", format!("\"ws://127.0.0.1:{port}/\"")),
        // ws: instead of wss:
        ("dom.push.testing.allowInsecureServerURL", "true".to_owned()),
        // The default, unless a test driver's own preferences say otherwise.
        ("dom.push.connection.enabled", "true".to_owned()),
        // Firefox draws notifications itself: a desktop without a notification daemon shows them too.
        ("alerts.useSystemBackend", "false".to_owned()),
    ]
}

/// Waits for the end; `firefox` ending earlier is said and no reason to end.
fn wait(events: &Receiver<Event>, mut firefox: Option<&mut Child>) -> Result<(), Failure> {
    while let Ok(Event::FirefoxEnded(last)) = events.recv() {
        let status = firefox.as_mut().map(|child| child.wait());
        if let Some(Ok(status)) = status
            && !status.success()
        {
            return Err(anyhow!("firefox has ended with {status}: {last}"))
                .map_err(hint("without a display, set MOZ_HEADLESS=1"));
        }
        say(format_args!("firefox has ended; Ctrl-C ends the push service"));
    }
    Ok(())
}

fn with_firefox(page: &Uri, origin: &str, sender: &Sender<Event>, events: &Receiver<Event>) -> Result<(), Failure> {
    if !wait_for_server(page, events)? {
        return Ok(());
    }
    let profile = profile(origin).map_err(hint("is the disk full?"))?;
    let mut firefox = start_firefox(page, &profile, sender)?;
    let ended = wait(events, Some(&mut firefox));
    // It may have ended by itself; and the profile goes whatever happens.
    _ = firefox.kill();
    _ = firefox.wait();
    ended
}

/// Waits until somebody listens where `page` comes from; `false` on Ctrl-C.
fn wait_for_server(page: &Uri, events: &Receiver<Event>) -> Result<bool, Failure> {
    let host = page
        .host()
        .with_context(|| format!("no address of a page: \"{page}\""))
        .map_err(hint("write it like http://localhost:4480/"))?;
    let https = page.scheme_str() == Some("https");
    let port = page.port_u16().unwrap_or(if https { 443 } else { 80 });
    while TcpStream::connect((host, port)).is_err() {
        match events.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// A fresh profile, removed when dropped. It lies beside this program, as a Firefox from snap cannot
/// see the system's folder of temporary files.
fn profile(origin: &str) -> anyhow::Result<TempDir> {
    let program = std::env::current_exe().context("cannot find this program's own folder")?;
    let folder = program.parent().context("cannot find this program's own folder")?;
    let profile = TempDir::with_prefix_in("firefox-", folder).context("cannot make a profile for firefox")?;
    let quiet = [
        ("browser.aboutwelcome.enabled", "false"),
        ("browser.shell.checkDefaultBrowser", "false"),
        ("datareporting.policy.dataSubmissionEnabled", "false"),
    ];
    let preferences = preferences(origin).into_iter();
    let lines: String = preferences
        .chain(quiet.map(|(name, value)| (name, value.to_owned())))
        .map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"))
        .collect();
    fs::write(profile.path().join("user.js"), lines).context("cannot write firefox's preferences")?;
    Ok(profile)
}

/// Starts the first Firefox found; a thread waits for its end.
fn start_firefox(page: &Uri, profile: &TempDir, sender: &Sender<Event>) -> Result<Child, Failure> {
    for program in FIREFOX {
        let started = Command::new(program)
            .args(["--no-remote", "--profile"])
            .arg(profile.path())
            .arg(page.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        match started {
            Ok(mut child) => {
                let (said, sender) = (child.stderr.take(), sender.clone());
                thread::spawn(move || {
                    let lines = said.into_iter().flat_map(|said| BufReader::new(said).lines());
                    let last = lines.map_while(Result::ok).filter(|line| !line.is_empty()).last();
                    _ = sender.send(Event::FirefoxEnded(last.unwrap_or_default()));
                });
                return Ok(child);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot start \"{program}\""))
                    .map_err(hint("does it start by itself?"));
            }
        }
    }
    Err(anyhow!("cannot find firefox")).map_err(hint(
        "install it (Debian: apt install firefox-esr), or leave --firefox out to see what to set in another",
    ))
}

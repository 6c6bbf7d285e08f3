//! A push service for one machine and no internet: `cargo run -p push-service -- --firefox --chromium`. Browsers and
//! application servers reach it on one port. It remembers in memory only: when it ends, so do all its subscriptions.

mod browsers;
mod environment;
mod instructions;

use anyhow::{Context, anyhow};
use browsers::{Browser, Event, Kind};
use clap::Parser;
use http::Uri;
use push_service::google::MessageChannel;
use push_service::{Limits, Service, Settings};
use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How often the page's server is looked for before a browser is started.
const LOOK: Duration = Duration::from_millis(500);
/// What both `--firefox` and `--chromium` open.
const PAGE: &str = "http://localhost:4480/";

/// A push service on this machine, for learning and testing without the internet
#[derive(Parser)]
#[command(name = "push-service", version)]
struct Arguments {
    /// Port on loopback, for browsers and senders alike; 0 lets the system choose
    #[arg(long, default_value_t = 8082)]
    port: u16,
    /// Start Firefox on this page, with a profile that uses this push service and is then removed
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = PAGE)]
    firefox: Option<Uri>,
    /// Start Chromium or Chrome on this page, with a profile that uses this push service and is then removed
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = PAGE)]
    chromium: Option<Uri>,
    /// Print the environment variables that lead a sender's pushes to the vendors' real host names here
    #[arg(long)]
    env: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
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

/// A browser that is to be started, and the page it then opens.
struct Wanted {
    kind: Kind,
    program: PathBuf,
    page: Uri,
}

fn run(mut arguments: Arguments) -> Result<(), Failure> {
    let (sender, events) = channel();
    let interrupted = sender.clone();
    // Without a receiver the program is ending already.
    ctrlc::set_handler(move || _ = interrupted.send(Event::Interrupted))
        .context("cannot wait for Ctrl-C")
        .map_err(hint("try again"))?;
    let wanted =
        find_browsers([(Kind::Firefox, arguments.firefox.take()), (Kind::Chromium, arguments.chromium.take())])?;
    let settings =
        Settings { port: arguments.port, tls: None, strict: false, limits: Limits::default(), log: Box::new(print) };
    let service = match Service::start(settings) {
        Ok(service) => service,
        Err(error) => return not_started(&arguments, error),
    };
    let message_channel = MessageChannel::open(&service.shared)
        .map_err(|error| hint("try again")(anyhow!("cannot open chromium's message channel: {error}")))?;
    let (origin, switches) = (service.shared.origin.as_str(), message_channel.switches());
    let ca_file = service.shared.ca_file().map_err(|why| hint("is the disk full?")(anyhow!(why)))?;
    print(&instructions::steps(origin, &ca_file, &wanted, &switches).join("\n"));
    if arguments.env {
        print(&environment::lines(origin, &ca_file).join("\n"));
    }
    for wanted in &wanted {
        if !wait_for_server(wanted, &events)? {
            return Ok(());
        }
    }
    let mut browsers = Vec::new();
    for Wanted { kind, program, page } in &wanted {
        let settings = match kind {
            Kind::Firefox => vec![instructions::user_js(origin)],
            Kind::Chromium => switches.to_vec(),
        };
        browsers.push(Browser::start(*kind, program, page, &settings, &sender)?);
    }
    wait(&events, &mut browsers)
}

/// The port is taken: by another push service, whose lines `--env` prints, or by something else.
fn not_started(arguments: &Arguments, error: io::Error) -> Result<(), Failure> {
    let port = arguments.port;
    match environment::of_running(port).filter(|_| error.kind() == ErrorKind::AddrInUse) {
        Some((origin, ca_file)) if arguments.env => {
            print(&environment::lines(&origin, &ca_file).join("\n"));
            Ok(())
        }
        Some(_) => Err(anyhow!("cannot listen on port {port}: another push-service runs there"))
            .map_err(hint("use that one (--env prints its variables), end it, or choose another port with --port")),
        None => Err(error)
            .with_context(|| format!("cannot listen on port {port}"))
            .map_err(hint("choose another port with --port; 0 lets the system choose")),
    }
}

fn find_browsers(pages: [(Kind, Option<Uri>); 2]) -> Result<Vec<Wanted>, Failure> {
    let pages = pages.into_iter().filter_map(|(kind, page)| page.map(|page| (kind, page)));
    pages.map(|(kind, page)| kind.find().map(|program| Wanted { kind, program, page })).collect()
}

/// Prints lines on the standard output; the program does not end when nobody reads it.
fn print(lines: &str) {
    _ = writeln!(io::stdout(), "{lines}");
}

/// Waits until somebody listens where the page comes from; `false` on Ctrl-C.
fn wait_for_server(wanted: &Wanted, events: &Receiver<Event>) -> Result<bool, Failure> {
    let Wanted { kind, program, page } = wanted;
    let host = page
        .host()
        .with_context(|| format!("no address of a page: \"{page}\""))
        .map_err(hint("write it like http://localhost:4480/"))?;
    let https = page.scheme_str() == Some("https");
    let port = page.port_u16().unwrap_or(if https { 443 } else { 80 });
    let listens = || TcpStream::connect((host, port)).is_ok();
    if listens() {
        return Ok(true);
    }
    print(&format!("{} ({}) starts when a server listens at {page}", kind.row().name, program.display()));
    while !listens() {
        match events.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Waits for Ctrl-C; a browser may end before, unless it fails.
fn wait(events: &Receiver<Event>, browsers: &mut [Browser]) -> Result<(), Failure> {
    while let Ok(Event::BrowserEnded(kind, last_line)) = events.recv() {
        for browser in browsers.iter_mut().filter(|browser| browser.kind == kind) {
            browser.wait(&last_line)?;
        }
        print(&format!("{} has ended; Ctrl-C ends the push service", kind.row().name));
    }
    Ok(())
}

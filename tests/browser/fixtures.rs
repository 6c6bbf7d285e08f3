//! What browser tests begin with: a server in its own folder with its own push service, and the page in a browser.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::browser::chromium::Chromium;
use crate::browser::firefox::{Answer, Firefox};
use crate::browser::{AXE, CERTUTIL, CHROMIUM, FIREFOX, Need, Tab};
use crate::harness::Fixture;
use crate::page::Page;
use crate::support::program::{self, Finished, Program, Running};
use push_service::PushService;

/// What the server pushes when a browser has subscribed: title and body.
pub(crate) const WELCOME: (&str, &str) = ("Hello from barepush", "You are subscribed. This is the first notification.");

/// A running server in a folder of its own.
pub(crate) struct Server {
    /// `https://localhost:PORT`.
    pub(crate) https: String,
    /// `http://localhost:PORT`.
    pub(crate) http: String,
    running: Option<Running>,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Server {
    /// Starts it on ports the system chooses.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut server = Self {
            https: String::new(),
            http: String::new(),
            running: None,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            folder: tempfile::tempdir().expect("a data folder"),
        };
        server.run("0", "0");
        server
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    /// Starts it again where it was.
    pub(crate) fn start_again(&mut self) {
        let port = |origin: &str| origin.rsplit(':').next().expect("a port").to_owned();
        let (https, http) = (port(&self.https), port(&self.http));
        self.run(&https, &http);
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificate it made.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.file("keys/tls_cert.pem")
    }

    /// Runs `notify` beside it.
    pub(crate) fn notify(&self, message: &str) -> Finished {
        program::notify(self.folder.path()).arg(message).run()
    }

    fn run(&mut self, https: &str, http: &str) {
        let running = Program::new(env!("CARGO_BIN_EXE_server"), self.folder.path())
            .args(["--port", https, "--http-port", http])
            .args(&self.arguments)
            .spawn();
        (self.https, self.http) = (running.url("https"), running.url("http"));
        self.running = Some(running);
    }
}

/// Firefox, the server and the push service, which know each other; the page is open.
pub(crate) struct Stage {
    pub(crate) firefox: Firefox,
    pub(crate) server: Server,
    pub(crate) push_service: PushService,
}

impl Stage {
    fn open(https: bool) -> Self {
        let push_service = PushService::start();
        let server = Server::start_with(&["--allow-push-service", push_service.origin()]);
        let for_browsers = push_service.origin().replace("http://", "ws://");
        let certificate = https.then(|| server.certificate());
        let mut firefox = Firefox::start(&for_browsers, certificate.as_deref());
        firefox.open(if https { &server.https } else { &server.http });
        Self { firefox, server, push_service }
    }

    /// Registers and subscribes by clicks, the prompt's Allow included, and sees the first notification.
    pub(crate) fn subscribe(&mut self) {
        self.firefox.press("register");
        self.firefox.press("subscribe");
        self.firefox.answer_prompt(Answer::Allow);
        self.firefox.wait_for_alert(WELCOME.0, WELCOME.1);
        self.firefox.wait_to_read("notification-status-message", "Ready to push.");
    }
}

/// The page in Firefox on `https://localhost`, the certificate trusted.
pub(crate) struct OnHttps(pub(crate) Stage);

impl Fixture for OnHttps {
    fn needs() -> Vec<&'static Need> {
        vec![&FIREFOX, &CERTUTIL]
    }

    fn open() -> Self {
        Self(Stage::open(true))
    }
}

/// The page in Firefox on `http://localhost`.
pub(crate) struct OnHttp(pub(crate) Stage);

impl Fixture for OnHttp {
    fn needs() -> Vec<&'static Need> {
        vec![&FIREFOX]
    }

    fn open() -> Self {
        Self(Stage::open(false))
    }
}

/// The page in Firefox on `http://localhost`, subscribed.
pub(crate) struct Subscribed(pub(crate) Stage);

impl Fixture for Subscribed {
    fn needs() -> Vec<&'static Need> {
        OnHttp::needs()
    }

    fn open() -> Self {
        let OnHttp(mut stage) = OnHttp::open();
        stage.subscribe();
        Self(stage)
    }
}

/// Chromium with an empty tab, and a server.
pub(crate) struct InChromium {
    pub(crate) chromium: Chromium,
    pub(crate) server: Server,
}

impl Fixture for InChromium {
    fn needs() -> Vec<&'static Need> {
        vec![&CHROMIUM]
    }

    fn open() -> Self {
        Self { server: Server::start(), chromium: Chromium::start() }
    }
}

/// The page in Chromium on `http://localhost`: notifications are allowed and the worker is registered.
pub(crate) struct Registered {
    pub(crate) chromium: Chromium,
    pub(crate) server: Server,
    /// The registration's number.
    pub(crate) registration: String,
}

impl Fixture for Registered {
    fn needs() -> Vec<&'static Need> {
        InChromium::needs()
    }

    fn open() -> Self {
        let InChromium { mut chromium, server } = InChromium::open();
        let registration = register(&mut chromium, &server.http);
        Self { chromium, server, registration }
    }
}

/// Opens the page in Chromium, with notifications allowed, and registers the worker by a click.
pub(crate) fn register(chromium: &mut Chromium, origin: &str) -> String {
    chromium.set_permission(origin, "granted");
    chromium.open(origin);
    chromium.press("register");
    chromium.wait_to_read("registration-status-message", &format!("Registered for the scope {origin}/"));
    chromium.wait_for_worker()
}

/// Chromium is installed; the test starts it itself.
pub(crate) struct ChromiumInstalled;

impl Fixture for ChromiumInstalled {
    fn needs() -> Vec<&'static Need> {
        InChromium::needs()
    }

    fn open() -> Self {
        Self
    }
}

/// Firefox is installed; the test starts it itself.
pub(crate) struct FirefoxInstalled;

impl Fixture for FirefoxInstalled {
    fn needs() -> Vec<&'static Need> {
        OnHttp::needs()
    }

    fn open() -> Self {
        Self
    }
}

/// certutil is installed.
pub(crate) struct CertutilInstalled;

impl Fixture for CertutilInstalled {
    fn needs() -> Vec<&'static Need> {
        vec![&CERTUTIL]
    }

    fn open() -> Self {
        Self
    }
}

/// The source of axe-core.
pub(crate) struct Axe(pub(crate) String);

impl Fixture for Axe {
    fn needs() -> Vec<&'static Need> {
        vec![&AXE]
    }

    fn open() -> Self {
        Self(fs::read_to_string(AXE.path().expect("axe-core")).expect("reading axe-core"))
    }
}

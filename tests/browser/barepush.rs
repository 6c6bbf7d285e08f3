//! The two programs and the browser that knows of them, as a user has them.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::browser::firefox::{Answer, Firefox};
use crate::browser::{CERTUTIL, FIREFOX, Tab, installed};
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

/// Firefox, the server and the push service, which know of each other; the page is open.
pub(crate) struct Stage {
    pub(crate) firefox: Firefox,
    pub(crate) server: Server,
    pub(crate) push_service: PushService,
}

impl Stage {
    /// On `https://localhost`, the certificate trusted; none where what it takes is not installed, as with the two below.
    pub(crate) fn on_https() -> Option<Self> {
        installed(&[&FIREFOX, &CERTUTIL]).then(|| Self::open(true))
    }

    /// On `http://localhost`.
    pub(crate) fn on_http() -> Option<Self> {
        installed(&[&FIREFOX]).then(|| Self::open(false))
    }

    /// On `http://localhost`, subscribed.
    pub(crate) fn subscribed() -> Option<Self> {
        let mut stage = Self::on_http()?;
        stage.subscribe();
        Some(stage)
    }

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

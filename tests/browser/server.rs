//! The server of a browser test, in a folder of its own, and `notify` beside it.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::program::{self, Finished, Program, Running};
use push_service_fixture::PushService;

/// A running server in a folder of its own.
pub(crate) struct Server {
    /// `https://localhost:PORT`.
    pub(crate) https: String,
    /// `http://localhost:PORT`.
    pub(crate) http: String,
    running: Option<Running>,
    arguments: Vec<String>,
    variables: Vec<(&'static str, OsString)>,
    folder: TempDir,
}

impl Server {
    /// Starts it on ports the system chooses.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(arguments, Vec::new())
    }

    /// The same, and it reaches the vendors' push services by the proxy of `push_service`, as `notify` beside it does.
    pub(crate) fn start_behind(push_service: &PushService, arguments: &[&str]) -> Self {
        let proxy = ("HTTPS_PROXY", push_service.origin().into());
        let authority = ("SSL_CERT_FILE", push_service.ca_pem_path().into());
        let allowed = ["--allow-push-service", push_service.origin()];
        Self::start_in(&[&allowed, arguments].concat(), vec![proxy, authority])
    }

    fn start_in(arguments: &[&str], variables: Vec<(&'static str, OsString)>) -> Self {
        let mut server = Self {
            https: String::new(),
            http: String::new(),
            running: None,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            variables,
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
        self.notify_with(&[message])
    }

    /// Runs `notify` with these arguments.
    pub(crate) fn notify_with(&self, arguments: &[&str]) -> Finished {
        self.with_variables(program::notify(self.folder.path())).args(arguments).run()
    }

    /// Stores a subscription that no browser has.
    pub(crate) fn store_somebody(&self) {
        let push_service = PushService::start();
        push_service.expect_no_calls();
        fs::write(self.file("subscription.txt"), push_service.subscribe(None).json).unwrap();
    }

    fn with_variables(&self, program: Program) -> Program {
        self.variables.iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    fn run(&mut self, https: &str, http: &str) {
        let server = Program::new(env!("CARGO_BIN_EXE_server"), self.folder.path());
        let running =
            self.with_variables(server).args(["--port", https, "--http-port", http]).args(&self.arguments).spawn();
        (self.https, self.http) = (running.url("https"), running.url("http"));
        self.running = Some(running);
    }
}

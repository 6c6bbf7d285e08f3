//! The two programs, started as a user starts them, and what a user then sees of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::browser::process::Process;

/// A running server in a folder of its own.
pub(crate) struct Server {
    /// `https://localhost:PORT`.
    pub(crate) https: String,
    /// `http://localhost:PORT`.
    pub(crate) http: String,
    process: Option<Process>,
    push_service: String,
    folder: TempDir,
}

/// What `notify` did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notified {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard error.
    pub(crate) complaint: String,
}

impl Server {
    /// Starts it on ports the system chooses; `push_service` is the one origin it may push to besides the known ones.
    pub(crate) fn start(push_service: &str) -> Self {
        let folder = tempfile::tempdir().expect("a data folder");
        let mut server = Self {
            https: String::new(),
            http: String::new(),
            process: None,
            push_service: push_service.to_owned(),
            folder,
        };
        server.run("0", "0");
        server
    }

    /// Ends it and starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let port = |origin: &str| origin.rsplit(':').next().expect("a port").to_owned();
        let (https, http) = (port(&self.https), port(&self.http));
        self.run(&https, &http);
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    /// A file in its data folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificate it made.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.file("keys/tls_cert.pem")
    }

    /// How many subscriptions a file in its data folder holds; none when there is no such file.
    pub(crate) fn lines(&self, name: &str) -> usize {
        fs::read_to_string(self.file(name)).map_or(0, |text| text.lines().count())
    }

    /// Runs `notify` with `arguments` on this server's data.
    pub(crate) fn notify(&self, arguments: &[&str]) -> Notified {
        let mut command = Command::new(env!("CARGO_BIN_EXE_notify"));
        command
            .arg("--data-dir")
            .arg(self.folder.path())
            .args(arguments);
        let output = command.output().expect("running notify");
        let complaint = String::from_utf8(output.stderr).expect("UTF-8");
        Notified {
            code: output.status.code(),
            complaint,
        }
    }

    fn run(&mut self, https: &str, http: &str) {
        let folder = self.folder.path().to_str().expect("a UTF-8 path");
        let arguments = ["--port", https, "--http-port", http, "--data-dir", folder];
        let allowed = ["--allow-push-service", self.push_service.as_str()];
        let arguments: Vec<String> = arguments
            .iter()
            .chain(&allowed)
            .map(|&argument| argument.to_owned())
            .collect();
        let process = Process::start(
            Path::new(env!("CARGO_BIN_EXE_server")),
            &arguments,
            self.folder.path(),
        );
        let origin = |scheme: &str| {
            let printed = process.line_after(&format!("{scheme}://localhost:"));
            let port: String = printed.chars().take_while(char::is_ascii_digit).collect();
            format!("{scheme}://localhost:{port}")
        };
        (self.https, self.http) = (origin("https"), origin("http"));
        self.process = Some(process);
    }
}

//! The real server in a folder of its own, the push service that it may push to, and a page's client of it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::client::Client;
use crate::support::program::{Program, Running, notify, server};
use push_service_fixture::PushService;
use tempfile::TempDir;

pub(crate) struct TestServer {
    pub(crate) service: PushService,
    pub(crate) server: Running,
    pub(crate) page: Client,
    pub(crate) folder: TempDir,
}

impl TestServer {
    /// Server, page and push service speak plain http.
    pub(crate) fn http() -> TestServer {
        let (folder, service) = (tempfile::tempdir().unwrap(), PushService::start());
        let server = server(folder.path()).args(["--allow-push-service", service.origin()]).spawn();
        let page = Client::new(&server.url("http"));
        TestServer { service, server, page, folder }
    }

    /// They speak https, with both certificates checked.
    pub(crate) fn https() -> TestServer {
        TestServer::https_with(|server| server)
    }

    /// The same with more arguments for the server.
    pub(crate) fn https_with(arguments: impl FnOnce(Program) -> Program) -> TestServer {
        let (folder, service) = (tempfile::tempdir().unwrap(), PushService::start_tls());
        let server = arguments(server(folder.path()))
            .args(["--allow-push-service", service.origin()])
            .env("SSL_CERT_FILE", service.ca_pem_path())
            .spawn();
        let page = Client::trusting(&server.url("https"), &folder.path().join("keys/tls_cert.pem"));
        TestServer { service, server, page, folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// The server's VAPID key.
    pub(crate) fn key(&self) -> String {
        self.page.get("/vapid-public-key").text
    }

    /// notify in the server's folder, for a push service that speaks https.
    pub(crate) fn notify(&self) -> Program {
        notify(self.path()).env("SSL_CERT_FILE", self.service.ca_pem_path())
    }

    /// Stores a subscription whose messages are answered with 410.
    pub(crate) fn add_expired(&self) -> String {
        let expired = self.service.subscribe(None);
        assert_eq!(self.page.post("/add-subscription", &expired.json).status, 201);
        self.service.unsubscribe(&expired);
        expired.json
    }
}

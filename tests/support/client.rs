//! What a page does over HTTP: requests to the server, with its certificate checked.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A client of one listener.
pub struct Client {
    base: String,
    agent: Agent,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Client {
    /// For `base`, for example `http://localhost:4480`.
    pub fn new(base: &str) -> Self {
        Self::with(base, RootCerts::new_with_certs(&[]))
    }

    /// For an https `base` whose certificate must be the one in `pem`.
    pub fn trusting(base: &str, pem: &Path) -> Self {
        let pem = std::fs::read(pem).unwrap();
        Self::with(base, RootCerts::new_with_certs(&[Certificate::from_pem(&pem).unwrap()]))
    }

    fn with(base: &str, roots: RootCerts) -> Self {
        let provider = rustls::crypto::ring::default_provider().into();
        let tls = TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .proxy(None)
            .build();
        Self { base: base.to_owned(), agent: config.new_agent() }
    }

    pub fn get(&self, path: &str) -> Got {
        self.send("GET", path, &[], "")
    }

    /// As the page posts: JSON by its type.
    pub fn post(&self, path: &str, json: &str) -> Got {
        self.send("POST", path, &[("content-type", "application/json")], json)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // A GET with a body, even of no bytes, is refused by the client itself.
        let mut answer = match method {
            "GET" | "HEAD" => self.agent.run(request.body(()).unwrap()),
            _ => self.agent.run(request.body(body).unwrap()),
        }
        .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        Got { status: answer.status().as_u16(), headers: answer.headers().clone(), text }
    }
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

//! The push service as a test starts it: subscribe without a browser, choose answers, see what arrived. Panics are the
//! test's failures.
#![allow(clippy::expect_used)]

use crate::answers::{Answer, Scope};
use crate::decryption::BrowserKeys;
use crate::google::MessageChannel;
use crate::messages::Received;
use crate::record::Entry;
use crate::service::{Service, Settings};
use crate::state::State;
use crate::subscriptions::{Owner, tail};
use crate::vendor::Vendor;
use crate::{authorization, certificate};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A strict push service with simulated browsers. Dropped, it ends all its threads and fails the test when nobody has called it
/// ([`PushService::expect_no_calls`]: when somebody has).
pub struct PushService {
    service: Service,
    ca: Option<TempDir>,
}

/// What a simulated browser gives to the application server.
#[derive(Clone, Debug)]
pub struct TestSubscription {
    /// `PushSubscription.toJSON()`: endpoint, expirationTime, keys.
    pub json: String,
    /// The same with the member `applicationServerKey`, when it was made with one.
    pub json_with_key: String,
    /// Some 215 characters; a `local` one is under [`PushService::origin`].
    pub endpoint: String,
    /// The end of the endpoint, 8 characters: all of it that may be printed.
    pub tail: String,
    /// base64url.
    pub p256dh: String,
    /// base64url.
    pub auth: String,
    token: String,
}

impl PushService {
    /// Plain HTTP on a port the system chooses.
    pub fn start() -> Self {
        Self::with(None, None)
    }

    /// HTTPS with a certificate for localhost, 127.0.0.1 and ::1 by an authority of its own
    /// ([`PushService::ca_pem_path`]).
    pub fn start_tls() -> Self {
        Self::start_tls_with(certificate::OURS, false)
    }

    /// HTTPS with an expired certificate, by an authority of its own.
    pub fn start_tls_expired() -> Self {
        Self::start_tls_with(certificate::OURS, true)
    }

    /// HTTPS with a certificate for another name, by an authority of its own.
    pub fn start_tls_for(name: &str) -> Self {
        Self::start_tls_with(&[name], false)
    }

    fn start_tls_with(names: &[&str], expired: bool) -> Self {
        let (config, pem) = certificate::make_for(names, expired).expect("a test certificate");
        let folder = tempfile::tempdir().expect("a temp folder");
        std::fs::write(folder.path().join("ca.pem"), pem).expect("the authority's certificate written");
        Self::with(Some(config), Some(folder))
    }

    fn with(tls: Option<std::sync::Arc<rustls::ServerConfig>>, ca: Option<TempDir>) -> Self {
        let settings = Settings {
            port: 0,
            tls,
            strict: true,
            // Shown by the test harness when the test fails.
            log: Box::new(|line| println!("push service: {line}")),
        };
        let service = Service::start(settings).expect("a port on loopback");
        Self { service, ca }
    }

    /// `http(s)://localhost:PORT`: what `aud` must be, and `--allow-push-service`.
    pub fn origin(&self) -> &str {
        &self.service.shared.origin
    }

    /// The sender's `SSL_CERT_FILE`: with TLS for this push service's own address, without TLS for its proxy.
    pub fn ca_pem_path(&self) -> PathBuf {
        match &self.ca {
            Some(folder) => folder.path().join("ca.pem"),
            None => self.service.shared.ca_file().expect("the proxy's authority"),
        }
    }

    /// Google's message channel for one Chromium, open until it is dropped, with the switches for that Chromium.
    pub fn open_message_channel(&self) -> MessageChannel {
        MessageChannel::open(&self.service.shared).expect("a port for the message channel")
    }

    /// Waits until every real browser has ended its subscriptions; panics when that is late.
    pub fn wait_until_browsers_unsubscribed(&self, limit: Duration) {
        let shared = &self.service.shared;
        let waited = shared.changed.wait_timeout_while(shared.lock(), limit, |state| state.has_browsers_subscription());
        let (state, late) = waited.unwrap_or_else(PoisonError::into_inner);
        // A panic under the lock would be taken for one of the push service.
        drop(state);
        assert!(!late.timed_out(), "a browser's subscription is still there after {limit:?}");
    }

    /// A new simulated browser's subscription, restricted to this key (base64url) if one is given.
    pub fn subscribe(&self, application_server_key: Option<&str>) -> TestSubscription {
        self.subscribe_as(Vendor::Local, application_server_key)
    }

    /// The same with an endpoint of this vendor, to be reached by the proxy: [`PushService::origin`] as the sender's
    /// `HTTPS_PROXY`, [`PushService::ca_pem_path`] as its `SSL_CERT_FILE`.
    pub fn subscribe_as(&self, vendor: Vendor, application_server_key: Option<&str>) -> TestSubscription {
        let browser = BrowserKeys::generate();
        let p256dh = Base64UrlUnpadded::encode_string(&browser.p256dh());
        let auth = Base64UrlUnpadded::encode_string(browser.auth());
        let key = application_server_key.map(|key| Base64UrlUnpadded::decode_vec(key).expect("a base64url key"));
        let owner = Owner::Simulated(browser);
        let subscribed = self.service.shared.subscribe(vendor, key, owner);
        let (token, endpoint) = subscribed.expect("at most 10,000 subscriptions");
        let mut json = json!({
            "endpoint": endpoint,
            "expirationTime": null,
            "keys": { "auth": auth, "p256dh": p256dh },
        });
        let plain = json.to_string();
        if let Some(key) = application_server_key {
            json["applicationServerKey"] = key.into();
        }
        TestSubscription {
            json: plain,
            json_with_key: json.to_string(),
            tail: tail(&token).to_owned(),
            endpoint,
            p256dh,
            auth,
            token,
        }
    }

    /// Ends a subscription: its messages are answered with 410 from now on.
    pub fn unsubscribe(&self, subscription: &TestSubscription) {
        let ended = self.service.shared.lock().end(&subscription.token);
        assert!(ended, "not a subscription of this push service");
    }

    /// Answers the next good message like this; called again, the one after it.
    pub fn answer_next(&self, answer: Answer) {
        self.service.shared.lock().answers.tell(Scope::Any, answer, Some(1));
    }

    /// Answers every good message like this unless `answer_next` or `answer_for` has another answer for it.
    pub fn answer_always(&self, answer: Answer) {
        self.service.shared.lock().answers.tell(Scope::Any, answer, None);
    }

    /// Answers every good message to this subscription like this.
    pub fn answer_for(&self, subscription: &TestSubscription, answer: Answer) {
        let scope = Scope::Subscription(subscription.token.clone());
        self.service.shared.lock().answers.tell(scope, answer, None);
    }

    /// The good messages so far, oldest first, whatever the answer was.
    pub fn received(&self) -> Vec<Received> {
        self.service.shared.lock().received()
    }

    /// The messages refused so far, oldest first: `refused: STATUS REASON`.
    pub fn refused(&self) -> Vec<String> {
        self.service.shared.lock().refused()
    }

    /// How many requests there were, good and bad.
    pub fn calls(&self) -> usize {
        self.service.shared.lock().calls
    }

    /// Waits for the first `n` good messages and returns them all; panics when they are late.
    pub fn wait_for(&self, n: usize, limit: Duration) -> Vec<Received> {
        let shared = &self.service.shared;
        let waited = shared.changed.wait_timeout_while(shared.lock(), limit, |state| state.good().count() < n);
        let (state, late) = waited.unwrap_or_else(PoisonError::into_inner);
        let (received, refused) = (state.received(), state.refused());
        drop(state);
        assert!(!late.timed_out(), "{} of {n} messages after {limit:?}; {refused:?}", received.len());
        received
    }

    /// Puts this push service's clock ahead, so that TTLs and tokens expire without waiting.
    pub fn let_pass(&self, time: Duration) {
        self.service.shared.let_pass(time);
    }

    /// The test fails when somebody calls, instead of when nobody does.
    pub fn expect_no_calls(&self) {
        self.service.shared.lock().no_calls = true;
    }
}

impl State {
    fn good(&self) -> impl Iterator<Item = &Received> {
        self.record.entries.iter().filter(|entry| entry.accepted).map(|entry| &entry.received)
    }

    fn received(&self) -> Vec<Received> {
        self.good().cloned().collect()
    }

    fn refused(&self) -> Vec<String> {
        let refused = self.record.entries.iter().filter(|entry| !entry.accepted);
        let line = |entry: &Entry| {
            let (status, wrong) = (entry.status.unwrap_or_default(), entry.wrong.as_deref().unwrap_or_default());
            format!("refused: {status} {wrong}")
        };
        refused.map(line).collect()
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        let state = self.service.shared.lock();
        let (calls, no_calls) = (state.calls, state.no_calls);
        drop(state);
        if !thread::panicking() {
            assert_eq!(calls == 0, no_calls, "the push service was called {calls} times");
        }
    }
}

/// Panics unless `header` is an Authorization that the push service at `origin` accepts at `now` (unix seconds).
pub fn verify_token(header: &str, origin: &str, now: u64) {
    let verified = authorization::verify(Some(header), origin, now);
    assert!(verified.is_ok(), "{:?}", verified.err());
}

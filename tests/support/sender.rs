//! A folder as the server leaves it to `notify`: a VAPID key and subscriptions, with a strict push service behind them.

use std::fs;
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding};
use p256::SecretKey;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use tempfile::TempDir;

use super::program::{Program, notify};
use push_service::decryption::random;
use push_service_fixture::{PushService, TestSubscription};

/// A sender's folder and the push service that its subscriptions are of.
pub struct Sender {
    pub service: PushService,
    pub key: SecretKey,
    folder: TempDir,
}

impl Sender {
    /// Nobody has subscribed yet; the push service speaks plain HTTP.
    pub fn new() -> Self {
        Self::to(PushService::start())
    }

    pub fn to(service: PushService) -> Self {
        let folder = tempfile::tempdir().expect("a temp folder");
        let key = SecretKey::from_slice(&random::<32>()).expect("a key");
        fs::create_dir(folder.path().join("keys")).expect("a folder for the key");
        let sender = Self { service, key, folder };
        let pem = sender.key.to_pkcs8_pem(LineEnding::LF).expect("the key in PEM");
        sender.write("keys/vapid_private.pem", pem.as_bytes());
        sender
    }

    /// `N` browsers have subscribed.
    pub fn with<const N: usize>() -> (Self, [TestSubscription; N]) {
        let sender = Self::new();
        let subscriptions = std::array::from_fn(|_| sender.subscribe());
        (sender, subscriptions)
    }

    /// One more subscription, made with this sender's key, at the end of subscription.txt.
    pub fn subscribe(&self) -> TestSubscription {
        let subscription = self.service.subscribe(Some(&self.public_key()));
        let mut stored = fs::read_to_string(self.path("subscription.txt")).unwrap_or_default();
        stored += &format!("{}\n", subscription.json_with_key);
        self.write("subscription.txt", stored.as_bytes());
        subscription
    }

    /// base64url.
    pub fn public_key(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.key.public_key().to_sec1_bytes())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file for its owner's eyes alone, as both programs do.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        barepush::store::atomic_file::replace(&self.path(name), bytes).expect("a file written");
    }

    /// What a file holds; nothing when it is not there.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// `notify` in this folder.
    pub fn notify(&self) -> Program {
        notify(self.folder())
    }
}

//! The options that both programs have: where the keys and the subscriptions are, and which key signs.

use std::path::PathBuf;

use crate::push::{DEFAULT_SUBJECT, Subject, VapidKey};
use crate::store::{LocalError, keys};

/// `--data-dir`, `--subject` and the key in the environment.
#[derive(clap::Args)]
pub struct DataArgs {
    /// Folder that contains keys/ and subscription.txt
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub data_dir: PathBuf,
    /// Where push services can reach you: a mailto: or https: address
    #[arg(long, env = "VAPID_SUBJECT", value_name = "CONTACT", default_value = DEFAULT_SUBJECT, hide_env_values = true,
        value_parser = subject)]
    pub subject: Subject,
    /// The VAPID private key itself, instead of keys/vapid_private.pem
    #[arg(long, env = "VAPID_PRIVATE_KEY", hide = true, hide_env_values = true)]
    vapid_private_key: Option<String>,
}

/// An empty variable counts as unset, as shells and service managers often leave it.
fn subject(text: &str) -> Result<Subject, String> {
    Subject::parse(if text.is_empty() { DEFAULT_SUBJECT } else { text })
}

impl DataArgs {
    /// The folder `keys`.
    pub fn keys(&self) -> PathBuf {
        self.path("keys")
    }

    /// The file `subscription.txt`.
    pub fn subscriptions(&self) -> PathBuf {
        self.path("subscription.txt")
    }

    /// `name` in the folder, without a leading `./`, so that messages name files as people type them.
    fn path(&self, name: &str) -> PathBuf {
        self.data_dir.strip_prefix(".").unwrap_or(&self.data_dir).join(name)
    }

    /// The key in the environment; `None` when the variable is unset or empty.
    pub fn key_from_env(&self) -> Option<Result<VapidKey, LocalError>> {
        let text = self.vapid_private_key.as_deref().filter(|text| !text.is_empty())?;
        Some(keys::from_env(text, self.subject.clone()))
    }
}

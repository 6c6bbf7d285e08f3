//! How many subscriptions are stored and which is the newest, remembered until the file changes: a page asks for that at each load.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use super::ownership::identity;
use crate::push::Subscription;

/// Two changes within this may leave the same time in the file: systems count it in steps of up to 10 ms.
const TIME_STEP: Duration = Duration::from_millis(20);

/// How many usable subscriptions are stored, and the newest of them.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// How many; lines that are not a valid subscription do not count.
    pub stored: usize,
    /// The last one in the file.
    pub newest: Option<Subscription>,
}

impl Overview {
    /// Counts one more, newer than the others.
    pub(super) fn count(&mut self, subscription: Subscription) {
        self.stored += 1;
        self.newest = Some(subscription);
    }
}

/// The overview of the file when it was last read or written.
#[derive(Debug, Default)]
pub(super) struct Remembered(Option<(Version, Overview)>);

/// What differs between a file before and after a change: device and inode, length, modification time.
type Version = ((u64, u64), u64, SystemTime);

impl Remembered {
    /// The overview, if `file` is still the file that was read or written.
    pub(super) fn get(&self, file: &Metadata) -> Option<&Overview> {
        let (remembered, overview) = self.0.as_ref()?;
        (version(file)? == *remembered).then_some(overview)
    }

    /// Remembers what was read, unless a later change might go unnoticed. `file` is the metadata from before reading.
    pub(super) fn set_read(&mut self, file: &Metadata, overview: Overview) {
        let age = file.modified().ok().and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > TIME_STEP) {
            self.set_written(file, overview);
        }
    }

    /// Remembers what was written under the lock.
    pub(super) fn set_written(&mut self, file: &Metadata, overview: Overview) {
        self.0 = version(file).map(|version| (version, overview));
    }
}

/// `None` for a pipe or a device, whose contents change without any of this.
fn version(file: &Metadata) -> Option<Version> {
    let modified = file.modified().ok().filter(|_| file.is_file())?;
    Some((identity(file), file.len(), modified))
}

//! subscription.txt: one subscription a line, newest last; read by both programs, changed under a lock, never half-written.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;
use parking_lot::{FairMutex, Mutex};

use super::overview::Remembered;
use super::rewrite::{Rewrite, look_at};
use super::{Entries, LocalError, Overview, StoreError};
use crate::push::{Endpoint, Subscription};

/// The file of subscriptions and, beside it, its lock (`.lock`) and the subscriptions that no longer exist (`.gone`).
#[derive(Debug)]
pub struct Store {
    pub(super) path: PathBuf,
    /// Held while this process changes the file.
    pub(super) changes: FairMutex<()>,
    overview: Mutex<Remembered>,
}

/// The result of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// How many stored subscriptions were replaced, removed or moved.
    pub found: usize,
    /// How many usable subscriptions are stored now.
    pub stored: usize,
}

impl Store {
    /// The store at `path`; nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>) -> Store {
        Store { path: path.into(), changes: FairMutex::default(), overview: Mutex::default() }
    }

    /// As given to [`Store::new`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where subscriptions that no longer exist are kept.
    pub fn gone_path(&self) -> PathBuf {
        self.beside(".gone")
    }

    /// The file's neighbour: its path with `ending` after it.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }

    /// The file's entries, in order, read as they are asked for; `None` when the file does not exist: nobody has subscribed. No lock:
    /// a change is a rename, so a reader sees the file before it or after it.
    ///
    /// # Errors
    /// When the file cannot be read; the iterator's too.
    pub fn read(&self) -> Result<Option<Entries>, LocalError> {
        Ok(self.open()?.map(|file| Entries::new(file, &self.path)))
    }

    /// The opened file, for [`Entries::new`] with a reader of the caller's around it; `None` when the file does not exist.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(&self) -> Result<Option<File>, LocalError> {
        match File::open(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            file => file.map(Some).map_err(LocalError::cannot_read(&self.path)),
        }
    }

    /// How many are stored, and the newest; none when the file does not exist. The file is read only when it has changed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn overview(&self) -> Result<Overview, LocalError> {
        let Some(file) = self.open()? else {
            return Ok(Overview::default());
        };
        let metadata = file.metadata().map_err(LocalError::cannot_read(&self.path))?;
        // Held while reading, so that those who ask meanwhile wait and do not read the same.
        let mut remembered = self.overview.lock();
        if let Some(overview) = remembered.get(&metadata) {
            return Ok(overview.clone());
        }
        let mut overview = Overview::default();
        for entry in Entries::new(file, &self.path) {
            entry?.subscription().into_iter().for_each(|subscription| overview.count(subscription));
        }
        remembered.set_read(&metadata, overview.clone());
        Ok(overview)
    }

    /// The stored subscription with `endpoint`, as a whole URI.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find(&self, endpoint: &str) -> Result<Option<Subscription>, LocalError> {
        for entry in self.read()?.into_iter().flatten() {
            if let Ok(subscription) = entry?.subscription()
                && subscription.endpoint().as_str() == endpoint
            {
                return Ok(Some(subscription));
            }
        }
        Ok(None)
    }

    /// Stores `subscription` as the newest. An entry with the same endpoint is replaced by it: [`Change::found`] is then 1.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was.
    pub fn add(&self, subscription: &Subscription) -> Result<Change, StoreError> {
        let _lock = self.lock()?;
        let mut list = Rewrite::begin(&self.path, None)?;
        let endpoint = subscription.endpoint();
        // While the number is remembered, only entries that may hold this endpoint need be parsed.
        let before = list.old.as_ref().and_then(|(_, old)| Some(self.overview.lock().get(old)?.stored));
        let finder = Finder::new(endpoint.as_str());
        let must_parse = |text: &[u8]| before.is_none() || finder.find(text).is_some() || text.contains(&b'\\');
        let (found, kept) = list.copy(|other| other == endpoint, must_parse, None)?;
        list.write_line(subscription.json().as_bytes())?;
        let stored = before.map_or(kept.stored, |before| before.saturating_sub(found)) + 1;
        self.commit(list, Overview { stored, newest: Some(subscription.clone()) })?;
        Ok(Change { found, stored })
    }

    /// Removes the subscription with `endpoint`, as a whole URI.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was.
    pub fn remove(&self, endpoint: &str) -> Result<Change, StoreError> {
        let _lock = self.lock()?;
        self.remove_where(|other| other.as_str() == endpoint, None)
    }

    /// Moves subscriptions that a push service no longer knows (404, 410) to the file's neighbour `.gone`. Nothing is
    /// thrown away, because a push service may err. A browser that subscribed again meanwhile has another endpoint, which stays.
    ///
    /// # Errors
    /// [`StoreError`]; no line is lost then, though one may stand in both files.
    pub fn move_to_gone(&self, is_gone: impl Fn(&Endpoint) -> bool) -> Result<Change, StoreError> {
        let _lock = self.lock()?;
        let mut gone = Rewrite::begin(&self.gone_path(), look_at(&self.path)?.as_ref())?;
        gone.copy_all()?;
        self.remove_where(is_gone, Some(gone))
    }

    fn remove_where(
        &self,
        is_removed: impl Fn(&Endpoint) -> bool,
        mut gone: Option<Rewrite>,
    ) -> Result<Change, StoreError> {
        let mut list = Rewrite::begin(&self.path, None)?;
        let (found, kept) = list.copy(is_removed, |_| true, gone.as_mut())?;
        let stored = kept.stored;
        if found > 0 {
            // First written there, then removed here: a crash between leaves a line twice, never nowhere.
            gone.map(Rewrite::commit).transpose()?;
            self.commit(list, kept)?;
        }
        Ok(Change { found, stored })
    }

    fn commit(&self, rewrite: Rewrite, overview: Overview) -> Result<(), LocalError> {
        let metadata = rewrite.commit()?;
        self.overview.lock().set_written(&metadata, overview);
        Ok(())
    }
}

//! For tests: files of which one moves at the worst moment, as those of a store that runs can.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use treering_persist::{Entry, LockError, OsStorage, Replace, Storage, StorageFile};

/// The machine's own files, to be looked at. Something happens once: before the first file is opened, or when the
/// first bytes were read.
pub(crate) struct Moving {
    storage: OsStorage,
    when: When,
    act: Once,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    BeforeOpen,
    AfterRead,
}

type Once = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

struct MovingFile {
    file: Arc<dyn StorageFile>,
    act: Option<Once>,
}

impl Moving {
    pub(crate) fn new(when: When, act: impl FnOnce() + Send + 'static) -> Moving {
        Moving { storage: OsStorage::new(), when, act: Arc::new(Mutex::new(Some(Box::new(act)))) }
    }

    /// Whether it has happened.
    pub(crate) fn has_moved(&self) -> bool {
        self.act.lock().unwrap().is_none()
    }
}

fn act(once: &Once) {
    if let Some(act) = once.lock().unwrap().take() {
        act();
    }
}

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Storage for Moving {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        if self.when == When::BeforeOpen {
            act(&self.act);
        }
        let file = self.storage.open(path)?;
        let act = (self.when == When::AfterRead).then(|| Arc::clone(&self.act));
        Ok(Arc::new(MovingFile { file, act }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.storage.list(dir)
    }

    fn create(&self, _: &Path) -> io::Result<Arc<dyn StorageFile>> {
        unsupported()
    }

    fn rename(&self, _: &Path, _: &Path, _: Replace) -> io::Result<()> {
        unsupported()
    }

    fn unlink(&self, _: &Path) -> io::Result<()> {
        unsupported()
    }

    fn make_dir(&self, _: &Path) -> io::Result<()> {
        unsupported()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        unsupported()
    }

    fn sync_file_system(&self, _: &Path) -> io::Result<()> {
        unsupported()
    }

    fn file_system(&self, _: &Path) -> io::Result<u64> {
        unsupported()
    }

    fn lock(&self, _: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        unsupported().map_err(LockError::Io)
    }

    fn raise_descriptor_limit(&self) -> io::Result<u64> {
        unsupported()
    }

    fn wall_s(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

impl StorageFile for MovingFile {
    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(offset_bytes, out)?;
        if let Some(once) = &self.act {
            act(once);
        }
        Ok(count)
    }

    fn len_bytes(&self) -> io::Result<u64> {
        self.file.len_bytes()
    }

    fn append(&self, _: &[u8]) -> io::Result<usize> {
        unsupported()
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        unsupported()
    }

    fn sync(&self) -> io::Result<()> {
        unsupported()
    }
}

//! The machine's file system without some of its costs, so that a row measures what it names.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use treering_persist::{Entry, LockError, OsStorage, Replace, Storage, StorageFile};

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// Nothing.
    Nothing,
    /// Syncs: the page cache takes everything, and nothing waits for the disk.
    Syncs,
    /// Syncs, and what is appended to a log goes nowhere.
    Logs,
}

/// [`OsStorage`], less what [`Without`] says.
pub struct BenchStorage {
    os: OsStorage,
    without: Without,
}

struct BenchFile {
    file: Arc<dyn StorageFile>,
    is_log: bool,
}

impl BenchStorage {
    /// The machine's files without this.
    #[must_use]
    pub fn new(without: Without) -> Self {
        Self { os: OsStorage::new(), without }
    }

    fn wrap(&self, path: &Path, file: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        if self.without == Without::Nothing {
            return file;
        }
        let is_log = self.without == Without::Logs && path.extension().is_some_and(|end| end == "wal");
        Arc::new(BenchFile { file, is_log })
    }
}

impl Storage for BenchStorage {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.wrap(path, self.os.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.wrap(path, self.os.create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
        self.os.rename(from, to, replace)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.os.unlink(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.os.list(dir)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.os.make_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        if self.without == Without::Nothing { self.os.sync_dir(dir) } else { Ok(()) }
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        if self.without == Without::Nothing { self.os.sync_file_system(dir) } else { Ok(()) }
    }

    fn file_system(&self, dir: &Path) -> io::Result<u64> {
        self.os.file_system(dir)
    }

    fn lock(&self, root: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        self.os.lock(root)
    }

    fn raise_descriptor_limit(&self) -> io::Result<u64> {
        self.os.raise_descriptor_limit()
    }

    fn wall_s(&self) -> i64 {
        self.os.wall_s()
    }

    fn monotonic(&self) -> Duration {
        self.os.monotonic()
    }
}

impl StorageFile for BenchFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_log { Ok(bytes.len()) } else { self.file.append(bytes) }
    }

    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset_bytes, out)
    }

    fn len_bytes(&self) -> io::Result<u64> {
        self.file.len_bytes()
    }

    fn data_from(&self, offset_bytes: u64) -> u64 {
        self.file.data_from(offset_bytes)
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        self.file.truncate(len_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

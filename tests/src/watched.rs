//! A storage that tells somebody of each operation before it is done.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use treering_persist::{Entry, LockError, Replace, Storage, StorageFile};

use crate::simdisk::{Operation, SimDisk};

type Watcher = dyn Fn(Operation, &str) + Send + Sync;

/// A disk whose operations that change something are announced, with the path that they are about.
///
/// The watcher runs on the thread that operates, and may use the disk itself.
#[derive(Clone)]
pub struct WatchedDisk {
    disk: SimDisk,
    watcher: Arc<Watcher>,
}

struct WatchedFile {
    file: Arc<dyn StorageFile>,
    path: String,
    watcher: Arc<Watcher>,
}

impl WatchedDisk {
    /// Announces what is done to `disk` by way of this.
    pub fn new(disk: &SimDisk, watcher: impl Fn(Operation, &str) + Send + Sync + 'static) -> WatchedDisk {
        WatchedDisk { disk: disk.clone(), watcher: Arc::new(watcher) }
    }

    fn tell(&self, operation: Operation, path: &Path) {
        (self.watcher)(operation, &path.display().to_string());
    }

    fn watch(&self, file: Arc<dyn StorageFile>, path: &Path) -> Arc<dyn StorageFile> {
        let path = path.display().to_string();
        Arc::new(WatchedFile { file, path, watcher: Arc::clone(&self.watcher) })
    }
}

impl Storage for WatchedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.watch(self.disk.open(path)?, path))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.tell(Operation::Create, path);
        Ok(self.watch(self.disk.create(path)?, path))
    }

    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
        self.tell(Operation::Rename, from);
        self.disk.rename(from, to, replace)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.tell(Operation::Unlink, path);
        self.disk.unlink(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.disk.list(dir)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.tell(Operation::MakeDir, dir);
        self.disk.make_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.tell(Operation::SyncDir, dir);
        self.disk.sync_dir(dir)
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        self.tell(Operation::SyncFileSystem, dir);
        self.disk.sync_file_system(dir)
    }

    fn file_system(&self, dir: &Path) -> io::Result<u64> {
        self.disk.file_system(dir)
    }

    fn lock(&self, root: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        self.disk.lock(root)
    }

    fn raise_descriptor_limit(&self) -> io::Result<u64> {
        self.disk.raise_descriptor_limit()
    }

    fn wall_s(&self) -> i64 {
        self.disk.wall_s()
    }

    fn monotonic(&self) -> Duration {
        self.disk.monotonic()
    }
}

impl StorageFile for WatchedFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        (self.watcher)(Operation::Append, &self.path);
        self.file.append(bytes)
    }

    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset_bytes, out)
    }

    fn len_bytes(&self) -> io::Result<u64> {
        self.file.len_bytes()
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        (self.watcher)(Operation::Truncate, &self.path);
        self.file.truncate(len_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        (self.watcher)(Operation::Sync, &self.path);
        self.file.sync()
    }
}

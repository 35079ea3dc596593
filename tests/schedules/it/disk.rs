//! The simulated disk with a point before each operation, at which another thread may go on.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use shuttle::sync::atomic::{AtomicU64, Ordering};
use treering_persist::{Entry, LockError, Replace, Storage, StorageFile};
use treering_tests::SimDisk;

/// The disk of a store in a schedule. Its own lock is a real one: nobody is stopped while he holds it.
pub(crate) struct SteppedDisk {
    disk: SimDisk,
    point: Arc<Point>,
}

struct SteppedFile {
    file: Arc<dyn StorageFile>,
    point: Arc<Point>,
}

/// An atomic of shuttle's: each use of it is a point of the schedule.
#[derive(Default)]
struct Point(AtomicU64);

impl SteppedDisk {
    pub(crate) fn new(disk: SimDisk) -> SteppedDisk {
        SteppedDisk { disk, point: Arc::default() }
    }

    fn stepped(&self, file: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        Arc::new(SteppedFile { file, point: Arc::clone(&self.point) })
    }
}

impl Point {
    fn pass(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Storage for SteppedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.point.pass();
        self.disk.open(path).map(|file| self.stepped(file))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.point.pass();
        self.disk.create(path).map(|file| self.stepped(file))
    }

    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
        self.point.pass();
        self.disk.rename(from, to, replace)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.point.pass();
        self.disk.unlink(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.point.pass();
        self.disk.list(dir)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.point.pass();
        self.disk.make_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.point.pass();
        self.disk.sync_dir(dir)
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        self.point.pass();
        self.disk.sync_file_system(dir)
    }

    fn file_system(&self, dir: &Path) -> io::Result<u64> {
        self.disk.file_system(dir)
    }

    fn lock(&self, root: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        self.point.pass();
        Storage::lock(&self.disk, root)
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

impl StorageFile for SteppedFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        self.point.pass();
        self.file.append(bytes)
    }

    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
        self.point.pass();
        self.file.read_at(offset_bytes, out)
    }

    fn len_bytes(&self) -> io::Result<u64> {
        self.point.pass();
        self.file.len_bytes()
    }

    fn data_from(&self, offset_bytes: u64) -> u64 {
        self.file.data_from(offset_bytes)
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        self.point.pass();
        self.file.truncate(len_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.point.pass();
        self.file.sync()
    }
}

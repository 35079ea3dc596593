//! A mounted file system as the disk of a store: its files, and clocks that obey.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{Advice, fadvise};
use treering_persist::{Entry, LockError, OsStorage, Replace, Storage, StorageFile};
use treering_tests::{Disk, Found, SplitMix64};

use crate::server::ServedDisk;

/// Which syncs reach the file system. The others do nothing and say that all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syncs {
    pub(crate) files: bool,
    pub(crate) directories: bool,
}

/// How the system treats a run that is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub(crate) syncs: Syncs,
    /// Whether it is asked now and then to write data to the disk that nobody syncs, as it does by itself when they are
    /// half a minute old or memory is short.
    pub(crate) writes_back: bool,
}

/// An operation that changes something, and which requests the disk had seen when it began and when it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Its name, with what tells it from others: paths, or how many bytes; and the error, if it failed.
    pub(crate) what: String,
    pub(crate) begin: usize,
    pub(crate) end: usize,
}

/// A clone is the same disk.
#[derive(Clone)]
pub(crate) struct MountedDisk {
    shared: Arc<Shared>,
}

struct Shared {
    mount_point: PathBuf,
    storage: OsStorage,
    syncs: Syncs,
    begin_s: i64,
    clock: Mutex<Duration>,
    /// Where requests are logged, if they are.
    log: Option<Arc<ServedDisk>>,
    operations: Mutex<Vec<Operation>>,
    /// When data are written that nobody syncs.
    write_back: Option<Mutex<SplitMix64>>,
}

struct MountedFile {
    file: Arc<dyn StorageFile>,
    shared: Arc<Shared>,
}

impl Syncs {
    pub(crate) const ALL: Syncs = Syncs { files: true, directories: true };
}

impl MountedDisk {
    /// What is mounted there, when the wall clock says this.
    pub(crate) fn new(mount_point: &Path, begin_s: i64) -> MountedDisk {
        MountedDisk { shared: Arc::new(Shared::new(mount_point, begin_s)) }
    }

    /// The same for a run that is recorded.
    pub(crate) fn recorded(
        mount_point: &Path,
        begin_s: i64,
        kernel: Kernel,
        log: &Arc<ServedDisk>,
    ) -> MountedDisk {
        let write_back = kernel.writes_back.then(|| Mutex::new(SplitMix64::new(0)));
        let (syncs, log) = (kernel.syncs, Some(Arc::clone(log)));
        let shared = Shared { syncs, log, write_back, ..Shared::new(mount_point, begin_s) };
        MountedDisk { shared: Arc::new(shared) }
    }

    /// What was done so far that changes something.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        lock(&self.shared.operations).clone()
    }

    fn place(&self, path: &Path) -> PathBuf {
        self.shared.place(path)
    }

    fn file(&self, file: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        Arc::new(MountedFile { file, shared: Arc::clone(&self.shared) })
    }
}

impl Shared {
    fn new(mount_point: &Path, begin_s: i64) -> Shared {
        Shared {
            mount_point: mount_point.to_path_buf(),
            storage: OsStorage::new(),
            syncs: Syncs::ALL,
            begin_s,
            clock: Mutex::new(Duration::ZERO),
            log: None,
            operations: Mutex::new(Vec::new()),
            write_back: None,
        }
    }

    fn place(&self, path: &Path) -> PathBuf {
        self.mount_point.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn walk(&self, dir: &Path, found: &mut BTreeMap<PathBuf, Found>) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = entry.path();
            let below = path.strip_prefix(&self.mount_point).unwrap_or(&path);
            let what = match kind {
                kind if kind.is_dir() => Found::Directory,
                kind if kind.is_file() => Found::File(entry.metadata()?.len()),
                _ => Found::Other,
            };
            found.insert(Path::new("/").join(below), what);
            if kind.is_dir() {
                self.walk(&path, found)?;
            }
        }
        Ok(())
    }

    /// The data of any half of the files begin to be written. Nothing waits for that, and nothing is flushed.
    fn write_back(&self, random: &mut SplitMix64) -> io::Result<()> {
        let mut found = BTreeMap::new();
        self.walk(&self.mount_point.join("var"), &mut found)?;
        for (path, what) in found {
            if matches!(what, Found::File(_)) && random.below(2) == 0 {
                fadvise(&fs::File::open(self.place(&path))?, 0, None, Advice::DontNeed)?;
            }
        }
        Ok(())
    }

    fn note<T>(&self, what: String, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let position = || self.log.as_ref().map_or(0, |disk| disk.position());
        let begin = position();
        let result = run();
        let what = match &result {
            Ok(_) => what,
            Err(error) => format!("{what}: {:?}", error.kind()),
        };
        lock(&self.operations).push(Operation { what, begin, end: position() });
        if let Some(random) = &self.write_back {
            let mut random = lock(random);
            if random.below(4) == 0 {
                // Before the first directory there is nothing to write.
                let _ = self.write_back(&mut random);
            }
        }
        result
    }
}

impl Storage for MountedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.file(self.shared.storage.open(&self.place(path))?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let create = || self.shared.storage.create(&self.place(path));
        Ok(self.file(self.shared.note(format!("create {}", path.display()), create)?))
    }

    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
        let rename = || self.shared.storage.rename(&self.place(from), &self.place(to), replace);
        self.shared.note(format!("rename {} -> {}", from.display(), to.display()), rename)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        let unlink = || self.shared.storage.unlink(&self.place(path));
        self.shared.note(format!("unlink {}", path.display()), unlink)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.shared.storage.list(&self.place(dir))
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        let make = || self.shared.storage.make_dir(&self.place(dir));
        self.shared.note(format!("make_dir {}", dir.display()), make)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let sync = || match self.shared.syncs.directories {
            true => self.shared.storage.sync_dir(&self.place(dir)),
            false => Ok(()),
        };
        self.shared.note(format!("sync_dir {}", dir.display()), sync)
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        let sync = || match self.shared.syncs {
            Syncs::ALL => self.shared.storage.sync_file_system(&self.place(dir)),
            _ => Ok(()),
        };
        self.shared.note(format!("sync_file_system {}", dir.display()), sync)
    }

    fn file_system(&self, dir: &Path) -> io::Result<u64> {
        self.shared.storage.file_system(&self.place(dir))
    }

    fn lock(&self, root: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        self.shared.storage.lock(&self.place(root))
    }

    fn raise_descriptor_limit(&self) -> io::Result<u64> {
        self.shared.storage.raise_descriptor_limit()
    }

    fn wall_s(&self) -> i64 {
        let passed_s = i64::try_from(self.monotonic().as_secs()).unwrap_or(i64::MAX);
        self.shared.begin_s.saturating_add(passed_s)
    }

    fn monotonic(&self) -> Duration {
        *lock(&self.shared.clock)
    }
}

impl StorageFile for MountedFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        self.shared.note(format!("append {}", bytes.len()), || self.file.append(bytes))
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
        self.shared.note(format!("truncate {len_bytes}"), || self.file.truncate(len_bytes))
    }

    fn sync(&self) -> io::Result<()> {
        let sync = || if self.shared.syncs.files { self.file.sync() } else { Ok(()) };
        self.shared.note("sync".to_owned(), sync)
    }
}

impl Disk for MountedDisk {
    fn advance(&self, time: Duration) {
        *lock(&self.shared.clock) += time;
    }

    fn died(&self) -> bool {
        false
    }

    fn tree(&self) -> BTreeMap<PathBuf, Found> {
        let mut found = BTreeMap::new();
        if self.shared.walk(&self.shared.mount_point, &mut found).is_err() {
            // Where a clean stop leaves nothing like it, so that it is seen.
            found.insert(Path::new(treering_tests::ROOT).join("cannot be listed"), Found::Other);
        }
        found
    }

    fn content(&self, path: &Path) -> Option<Vec<u8>> {
        fs::read(self.place(path)).ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lie_below_the_mount_point_and_the_clocks_obey() {
        let dir = tempfile::tempdir().unwrap();
        let disk = MountedDisk::new(dir.path(), 1000);
        disk.make_dir(Path::new("/var")).unwrap();
        disk.create(Path::new("/var/a")).unwrap().append(b"abc").unwrap();
        assert_eq!(fs::read(dir.path().join("var/a")).unwrap(), b"abc");
        assert_eq!(disk.content(Path::new("/var/a")).unwrap(), b"abc");
        let tree: Vec<_> = disk.tree().into_iter().collect();
        assert_eq!(tree, [("/var".into(), Found::Directory), ("/var/a".into(), Found::File(3))]);
        let whats: Vec<_> = disk.operations().into_iter().map(|operation| operation.what).collect();
        assert_eq!(whats, ["make_dir /var", "create /var/a", "append 3"]);
        disk.advance(Duration::from_secs(7));
        assert_eq!((disk.wall_s(), disk.monotonic()), (1007, Duration::from_secs(7)));
    }
}

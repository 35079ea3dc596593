//! The real file system, over std and rustix.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{CWD, OFlags, RenameFlags};

use crate::planted::planted;

use super::{Entry, EntryKind, LockError, Replace, Storage, StorageFile};

/// Files and directories are made with these modes, as the reference makes them.
const FILE_MODE: u32 = 0o644;
const DIR_MODE: u32 = 0o755;

/// The file system and the clocks of this machine.
#[derive(Debug)]
pub struct OsStorage {
    started: Instant,
    syncs_file_systems: bool,
    /// The roots that are locked; the lock's holder keeps each open. A descriptor reports the errors since it was opened,
    /// so one that is opened for each sync would miss what another one was told.
    roots: Mutex<HashMap<PathBuf, Weak<File>>>,
}

#[derive(Debug)]
struct OsFile(File);

impl OsStorage {
    /// The machine that this runs on.
    #[must_use]
    pub fn new() -> OsStorage {
        OsStorage {
            started: Instant::now(),
            syncs_file_systems: file_system_sync_reports_errors(),
            roots: Mutex::new(HashMap::new()),
        }
    }

    fn roots(&self) -> MutexGuard<'_, HashMap<PathBuf, Weak<File>>> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The descriptor of a root that is locked.
    fn locked_root(&self, root: &Path) -> Option<Arc<File>> {
        self.roots().get(root)?.upgrade()
    }
}

impl Default for OsStorage {
    fn default() -> Self {
        OsStorage::new()
    }
}

impl Storage for OsStorage {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = OpenOptions::new().read(true).custom_flags(flag_bits(flags)).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Arc::new(OsFile(file)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = OpenOptions::new().append(true).read(true).create_new(true).mode(FILE_MODE).open(path)?;
        Ok(Arc::new(OsFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
        match replace {
            Replace::Yes => fs::rename(from, to),
            Replace::No => rename_noreplace(from, to),
        }
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        fs::read_dir(dir)?
            .map(|entry| {
                let entry = entry?;
                let kind = match entry.file_type()? {
                    kind if kind.is_file() => EntryKind::File,
                    kind if kind.is_dir() => EntryKind::Directory,
                    _ => EntryKind::Other,
                };
                Ok(Entry { name: entry.file_name(), kind })
            })
            .collect()
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(DIR_MODE).create(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        open_dir(dir)?.sync_all()
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        if !self.syncs_file_systems {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let dir = match self.locked_root(dir) {
            Some(root) => root,
            None => Arc::new(open_dir(dir)?),
        };
        if !magic_of(&dir).is_some_and(sync_reports_errors_of) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        sync_file_system_of(&dir)
    }

    fn file_system(&self, dir: &Path) -> io::Result<u64> {
        Ok(fs::symlink_metadata(dir)?.dev())
    }

    fn lock(&self, root: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        let dir = open_dir(root)?;
        let locked = if planted("lock-is-shared") { dir.try_lock_shared() } else { dir.try_lock() };
        match locked {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(LockError::Held { holder: lock_holder(&dir) });
            }
            Err(fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let (locked, named) = (dir.metadata()?, fs::metadata(root)?);
        if (locked.dev(), locked.ino()) != (named.dev(), named.ino()) && !planted("replaced-root-is-locked") {
            return Err(LockError::Replaced);
        }
        if let Some(name) = network_file_system(&dir) {
            tracing::warn!(
                root = %root.display(),
                file_system = name,
                "a network file system may not honour locks and syncs: keep the store on a local disk"
            );
        }
        // Not a second descriptor of the same lock: that one would hold it after the store is gone.
        let dir = Arc::new(dir);
        let mut roots = self.roots();
        roots.retain(|_, root| root.strong_count() > 0);
        roots.insert(root.to_path_buf(), Arc::downgrade(&dir));
        Ok(Box::new(dir))
    }

    fn raise_descriptor_limit(&self) -> io::Result<u64> {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
        Ok(limit.maximum.unwrap_or(u64::MAX))
    }

    fn wall_s(&self) -> i64 {
        match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
        }
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

impl StorageFile for OsFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(out, offset_bytes)
    }

    fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    /// Reading and appending do not go by the place where a descriptor stands, so that moving it changes nothing.
    #[cfg(target_os = "linux")]
    fn data_from(&self, offset_bytes: u64) -> u64 {
        match rustix::fs::seek(&self.0, rustix::fs::SeekFrom::Data(offset_bytes)) {
            Ok(at) => at,
            Err(rustix::io::Errno::NXIO) => u64::MAX,
            Err(_) => offset_bytes,
        }
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        self.0.set_len(len_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

fn flag_bits(flags: OFlags) -> i32 {
    i32::from_ne_bytes(flags.bits().to_ne_bytes())
}

fn open_dir(dir: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(flag_bits(OFlags::DIRECTORY)).open(dir)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_noreplace(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems do not know the flag. A hard link refuses an existing name, too.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        result => Ok(result?),
    }
}

/// Since Linux 5.8 `syncfs` reports that data could not be written, since 5.17 also that the file system's own sync
/// failed; before, it answered OK whatever happened.
#[cfg(target_os = "linux")]
fn file_system_sync_reports_errors() -> bool {
    rustix::system::uname().release().to_str().is_ok_and(release_reports_errors)
}

#[cfg(target_os = "linux")]
fn release_reports_errors(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5, 17),
        _ => false,
    }
}

/// Whether a sync of a file system of this kind makes its files durable, or says that it did not. An overlay is not told what
/// became of the data below it, and a program that serves one by FUSE is not asked to sync at all.
#[cfg(target_os = "linux")]
fn sync_reports_errors_of(magic: u64) -> bool {
    const EXT4: u64 = 0xef53;
    const XFS: u64 = 0x5846_5342;
    const BTRFS: u64 = 0x9123_683e;
    [EXT4, XFS, BTRFS].contains(&magic)
}

#[cfg(not(target_os = "linux"))]
fn sync_reports_errors_of(_magic: u64) -> bool {
    false
}

/// The number of the file system's kind.
#[cfg(target_os = "linux")]
fn magic_of(dir: &File) -> Option<u64> {
    u64::try_from(rustix::fs::fstatfs(dir).ok()?.f_type).ok()
}

#[cfg(not(target_os = "linux"))]
fn magic_of(_dir: &File) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn file_system_sync_reports_errors() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn sync_file_system_of(dir: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(dir)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system_of(_dir: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The process that holds a lock on this directory, as the kernel's list of locks tells.
#[cfg(target_os = "linux")]
fn lock_holder(dir: &File) -> Option<String> {
    let inode = dir.metadata().ok()?.ino();
    let locks = procfs::locks().ok()?;
    let pid = locks.into_iter().find(|lock| lock.inode == inode)?.pid?;
    let name = procfs::process::Process::new(pid).and_then(|process| process.stat());
    Some(name.map_or_else(|_| format!("process {pid}"), |stat| format!("process {pid} ({})", stat.comm)))
}

#[cfg(not(target_os = "linux"))]
fn lock_holder(_dir: &File) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
fn network_file_system(dir: &File) -> Option<&'static str> {
    const KNOWN: [(u64, &str); 5] = [
        (0x6969, "nfs"),
        (0xff53_4d42, "cifs"),
        (0xfe53_4d42, "smb2"),
        (0x0102_1997, "9p"),
        (0x0bd0_0bd0, "lustre"),
    ];
    let found = magic_of(dir)?;
    KNOWN.iter().find(|(magic, _)| *magic == found).map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn network_file_system(_dir: &File) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_of_a_storage_ends_with_its_holder_not_with_the_storage() {
        let dir = tempfile::tempdir().unwrap();
        let storage = OsStorage::new();
        let lock = storage.lock(dir.path()).unwrap();
        assert!(matches!(storage.lock(dir.path()), Err(LockError::Held { .. })));
        drop(lock);
        drop(storage.lock(dir.path()).unwrap());
        assert_eq!(storage.roots().len(), 1);
    }

    #[test]
    fn file_system_is_synced_by_the_descriptor_of_its_own_root() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let storage = OsStorage::new();
        let locks = [one.path(), other.path()].map(|root| storage.lock(root).unwrap());
        for root in [one.path(), other.path()] {
            let synced = storage.locked_root(root).unwrap().metadata().unwrap();
            assert_eq!(synced.ino(), fs::metadata(root).unwrap().ino());
        }
        drop(locks);
        assert!(storage.locked_root(one.path()).is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_sync_counts_where_kernel_and_file_system_are_known_to_report_errors() {
        let releases = ["4.18.0", "5.8.1", "5.16.20", "5.17.0-rc4", "6.1.0-18-amd64", "10.0", "", "x"];
        assert_eq!(
            releases.map(release_reports_errors),
            [false, false, false, true, true, true, false, false]
        );
        let (overlay, fuse, tmpfs, nfs) = (0x794c_7630, 0x6573_5546, 0x0102_1994, 0x6969);
        let magics = [0xef53, 0x5846_5342, 0x9123_683e, overlay, fuse, tmpfs, nfs];
        assert_eq!(magics.map(sync_reports_errors_of), [true, true, true, false, false, false, false]);
    }

    #[test]
    fn what_was_never_written_is_known_to_be_zero() {
        let dir = tempfile::tempdir().unwrap();
        let storage = OsStorage::new();
        let path = dir.path().join("sparse");
        storage.create(&path).unwrap().append(b"begin").unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
        let file = storage.open(&path).unwrap();
        assert_eq!(file.data_from(3), 3);
        // Where a file system knows nothing of it, everything may have been written.
        let beyond = file.data_from(1 << 29);
        assert!(beyond == 1 << 29 || beyond >= 1 << 30, "{beyond}");
        let mut bytes = [1; 4];
        assert_eq!((file.read_at(3, &mut bytes).unwrap(), bytes), (4, *b"in\0\0"));
    }
}

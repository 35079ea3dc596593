//! The least storage that a store runs on: files in memory, nothing that fails, clocks that stand still.
//!
//! [`SimDisk`](crate::SimDisk) keeps what a power cut would leave, which is most of its work; a target needs none of it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use treering_persist::{Entry, EntryKind, LockError, Replace, Storage, StorageFile};

/// Any file system has one number.
const FILE_SYSTEM: u64 = 1;
/// Nothing counts the open files.
const DESCRIPTORS_MAX: u64 = 1 << 20;

type Bytes = Arc<Mutex<Vec<u8>>>;

#[derive(Clone, Debug)]
enum Node {
    File(Bytes),
    Directory,
    Other,
}

/// Files in memory. Clones are the same files.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// By the whole path, whose bytes are the order.
    nodes: Arc<Mutex<BTreeMap<OsString, Node>>>,
    wall_s: i64,
}

struct MemoryFile(Bytes);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// An empty root directory, at this time.
    pub(super) fn new(wall_s: i64) -> Self {
        let nodes = BTreeMap::from([(OsString::from("/"), Node::Directory)]);
        Self { nodes: Arc::new(Mutex::new(nodes)), wall_s }
    }

    /// Puts a file somewhere unless something lies there, and makes the directories above it. Nothing happens if one
    /// of these is a file.
    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        self.place(path, Node::File(Arc::new(Mutex::new(bytes.to_vec()))));
    }

    /// The same for a directory.
    pub(super) fn put_dir(&self, path: &Path) {
        self.place(path, Node::Directory);
    }

    /// The same for what is neither: a link, pipe or device.
    pub(super) fn put_other(&self, path: &Path) {
        self.place(path, Node::Other);
    }

    /// Whether something lies there that is no file.
    pub(super) fn is_obstructed(&self, path: &Path) -> bool {
        matches!(locked(&self.nodes).get(path.as_os_str()), Some(Node::Directory | Node::Other))
    }

    /// Whether something lies there that is no directory.
    pub(super) fn is_no_directory(&self, path: &Path) -> bool {
        matches!(locked(&self.nodes).get(path.as_os_str()), Some(Node::File(_) | Node::Other))
    }

    fn place(&self, path: &Path, node: Node) {
        let mut nodes = locked(&self.nodes);
        for above in path.ancestors().skip(1) {
            match nodes.get(above.as_os_str()) {
                Some(Node::Directory) => break,
                Some(_) => return,
                None => {}
            }
        }
        for above in path.ancestors().skip(1) {
            nodes.entry(above.into()).or_insert(Node::Directory);
        }
        nodes.entry(path.into()).or_insert(node);
    }

    fn add(&self, path: &Path, node: Node) -> io::Result<()> {
        let mut nodes = locked(&self.nodes);
        let parent = path.parent().unwrap_or(Path::new("/"));
        match nodes.get(parent.as_os_str()) {
            Some(Node::Directory) => {}
            Some(_) => return Err(ErrorKind::NotADirectory.into()),
            None => return Err(ErrorKind::NotFound.into()),
        }
        if nodes.contains_key(path.as_os_str()) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        nodes.insert(path.into(), node);
        Ok(())
    }

    fn is_dir(&self, dir: &Path) -> io::Result<()> {
        match locked(&self.nodes).get(dir.as_os_str()) {
            Some(Node::Directory) => Ok(()),
            Some(_) => Err(ErrorKind::NotADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }
}

impl Storage for Memory {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        match locked(&self.nodes).get(path.as_os_str()) {
            Some(Node::File(bytes)) => Ok(Arc::new(MemoryFile(Arc::clone(bytes)))),
            Some(_) => Err(ErrorKind::InvalidInput.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let bytes = Bytes::default();
        self.add(path, Node::File(Arc::clone(&bytes)))?;
        Ok(Arc::new(MemoryFile(bytes)))
    }

    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
        let mut nodes = locked(&self.nodes);
        match nodes.get(to.as_os_str()) {
            Some(_) if replace == Replace::No => return Err(ErrorKind::AlreadyExists.into()),
            Some(Node::Directory) => return Err(ErrorKind::IsADirectory.into()),
            _ => {}
        }
        let parent = to.parent().unwrap_or(Path::new("/"));
        if !matches!(nodes.get(parent.as_os_str()), Some(Node::Directory)) {
            return Err(ErrorKind::NotADirectory.into());
        }
        let node = nodes.remove(from.as_os_str()).ok_or(ErrorKind::NotFound)?;
        nodes.insert(to.into(), node);
        Ok(())
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        let mut nodes = locked(&self.nodes);
        match nodes.get(path.as_os_str()) {
            Some(Node::Directory) => return Err(ErrorKind::IsADirectory.into()),
            Some(_) => {}
            None => return Err(ErrorKind::NotFound.into()),
        }
        nodes.remove(path.as_os_str());
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.is_dir(dir)?;
        let nodes = locked(&self.nodes);
        let entries = nodes.iter().filter_map(|(path, node)| {
            let name = name_within(path, dir)?;
            let kind = match node {
                Node::File(_) => EntryKind::File,
                Node::Directory => EntryKind::Directory,
                Node::Other => EntryKind::Other,
            };
            Some(Entry { name: name.to_owned(), kind })
        });
        Ok(entries.collect())
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.add(dir, Node::Directory)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.is_dir(dir)
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        self.is_dir(dir)
    }

    fn file_system(&self, _: &Path) -> io::Result<u64> {
        Ok(FILE_SYSTEM)
    }

    fn lock(&self, _: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        Ok(Box::new(()))
    }

    fn raise_descriptor_limit(&self) -> io::Result<u64> {
        Ok(DESCRIPTORS_MAX)
    }

    fn wall_s(&self) -> i64 {
        self.wall_s
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

impl StorageFile for MemoryFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        locked(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
        let bytes = locked(&self.0);
        let at = usize::try_from(offset_bytes).unwrap_or(usize::MAX);
        let rest = bytes.get(at..).unwrap_or_default();
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn len_bytes(&self) -> io::Result<u64> {
        u64::try_from(locked(&self.0).len()).map_err(|_| ErrorKind::FileTooLarge.into())
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        let len = usize::try_from(len_bytes).map_err(|_| io::Error::from(ErrorKind::FileTooLarge))?;
        locked(&self.0).resize(len, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The name of `path` if it lies in `dir`, not deeper.
fn name_within<'a>(path: &'a OsStr, dir: &Path) -> Option<&'a OsStr> {
    let path = Path::new(path);
    if path.parent()? == dir { path.file_name() } else { None }
}

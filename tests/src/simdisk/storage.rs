//! The disk as the storage of a store.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use treering_persist::{Entry, EntryKind, LockError, Replace, Storage, StorageFile};

use super::fault::{Effect, Errno, Operation};
use super::file::SimFile;
use super::image::{Image, InodeId, Node, path_text};
use super::random::SplitMix64;
use super::{Shared, SimDisk, State};

/// What `raise_descriptor_limit` answers; nothing counts the open files.
const DESCRIPTORS_MAX: u64 = 1 << 20;

/// The lock of a root directory, given back when dropped.
struct SimLock {
    shared: Arc<Shared>,
    root: InodeId,
}

impl Storage for SimDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.at(Operation::Open, path, |state, _| {
            let file = state.image.resolve(path)?;
            state.image.bytes(file)?;
            Ok((file, state.image.losses(file)))
        })?;
        Ok(Arc::new(SimFile::read_only(Arc::clone(&self.shared), file.0, file.1)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.at(Operation::Create, path, |state, _| {
            state.check_room_for(path)?;
            state.image.make(path, Node::file(Vec::new()))
        })?;
        Ok(Arc::new(SimFile::appending(Arc::clone(&self.shared), file)))
    }

    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
        let what = |_: &State| format!("{} -> {}", path_text(from), path_text(to));
        self.shared.operate(Operation::Rename, what, |state, _, _| {
            state.image.rename(from, to, replace == Replace::Yes)
        })
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.at(Operation::Unlink, path, |state, _| state.image.unlink(path))
    }

    /// The order is that of a hash of the names, so that nobody comes to rely on it.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.at(Operation::List, dir, |state, _| {
            let names = state.image.names(state.image.resolve(dir)?)?;
            let entry = |(name, id): (&OsString, &InodeId)| Entry {
                name: name.clone(),
                kind: kind(&state.image, *id),
            };
            let mut entries: Vec<Entry> = names.iter().map(entry).collect();
            entries.sort_by_cached_key(|entry| scramble(&entry.name));
            Ok(entries)
        })
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.at(Operation::MakeDir, dir, |state, _| {
            state.check_room_for(dir)?;
            state.image.make(dir, Node::directory()).map(|_| ())
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.at(Operation::SyncDir, dir, |state, effect| {
            let dir = state.image.resolve(dir)?;
            state.image.names(dir)?;
            if matches!(effect, Effect::SyncDrops) {
                state.image.drop_dir(dir);
                return Err(Errno::Eio.error());
            }
            state.image.sync_dir(dir);
            Ok(())
        })
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        self.at(Operation::SyncFileSystem, dir, |state, effect| {
            let dir = state.image.resolve(dir)?;
            state.image.names(dir)?;
            match effect {
                Effect::SyncDrops => state.image.drop_all(),
                _ => state.image.sync_all(),
            }
            match std::mem::take(&mut state.image.loss_unreported) {
                true => Err(Errno::Eio.error()),
                false => Ok(()),
            }
        })
    }

    fn file_system(&self, _dir: &Path) -> io::Result<u64> {
        // Asks nothing of the medium, so it is not counted.
        Ok(1)
    }

    fn lock(&self, root: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        let taken = self.at(Operation::Lock, root, |state, _| {
            let root = state.image.resolve(root)?;
            state.image.names(root)?;
            if !state.locks.insert(root) {
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(root)
        });
        match taken {
            Ok(root) => Ok(Box::new(SimLock { shared: Arc::clone(&self.shared), root })),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(LockError::Held { holder: None }),
            Err(error) => Err(error.into()),
        }
    }

    fn raise_descriptor_limit(&self) -> io::Result<u64> {
        Ok(DESCRIPTORS_MAX)
    }

    fn wall_s(&self) -> i64 {
        self.state().clock.wall_s()
    }

    fn monotonic(&self) -> Duration {
        self.state().clock.monotonic()
    }
}

impl SimDisk {
    /// An operation on one path.
    fn at<T>(
        &self,
        operation: Operation,
        path: &Path,
        run: impl FnOnce(&mut State, Effect) -> io::Result<T>,
    ) -> io::Result<T> {
        self.shared.operate(operation, |_| path_text(path), |state, effect, _| run(state, effect))
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.shared.state().locks.remove(&self.root);
    }
}

fn kind(image: &Image, id: InodeId) -> EntryKind {
    match image.node(id) {
        Some(Node::File { .. }) => EntryKind::File,
        Some(Node::Directory { .. }) => EntryKind::Directory,
        _ => EntryKind::Other,
    }
}

/// A number for each name, in no order.
fn scramble(name: &OsStr) -> u64 {
    name.as_encoded_bytes().iter().fold(0, |sum, byte| SplitMix64::new(sum ^ u64::from(*byte)).next_u64())
}

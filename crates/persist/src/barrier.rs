//! Making many files or directories durable at once.

use std::io;
use std::path::Path;

use crate::planted::planted;
use crate::storage::{Storage, StorageFile, sync_dir, sync_file};
use crate::sync::{Mutex, lock};

/// From so many on, one sync of the file system is cheaper than one of each: 1,000 logs take 20 ms instead of 300.
const SHARED_SYNC_MIN: usize = 50;

/// What is to be made durable.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    /// A file's content and length.
    File(&'a dyn StorageFile),
    /// A directory's entries.
    Dir(&'a Path),
}

/// The file system that all of a store's files lie in.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) root: &'a Path,
    /// Whether one sync of the file system counts. False if directories lie in several, and for good after it failed
    /// once: its error is told once, and may have been about files that nobody was asking for just then. Held over each,
    /// so that of two at a time none is told OK while the other one gets the error. Nothing is locked by who holds it.
    pub(crate) one_sync_counts: &'a Mutex<bool>,
}

/// How a sync of the whole file system went.
enum SharedSync {
    Done,
    NotTried,
    Failed(io::Error),
}

/// Syncs all targets; the results are in their order.
pub(crate) fn sync_all(shared: Shared<'_>, targets: &[Target<'_>]) -> Vec<io::Result<()>> {
    sync_each(shared, targets, |target| match target {
        Target::File(file) => sync_file(*file),
        Target::Dir(dir) => sync_dir(shared.storage, dir),
    })
}

/// Makes all items durable, by one sync of the file system if they are many, else each by `sync`.
///
/// A sync of the file system reports an error once, and not whose it was. Each item's own sync tells; if none does, it
/// may have been any of them, and all have failed.
pub(crate) fn sync_each<T>(
    shared: Shared<'_>,
    items: &[T],
    mut sync: impl FnMut(&T) -> io::Result<()>,
) -> Vec<io::Result<()>> {
    let failed = match sync_file_system(shared, items.len()) {
        SharedSync::Done => return items.iter().map(|_| Ok(())).collect(),
        SharedSync::NotTried => None,
        SharedSync::Failed(error) => Some(error),
    };
    let results: Vec<_> = items.iter().map(&mut sync).collect();
    match failed {
        Some(error) if results.iter().all(Result::is_ok) => {
            items.iter().map(|_| Err(io::Error::new(error.kind(), error.to_string()))).collect()
        }
        _ => results,
    }
}

fn sync_file_system(shared: Shared<'_>, items: usize) -> SharedSync {
    if items < SHARED_SYNC_MIN {
        return SharedSync::NotTried;
    }
    let mut one_sync_counts = lock(shared.one_sync_counts);
    if !*one_sync_counts {
        return SharedSync::NotTried;
    }
    match shared.storage.sync_file_system(shared.root) {
        Ok(()) => SharedSync::Done,
        Err(_) if planted("shared-sync-error-ignored") => SharedSync::Done,
        Err(error) => {
            *one_sync_counts = false;
            match error.kind() {
                io::ErrorKind::Unsupported => SharedSync::NotTried,
                _ => SharedSync::Failed(error),
            }
        }
    }
}

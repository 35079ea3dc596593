//! Syncs of a host's directory: one that fails may take along what somebody else has just changed there, and his own
//! sync says then that all is well.

use std::io;
use std::path::Path;

use crate::error::IoFailure;
use crate::storage::{Storage, sync_dir};
use crate::sync::{Mutex, MutexGuard, lock};

/// How many syncs of the directory have failed. Held over each, so that whoever has it knows of all that came before. Nothing
/// is locked by who holds it.
#[derive(Debug, Default)]
pub(crate) struct DirSyncs(Mutex<u64>);

/// How many had failed when somebody began to change the directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DirMark(u64);

/// The right to sync the directory, and to judge what came of it.
pub(crate) struct DirSync<'a>(MutexGuard<'a, u64>);

impl DirSyncs {
    /// Before a change.
    pub(crate) fn mark(&self) -> DirMark {
        DirMark(*lock(&self.0))
    }

    pub(crate) fn begin(&self) -> DirSync<'_> {
        DirSync(lock(&self.0))
    }

    /// Makes durable what was changed since the mark.
    pub(super) fn sync(&self, storage: &dyn Storage, dir: &Path, mark: DirMark) -> Result<(), IoFailure> {
        let mut right = self.begin();
        let result = sync_dir(storage, dir);
        right.judge(result, mark).map_err(|error| IoFailure::new("sync", dir, error))
    }
}

impl DirSync<'_> {
    /// Whether what was changed since the mark is durable after a sync that went like this.
    pub(crate) fn judge(&mut self, result: io::Result<()>, mark: DirMark) -> io::Result<()> {
        match result {
            Err(error) => {
                *self.0 += 1;
                Err(error)
            }
            Ok(()) if self.mark() == mark => Ok(()),
            Ok(()) => Err(io::Error::other("another sync of the directory has failed since it was changed")),
        }
    }

    /// For changes that begin now.
    pub(crate) fn mark(&self) -> DirMark {
        DirMark(*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sync_that_succeeds_proves_nothing_for_what_another_one_may_have_taken_along() {
        let syncs = DirSyncs::default();
        let (mine, his) = (syncs.mark(), syncs.mark());
        assert!(syncs.begin().judge(Err(io::Error::other("EIO")), his).is_err());
        assert!(syncs.begin().judge(Ok(()), mine).is_err());
        let later = syncs.mark();
        assert!(syncs.begin().judge(Ok(()), later).is_ok());
    }
}

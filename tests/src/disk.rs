//! What a disk must be able to do for a workload to run on it, beside what a store asks of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use treering_persist::Storage;

use crate::simdisk::{Found, SimDisk};

/// A disk with clocks that obey, which can be looked at from outside: nothing here is an operation of the process.
pub trait Disk: Storage {
    /// Time goes by, on both clocks.
    fn advance(&self, time: Duration);

    /// Whether the life of the process on it has ended.
    fn died(&self) -> bool;

    /// All paths below the root of the disk, as the process sees them.
    fn tree(&self) -> BTreeMap<PathBuf, Found>;

    /// The content of a file as the process sees it; `None` if there is none.
    fn content(&self, path: &Path) -> Option<Vec<u8>>;
}

impl Disk for SimDisk {
    fn advance(&self, time: Duration) {
        SimDisk::advance(self, time);
    }

    fn died(&self) -> bool {
        SimDisk::died(self)
    }

    fn tree(&self) -> BTreeMap<PathBuf, Found> {
        SimDisk::tree(self)
    }

    fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.read(path)
    }
}

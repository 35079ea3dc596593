//! The directories from the root down to the hosts': made once, and durable, or not to be trusted in this life.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{IoFailure, chain};
use crate::storage::{Storage, sync_dir};
use crate::sync::{Mutex, lock};

/// What is known of the directories of a store. All its hosts share it: after a failed sync of a directory nobody's new
/// name in it can be made durable, and a later sync that says otherwise proves nothing.
#[derive(Debug, Default)]
pub(crate) struct Dirs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Clusters' and hosts' directories whose names are durable, with all above them.
    durable: HashSet<PathBuf>,
    /// Directories in which nothing may be made, and why.
    unusable: HashMap<PathBuf, String>,
}

impl Dirs {
    pub(crate) fn new(unusable: HashMap<PathBuf, String>) -> Dirs {
        Dirs(Mutex::new(State { durable: HashSet::new(), unusable }))
    }

    pub(crate) fn set_durable(&self, dir: &Path) {
        lock(&self.0).durable.insert(dir.to_owned());
    }

    pub(crate) fn set_unusable(&self, dir: &Path, why: String) {
        lock(&self.0).unusable.insert(dir.to_owned(), why);
    }

    /// Why nothing may be written in a host's directory, if it may not.
    pub(crate) fn why_unusable(&self, dir: &Path) -> Option<String> {
        lock(&self.0).why_unusable(dir).map(str::to_owned)
    }

    /// Makes a host's directory and its cluster's, and makes their names durable, whoever made them.
    pub(crate) fn ensure(&self, storage: &dyn Storage, dir: &Path) -> Result<(), IoFailure> {
        // Held over the syncs: of two that make directories at once, both have to learn of a sync that fails.
        let mut state = lock(&self.0);
        for dir in dir.parent().into_iter().chain([dir]) {
            if !state.durable.contains(dir) {
                state.make(storage, dir)?;
            }
        }
        Ok(())
    }
}

impl State {
    fn why_unusable(&self, dir: &Path) -> Option<&str> {
        if self.durable.contains(dir) {
            return None;
        }
        for above in dir.ancestors() {
            if let Some(why) = self.unusable.get(above) {
                return Some(why);
            }
            if self.durable.contains(above) {
                break;
            }
        }
        None
    }

    fn make(&mut self, storage: &dyn Storage, dir: &Path) -> Result<(), IoFailure> {
        let Some(parent) = dir.parent() else { return Ok(()) };
        if let Some(why) = self.why_unusable(dir) {
            return Err(IoFailure::new("use", dir, io::Error::other(why.to_owned())));
        }
        match storage.make_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(IoFailure::new("make", dir, error));
            }
            _ => {}
        }
        if let Err(error) = sync_dir(storage, parent) {
            let failure = IoFailure::new("sync", parent, error);
            self.unusable.insert(parent.to_owned(), chain(&failure));
            return Err(failure);
        }
        self.durable.insert(dir.to_owned());
        Ok(())
    }
}

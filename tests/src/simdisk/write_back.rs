//! The way from memory to the medium: what a sync makes durable, and what is lost when it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::change::{Arrived, Change, NameChange};
use super::image::{Image, Inode, InodeId, Node, path_text};

impl Image {
    /// Makes one operation durable; it must be taken out of the list, too.
    pub(super) fn write_back(&mut self, change: &Change) {
        match change {
            Change::Append(append) => {
                if let Some(durable) = self.durable_bytes_mut(append.file) {
                    append.apply(Arc::make_mut(durable), Arrived::Whole);
                }
            }
            Change::Truncate { file, len } => {
                if let Some(durable) = self.durable_bytes_mut(*file) {
                    Arc::make_mut(durable).resize(*len, 0);
                }
            }
            Change::Names(names) => {
                for change in names {
                    if let Some(Inode { node: Node::Directory { durable, .. }, .. }) =
                        self.inodes.get_mut(&change.dir)
                    {
                        change.apply(durable);
                    }
                }
            }
        }
    }

    pub(super) fn sync_file(&mut self, file: InodeId) {
        for change in self.changes.extract_if(.., |change| change.file() == Some(file)).collect::<Vec<_>>() {
            self.write_back(&change);
        }
    }

    /// The content on its way to the medium is lost.
    pub(super) fn drop_file(&mut self, file: InodeId) {
        self.changes.retain(|change| change.file() != Some(file));
        self.lose(file);
    }

    pub(super) fn sync_dir(&mut self, dir: InodeId) {
        let names = self.take_names(dir);
        self.write_back(&Change::Names(names));
        self.forget_unnamed();
    }

    /// The entries on their way to the medium are lost.
    pub(super) fn drop_dir(&mut self, dir: InodeId) {
        self.take_names(dir);
        self.loss_unreported = true;
    }

    pub(super) fn sync_all(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            self.write_back(&change);
        }
    }

    /// Everything on its way to the medium is lost.
    pub(super) fn drop_all(&mut self) {
        let files: BTreeSet<InodeId> = self.changes.drain(..).filter_map(|change| change.file()).collect();
        for file in files {
            self.lose(file);
        }
        self.loss_unreported = true;
    }

    /// All content on its way to the medium is lost; names are still on theirs.
    pub(super) fn drop_content(&mut self) {
        let unsynced: BTreeSet<InodeId> = self.changes.iter().filter_map(Change::file).collect();
        unsynced.into_iter().for_each(|file| self.drop_file(file));
    }

    fn lose(&mut self, file: InodeId) {
        if let Some(Inode { node: Node::File { losses, .. }, .. }) = self.inodes.get_mut(&file) {
            *losses += 1;
            self.loss_unreported = true;
        }
    }

    /// Takes one directory's part of each change of names out of the list.
    fn take_names(&mut self, dir: InodeId) -> Vec<NameChange> {
        let mut taken = Vec::new();
        self.changes.retain_mut(|change| {
            let Change::Names(names) = change else { return true };
            taken.extend(names.extract_if(.., |change| change.dir == dir));
            !names.is_empty()
        });
        taken
    }

    /// Content that no name can lead to any more, on no medium, need not be told from any other.
    fn forget_unnamed(&mut self) {
        if self.changes.iter().all(|change| change.file().is_none()) {
            return;
        }
        let mut named = BTreeSet::new();
        for inode in self.inodes.values() {
            if let Node::Directory { live, durable } = &inode.node {
                named.extend(live.values().chain(durable.values()).copied());
            }
        }
        for change in &self.changes {
            if let Change::Names(names) = change {
                named.extend(names.iter().filter_map(|change| change.target));
            }
        }
        self.changes.retain(|change| change.file().is_none_or(|file| named.contains(&file)));
    }

    /// Memory shows what the medium holds, and nothing else is left.
    pub(super) fn come_up(&mut self) {
        self.loss_unreported = false;
        for inode in self.inodes.values_mut() {
            match &mut inode.node {
                Node::File { live, durable, losses } => {
                    *live = Arc::clone(durable);
                    *losses = 0;
                }
                Node::Directory { live, durable } => live.clone_from(durable),
                Node::Other => {}
            }
        }
        let paths: BTreeMap<InodeId, String> =
            self.walk(Image::ROOT).into_iter().map(|(path, id)| (id, path_text(Path::new(&path)))).collect();
        self.inodes.retain(|id, inode| {
            let path = paths.get(id);
            inode.path = path.cloned().unwrap_or_default();
            path.is_some()
        });
    }
}

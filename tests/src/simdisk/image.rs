//! What is on the disk: inodes, each as memory shows it and as the medium holds it, and the operations in
//! between.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Component, Path};
use std::sync::Arc;

use super::change::{Append, Change, NameChange};

const NAME_BYTES_MAX: usize = 255;

/// The number of an inode; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct InodeId(u64);

/// The entries of a directory.
pub(super) type Names = BTreeMap<OsString, InodeId>;

#[derive(Debug, Clone)]
pub(super) struct Inode {
    /// The last name that it was given, from the root.
    pub(super) path: String,
    pub(super) node: Node,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    File {
        live: Arc<Vec<u8>>,
        durable: Arc<Vec<u8>>,
        /// How often content was lost on its way to the medium.
        losses: u64,
    },
    Directory {
        live: Names,
        durable: Names,
    },
    /// A link, pipe, socket or device.
    Other,
}

/// Everything on the disk. A live state without changes that wait for the medium is a durable one, unless a
/// sync failed.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) inodes: BTreeMap<InodeId, Inode>,
    /// What is not durable, oldest first.
    pub(super) changes: Vec<Change>,
    /// Something was lost, and no sync of the file system has said so yet.
    pub(super) loss_unreported: bool,
    next: u64,
}

impl Node {
    pub(super) fn file(content: Vec<u8>) -> Node {
        let content = Arc::new(content);
        Node::File { live: Arc::clone(&content), durable: content, losses: 0 }
    }

    pub(super) fn directory() -> Node {
        Node::Directory { live: Names::new(), durable: Names::new() }
    }
}

impl Image {
    pub(super) const ROOT: InodeId = InodeId(0);

    pub(super) fn new() -> Image {
        let root = Inode { path: "/".to_owned(), node: Node::directory() };
        Image {
            inodes: BTreeMap::from([(Image::ROOT, root)]),
            changes: Vec::new(),
            loss_unreported: false,
            next: 1,
        }
    }

    /// The same, with nothing on its way to the medium.
    pub(super) fn without_changes(&self) -> Image {
        let Image { inodes, loss_unreported, next, .. } = self;
        Image { inodes: inodes.clone(), changes: Vec::new(), loss_unreported: *loss_unreported, next: *next }
    }

    // Names.

    /// What memory shows under a path.
    pub(super) fn resolve(&self, path: &Path) -> io::Result<InodeId> {
        let mut at = Image::ROOT;
        for name in names_of(path)? {
            at = *self.names(at)?.get(name).ok_or(ErrorKind::NotFound)?;
        }
        Ok(at)
    }

    /// The directory that a path's last name is in, and that name.
    pub(super) fn parent<'a>(&self, path: &'a Path) -> io::Result<(InodeId, &'a OsStr)> {
        let mut names = names_of(path)?;
        let name = names.pop().ok_or(ErrorKind::InvalidInput)?;
        let mut at = Image::ROOT;
        for name in names {
            at = *self.names(at)?.get(name).ok_or(ErrorKind::NotFound)?;
        }
        self.names(at)?;
        Ok((at, name))
    }

    pub(super) fn names(&self, dir: InodeId) -> io::Result<&Names> {
        match self.node(dir) {
            Some(Node::Directory { live, .. }) => Ok(live),
            _ => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn node(&self, id: InodeId) -> Option<&Node> {
        self.inodes.get(&id).map(|inode| &inode.node)
    }

    pub(super) fn path_of(&self, id: InodeId) -> &str {
        self.inodes.get(&id).map_or("?", |inode| &inode.path)
    }

    /// Adds an inode under a name that is free; its content is as durable as content without a name can be.
    pub(super) fn make(&mut self, path: &Path, node: Node) -> io::Result<InodeId> {
        let (dir, name) = self.parent(path)?;
        if self.names(dir)?.contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let id = self.add_inode(path_text(path), node);
        self.change_names(vec![NameChange { dir, name: name.to_owned(), target: Some(id) }]);
        Ok(id)
    }

    pub(super) fn add_inode(&mut self, path: String, node: Node) -> InodeId {
        let id = InodeId(self.next);
        self.next += 1;
        self.inodes.insert(id, Inode { path, node });
        id
    }

    pub(super) fn unlink(&mut self, path: &Path) -> io::Result<()> {
        let (dir, name) = self.parent(path)?;
        let id = *self.names(dir)?.get(name).ok_or(ErrorKind::NotFound)?;
        if matches!(self.node(id), Some(Node::Directory { .. })) {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.change_names(vec![NameChange { dir, name: name.to_owned(), target: None }]);
        Ok(())
    }

    /// Only what is not a directory can be renamed.
    pub(super) fn rename(&mut self, from: &Path, to: &Path, replaces: bool) -> io::Result<()> {
        let (from_dir, from_name) = self.parent(from)?;
        let id = *self.names(from_dir)?.get(from_name).ok_or(ErrorKind::NotFound)?;
        let (to_dir, to_name) = self.parent(to)?;
        let there = self.names(to_dir)?.get(to_name).copied();
        if there.is_some() && !replaces {
            return Err(ErrorKind::AlreadyExists.into());
        }
        for id in there.into_iter().chain([id]) {
            if matches!(self.node(id), Some(Node::Directory { .. })) {
                return Err(ErrorKind::IsADirectory.into());
            }
        }
        if there == Some(id) {
            return Ok(());
        }
        self.change_names(vec![
            NameChange { dir: to_dir, name: to_name.to_owned(), target: Some(id) },
            NameChange { dir: from_dir, name: from_name.to_owned(), target: None },
        ]);
        if let Some(inode) = self.inodes.get_mut(&id) {
            inode.path = path_text(to);
        }
        Ok(())
    }

    fn change_names(&mut self, changes: Vec<NameChange>) {
        for change in &changes {
            if let Some(Inode { node: Node::Directory { live, .. }, .. }) = self.inodes.get_mut(&change.dir) {
                change.apply(live);
            }
        }
        self.changes.push(Change::Names(changes));
    }

    // Content.

    pub(super) fn bytes(&self, file: InodeId) -> io::Result<&Arc<Vec<u8>>> {
        match self.node(file) {
            Some(Node::File { live, .. }) => Ok(live),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    pub(super) fn losses(&self, file: InodeId) -> u64 {
        match self.node(file) {
            Some(Node::File { losses, .. }) => *losses,
            _ => 0,
        }
    }

    pub(super) fn append(&mut self, file: InodeId, bytes: &[u8]) {
        let Some(Inode { node: Node::File { live, .. }, .. }) = self.inodes.get_mut(&file) else { return };
        if !bytes.is_empty() {
            let offset = live.len();
            Arc::make_mut(live).extend_from_slice(bytes);
            self.changes.push(Change::Append(Append::new(file, offset, live)));
        }
    }

    pub(super) fn truncate(&mut self, file: InodeId, len: usize) {
        let Some(Inode { node: Node::File { live, .. }, .. }) = self.inodes.get_mut(&file) else { return };
        if live.len() != len {
            Arc::make_mut(live).resize(len, 0);
            self.changes.push(Change::Truncate { file, len });
        }
    }

    pub(super) fn durable_bytes_mut(&mut self, file: InodeId) -> Option<&mut Arc<Vec<u8>>> {
        match &mut self.inodes.get_mut(&file)?.node {
            Node::File { durable, .. } => Some(durable),
            _ => None,
        }
    }

    // The whole tree.

    /// All that memory shows at and below an inode, with paths from there, a directory before what is in it.
    pub(super) fn walk(&self, from: InodeId) -> Vec<(OsString, InodeId)> {
        let mut found = vec![(OsString::new(), from)];
        let mut next = 0;
        while let Some((path, id)) = found.get(next).cloned() {
            next += 1;
            if let Ok(names) = self.names(id) {
                found.extend(names.iter().map(|(name, id)| {
                    let mut path = path.clone();
                    path.push("/");
                    path.push(name);
                    (path, *id)
                }));
            }
        }
        found
    }

    pub(super) fn live_bytes(&self) -> u64 {
        let len = |id| self.bytes(id).map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.live_ids().into_iter().map(len).sum()
    }

    pub(super) fn live_inodes(&self) -> u64 {
        u64::try_from(self.live_ids().len()).unwrap_or(u64::MAX)
    }

    fn live_ids(&self) -> BTreeSet<InodeId> {
        self.walk(Image::ROOT).into_iter().map(|(_, id)| id).collect()
    }

    /// An unsynced operation as text.
    pub(super) fn describe(&self, change: &Change) -> String {
        let name = |change: &NameChange| {
            let dir = self.path_of(change.dir).trim_end_matches('/');
            format!("{dir}/{}", change.name.display())
        };
        match change {
            Change::Append(append) => {
                format!("append {} {}..{}", self.path_of(append.file), append.offset, append.end())
            }
            Change::Truncate { file, len } => format!("truncate {} {len}", self.path_of(*file)),
            Change::Names(names) => match names.as_slice() {
                [to, from] => format!("rename {} -> {}", name(from), name(to)),
                [one] if one.target.is_some() => format!("link {}", name(one)),
                [one] => format!("unlink {}", name(one)),
                _ => String::new(),
            },
        }
    }
}

/// A path as the trace shows it: from the root, whether it was given so or not.
pub(super) fn path_text(path: &Path) -> String {
    match names_of(path) {
        Ok(names) if names.is_empty() => "/".to_owned(),
        Ok(names) => names.iter().map(|name| format!("/{}", name.display())).collect(),
        Err(_) => path.display().to_string(),
    }
}

/// The names from the root down. A relative path starts at the root, too; no link changes what `..` means.
fn names_of(path: &Path) -> io::Result<Vec<&OsStr>> {
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) if name.len() > NAME_BYTES_MAX => {
                return Err(ErrorKind::InvalidFilename.into());
            }
            Component::Normal(name) if name.as_encoded_bytes().contains(&0) => {
                return Err(ErrorKind::InvalidInput.into());
            }
            Component::Normal(name) => names.push(name),
            Component::ParentDir => drop(names.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Ok(names)
}

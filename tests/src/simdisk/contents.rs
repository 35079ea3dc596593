//! Putting files onto the disk and looking at them from outside: nothing here is an operation of the process.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SimDisk;
use super::change::Change;
use super::image::{Image, Inode, InodeId, Node, path_text};

/// What has a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// A regular file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
    /// Something that is neither.
    Other,
}

impl SimDisk {
    /// Puts a file there, in place of what has that path, with the directories above it; all of it is
    /// durable.
    ///
    /// # Errors
    /// `NotADirectory` if something above it is not a directory, `IsADirectory` if it is one itself,
    /// `InvalidInput` or `InvalidFilename` for a path that cannot be.
    pub fn write_file(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.state().image.place(path.as_ref(), Node::file(bytes.as_ref().to_vec()))
    }

    /// Makes a directory, with those above it; all of it is durable. One that is there stays as it is.
    ///
    /// # Errors
    /// `NotADirectory` if something else has that path or is above it, `InvalidInput` or `InvalidFilename`
    /// for a path that cannot be.
    pub fn write_dir(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.state();
        let path = path.as_ref();
        match state.image.resolve(path) {
            Ok(id) => state.image.names(id).map(|_| ()),
            Err(error) if error.kind() == ErrorKind::NotFound => state.image.place(path, Node::directory()),
            Err(error) => Err(error),
        }
    }

    /// Puts something there that is neither a file nor a directory, such as a link or a pipe; otherwise like
    /// [`SimDisk::write_file`].
    ///
    /// # Errors
    /// As [`SimDisk::write_file`].
    pub fn write_other(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.state().image.place(path.as_ref(), Node::Other)
    }

    /// Takes a file or a directory with all that is in it away, durably. Open files stay readable.
    ///
    /// # Errors
    /// `NotFound` if there is none; `InvalidInput` for the root.
    pub fn remove(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.state();
        state.image.resolve(path.as_ref())?;
        state.image.set_name(path.as_ref(), None)
    }

    /// The content of a file as the process sees it; `None` if there is none.
    #[must_use]
    pub fn read(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let state = self.state();
        let file = state.image.resolve(path.as_ref()).ok()?;
        state.image.bytes(file).ok().map(|bytes| bytes.to_vec())
    }

    /// All paths below the root of the disk, as the process sees them.
    #[must_use]
    pub fn tree(&self) -> BTreeMap<PathBuf, Found> {
        let state = self.state();
        let found = |id| match state.image.node(id) {
            Some(Node::File { live, .. }) => Found::File(u64::try_from(live.len()).unwrap_or(u64::MAX)),
            Some(Node::Directory { .. }) => Found::Directory,
            _ => Found::Other,
        };
        let below = state.image.walk(Image::ROOT).into_iter().skip(1);
        below.map(|(path, id)| (PathBuf::from(path), found(id))).collect()
    }

    /// Flips bits of one byte, in memory and on the medium: `xor` says which.
    ///
    /// # Errors
    /// `NotFound` and the like if there is no such file; `UnexpectedEof` if it ends before.
    pub fn corrupt(&self, path: impl AsRef<Path>, offset_bytes: u64, xor: u8) -> io::Result<()> {
        let mut state = self.state();
        let file = state.image.resolve(path.as_ref())?;
        let Some(Inode { node: Node::File { live, durable, .. }, .. }) = state.image.inodes.get_mut(&file)
        else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let offset = usize::try_from(offset_bytes).map_err(|_| ErrorKind::UnexpectedEof)?;
        *Arc::make_mut(live).get_mut(offset).ok_or(ErrorKind::UnexpectedEof)? ^= xor;
        if let Some(byte) = Arc::make_mut(durable).get_mut(offset) {
            *byte ^= xor;
        }
        Ok(())
    }

    /// Copies what is in a directory of the real file system to `at`, durably. What is neither file nor
    /// directory, links too, becomes something of that sort.
    ///
    /// # Errors
    /// As the system reports it, and as [`SimDisk::write_file`].
    pub fn import(&self, real: &Path, at: impl AsRef<Path>) -> io::Result<()> {
        let at = at.as_ref();
        self.write_dir(at)?;
        for entry in fs::read_dir(real)? {
            let entry = entry?;
            let (kind, at) = (entry.file_type()?, at.join(entry.file_name()));
            if kind.is_dir() {
                self.import(&entry.path(), at)?;
            } else if kind.is_file() {
                self.write_file(at, fs::read(entry.path())?)?;
            } else {
                self.write_other(at)?;
            }
        }
        Ok(())
    }

    /// Copies what the process sees at and below `at` into a directory of the real file system, which is made
    /// if it does not exist. What is neither file nor directory is left out.
    ///
    /// # Errors
    /// `NotFound` if nothing is there; else as the system reports it.
    pub fn export(&self, at: impl AsRef<Path>, real: &Path) -> io::Result<()> {
        let state = self.state();
        let from = state.image.resolve(at.as_ref())?;
        for (path, id) in state.image.walk(from) {
            let mut target = real.as_os_str().to_owned();
            target.push(path);
            match state.image.node(id) {
                Some(Node::File { live, .. }) => fs::write(target, live.as_slice())?,
                Some(Node::Directory { .. }) => fs::create_dir_all(target)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Image {
    /// Puts something under a path, durably, with the directories above it.
    fn place(&mut self, path: &Path, node: Node) -> io::Result<()> {
        if let Ok(there) = self.resolve(path)
            && self.names(there).is_ok()
        {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.place_above(path)?;
        self.parent(path)?;
        let id = self.add_inode(path_text(path), node);
        self.set_name(path, Some(id))
    }

    /// Makes the directories above a path, and durable what of them was not.
    fn place_above(&mut self, path: &Path) -> io::Result<()> {
        let Some(above) = path.parent().filter(|above| path_text(above) != "/") else { return Ok(()) };
        self.place_above(above)?;
        match self.resolve(above) {
            Ok(id) => {
                self.names(id)?;
                self.set_name(above, Some(id))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let id = self.add_inode(path_text(above), Node::directory());
                self.set_name(above, Some(id))
            }
            Err(error) => Err(error),
        }
    }

    /// Sets one entry, in memory and on the medium, whatever waits for that name.
    fn set_name(&mut self, path: &Path, target: Option<InodeId>) -> io::Result<()> {
        let (dir, name) = self.parent(path)?;
        self.changes.retain_mut(|change| {
            let Change::Names(names) = change else { return true };
            names.retain(|change| change.dir != dir || change.name != name);
            !names.is_empty()
        });
        if let Some(Inode { node: Node::Directory { live, durable }, .. }) = self.inodes.get_mut(&dir) {
            for names in [live, durable] {
                match target {
                    Some(id) => names.insert(name.to_owned(), id),
                    None => names.remove(name),
                };
            }
        }
        Ok(())
    }
}

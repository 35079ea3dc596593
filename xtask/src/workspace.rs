//! Where the workspace is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory that holds the workspace's root manifest.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

/// Why there is no workspace to work on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WorkspaceError {
    #[error("the current directory cannot be told")]
    Here(#[source] io::Error),
    #[error("no workspace manifest in {from} or above it: start this inside the project")]
    NotFound { from: PathBuf },
}

impl Workspace {
    /// The workspace around the current directory.
    pub(crate) fn around_here() -> Result<Self, WorkspaceError> {
        let here = std::env::current_dir().map_err(WorkspaceError::Here)?;
        Self::around(&here)
    }

    /// The workspace whose root is `from` or the nearest directory above it.
    pub(crate) fn around(from: &Path) -> Result<Self, WorkspaceError> {
        from.ancestors()
            .find(|directory| is_root(directory))
            .map(|root| Self { root: root.to_path_buf() })
            .ok_or_else(|| WorkspaceError::NotFound { from: from.to_path_buf() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `path` as it is written in messages: from the root on, with `/`.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }
}

fn is_root(directory: &Path) -> bool {
    fs::read_to_string(directory.join("Cargo.toml"))
        .is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
}

#[cfg(test)]
impl Workspace {
    /// The workspace that this source belongs to.
    pub(crate) fn of_this_source() -> Self {
        Self::around(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_deep_inside_finds_the_root() {
        let root = Workspace::of_this_source();
        let deep = root.root().join("xtask/src");
        assert_eq!(Workspace::around(&deep).unwrap().root(), root.root());
        assert_eq!(root.relative(&deep), "xtask/src");
    }

    #[test]
    fn a_directory_outside_of_any_workspace_is_an_error() {
        let outside = tempfile::tempdir().unwrap();
        assert!(matches!(Workspace::around(outside.path()), Err(WorkspaceError::NotFound { .. })));
    }
}

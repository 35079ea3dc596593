//! The files of the project, as the rules see them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::source::Source;
use crate::workspace::Workspace;

/// What tools make, not people: paths from the workspace's root on.
const MADE_BY_TOOLS: [&str; 6] =
    [".git", "target", "var", "tests/fuzz/target", "tests/fuzz/grown", "tests/fuzz/artifacts"];
/// Bytes that tests read: other people's files, kept as they are.
const DATA: &str = "tests/data/";

/// Every path of the project, and the text of those files that rules apply to.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) sources: Vec<Source>,
    /// Files and directories, from the workspace's root on, without a slash at the end.
    pub(super) paths: BTreeSet<String>,
}

/// Why the tree cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TreeError {
    #[error("{path} cannot be read")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Tree {
    /// Reads what is on disk, whether or not it was committed yet.
    pub(super) fn read(workspace: &Workspace) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        tree.read_directory(workspace, workspace.root())?;
        tree.sources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// Adds a path, and its text if rules apply to it.
    pub(super) fn add(&mut self, path: &str, text: Option<String>) {
        self.paths.insert(path.to_owned());
        if let Some(text) = text {
            self.sources.push(Source::new(path, text));
        }
    }

    fn read_directory(&mut self, workspace: &Workspace, directory: &Path) -> Result<(), TreeError> {
        let failed = |source| TreeError::Read { path: directory.to_path_buf(), source };
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let path = workspace.relative(&entry.path());
            if MADE_BY_TOOLS.contains(&path.as_str()) {
                continue;
            }
            if kind.is_dir() {
                self.add(&path, None);
                self.read_directory(workspace, &entry.path())?;
            } else if kind.is_file() {
                let text = if has_rules(&path) { read(&entry.path())? } else { None };
                self.add(&path, text);
            }
        }
        Ok(())
    }
}

fn has_rules(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    !path.starts_with(DATA) && (path == ".ci/run" || ["rs", "md", "toml"].contains(&extension))
}

/// `None` if the file went away since its directory was listed: an editor's, or another build's.
fn read(path: &Path) -> Result<Option<String>, TreeError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TreeError::Read { path: path.to_path_buf(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_products_and_test_data_have_no_rules() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "[workspace]\n").unwrap();
        };
        let files = [
            "Cargo.toml",
            ".ci/run",
            "target/a.rs",
            ".git/b.md",
            "tests/data/c.md",
            "crates/x/src/lib.rs",
            "d.bin",
        ];
        files.into_iter().for_each(write);
        let tree = Tree::read(&Workspace::around(directory.path()).unwrap()).unwrap();
        let sources: Vec<_> = tree.sources.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(sources, [".ci/run", "Cargo.toml", "crates/x/src/lib.rs"]);
        assert!(tree.paths.contains("tests/data/c.md") && tree.paths.contains("crates/x"));
        assert!(!tree.paths.iter().any(|path| path.starts_with("target") || path.starts_with(".git")));
    }
}

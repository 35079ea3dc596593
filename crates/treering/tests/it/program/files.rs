//! Files for the program to work on: the committed ones, copies of them, and what became of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Everything about a directory that somebody could have changed.
pub(crate) type Listing = BTreeMap<PathBuf, (SystemTime, Option<Vec<u8>>)>;

/// What the reference's encoders wrote.
pub(crate) fn input() -> PathBuf {
    reference("input")
}

/// What the reference's decoders see in it.
pub(crate) fn expected() -> PathBuf {
    reference("expected")
}

/// The rows that the reference's decoder gives for a file below [`input`].
pub(crate) fn expected_rows(name: &Path) -> String {
    fs::read_to_string(expected().join(format!("{}.tsv", name.display()))).unwrap()
}

/// All files below `dir`, relative to it, in the order of their paths.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = listing(dir)
        .into_iter()
        .filter(|(_, (_, bytes))| bytes.is_some())
        .map(|(path, _)| path.strip_prefix(dir).unwrap().to_owned())
        .collect();
    files.sort();
    files
}

/// Whether `path` is called `*.{extension}`.
pub(crate) fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Copies the files below `from` that `wanted` takes.
pub(crate) fn copy(from: &Path, to: &Path, wanted: impl Fn(&Path) -> bool) {
    for file in files_below(from).iter().filter(|file| wanted(file)) {
        let copied = to.join(file);
        fs::create_dir_all(copied.parent().unwrap()).unwrap();
        fs::copy(from.join(file), copied).unwrap();
    }
}

/// What lies in a directory, with times of change and content.
pub(crate) fn listing(dir: &Path) -> Listing {
    let mut all = Listing::new();
    let mut open = vec![dir.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let bytes = metadata.is_file().then(|| fs::read(&path).unwrap());
        if metadata.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        all.insert(path, (metadata.modified().unwrap(), bytes));
    }
    all
}

fn reference(part: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/reference")).join(part)
}

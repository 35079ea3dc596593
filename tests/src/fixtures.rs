//! Sample files of each format, one for each feature: what they are made from, and whether those on disk are still it.
//!
//! A sample and, beside it in `.tsv`, what is read from it are written once and never changed: so whoever changes what a
//! format's writer writes, or what its reader reads, is told.

mod bin;
mod json;
mod wal;

mod text;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use treering_snapshot::{Document, Meta};

/// Where the samples lie.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

/// The folders that hold nothing but samples.
const VERSIONS: [&str; 3] = ["bin/v1", "json/v1", "wal/v1"];

/// A sample file.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Its path below the folder of all samples.
    pub path: String,
    /// What the code makes today.
    pub bytes: Vec<u8>,
    /// For a snapshot that is read as it was written: what was written.
    pub source: Option<(Document, Meta)>,
}

/// A sample that is not on disk as the code makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The file's path below the folder of all samples.
    pub path: String,
    /// What is different.
    pub what: String,
}

impl Fixture {
    /// What the code reads from these bytes today, as text; `tests/data/README.md` explains it.
    #[must_use]
    pub fn says(&self, bytes: &[u8]) -> String {
        match self.path.rsplit_once('.') {
            Some((_, "wal")) => text::log(bytes),
            Some((_, "json")) => text::snapshot(&treering_format_json::JsonFormat::exact(), bytes),
            _ => text::snapshot(&treering_format_bin::BinFormat, bytes),
        }
    }

    fn says_path(&self) -> String {
        format!("{}.tsv", self.path)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// The folder of all samples in this clone.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(FOLDER)
}

/// Makes all samples, in memory.
#[must_use]
pub fn all() -> Vec<Fixture> {
    [bin::all(), json::all(), wal::all()].concat()
}

/// Writes the samples that are absent from a folder, and what is read from each; says which.
///
/// # Errors
/// Those of the file system.
pub fn write_absent(folder: &Path) -> io::Result<Vec<String>> {
    let mut written = Vec::new();
    let mut write = |path: String, bytes: &[u8]| -> io::Result<()> {
        if !folder.join(&path).try_exists()? {
            fs::write(folder.join(&path), bytes)?;
            written.push(path);
        }
        Ok(())
    };
    for version in VERSIONS {
        fs::create_dir_all(folder.join(version))?;
    }
    for fixture in all() {
        write(fixture.path.clone(), &fixture.bytes)?;
        // Of the file, not of what would be made today.
        let bytes = fs::read(folder.join(&fixture.path))?;
        write(fixture.says_path(), fixture.says(&bytes).as_bytes())?;
    }
    Ok(written)
}

/// Compares the samples in a folder with what the code makes and reads today.
///
/// # Errors
/// Those of the file system, but for a file that is absent.
pub fn differences(folder: &Path) -> io::Result<Vec<Difference>> {
    let mut found = Vec::new();
    let mut strange = paths(folder)?;
    let mut differs = |path: String, what: String| found.push(Difference { path, what });
    for fixture in all() {
        strange.remove(&fixture.path);
        strange.remove(&fixture.says_path());
        let (Some(bytes), Some(says)) = (read(folder, &fixture.path)?, read(folder, &fixture.says_path())?)
        else {
            differs(fixture.path, "it, or what is read from it, is not there".to_owned());
            continue;
        };
        if let Some(at) = first_difference(&bytes, &fixture.bytes) {
            differs(fixture.path.clone(), format!("other bytes are made today, from {at} on"));
        }
        let today = fixture.says(&bytes);
        if let Some(at) = first_difference(&says, today.as_bytes()) {
            let line = says[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            differs(fixture.says_path(), format!("something else is read today, from line {line} on"));
        }
    }
    strange.into_iter().for_each(|path| differs(path, "it is no sample".to_owned()));
    Ok(found)
}

fn paths(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for version in VERSIONS {
        let entries = match fs::read_dir(folder.join(version)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            found.insert(format!("{version}/{}", entry?.file_name().display()));
        }
    }
    Ok(found)
}

fn read(folder: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    match fs::read(folder.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some),
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    (a != b).then(|| a.iter().zip(b).take_while(|(a, b)| a == b).count())
}

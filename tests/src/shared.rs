//! A second opinion: an independent reader by the rules of the reference, and checkpoints of production nodes, where a
//! checkout has them beside it.
//!
//! This is the one place that looks outside the project. A clone has nothing there; then nothing is checked.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::held::{Held, SeriesName};
use crate::oracle::Mismatch;
use crate::simdisk::SimDisk;

const READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/tools/refload.py");
const CHECKPOINTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/upstream");

/// Whether there was somebody to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The reader was asked, and all is well.
    Yes,
    /// There is no reader beside the project, or nothing to run it.
    NoReader,
}

/// JSON checkpoints that production nodes have written; none where there are none beside the project.
#[must_use]
pub fn production_checkpoints() -> Vec<PathBuf> {
    let entries = fs::read_dir(CHECKPOINTS).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

/// After a clean stop: would the reference load what lies in `root`, and does the independent reader see the samples
/// that the store had?
///
/// # Errors
/// The reader's reason; or a sample that only one of the two has.
pub fn check_by_the_reference(
    disk: &SimDisk,
    root: impl AsRef<Path>,
    held: &BTreeMap<SeriesName, Held>,
) -> Result<Checked, Mismatch> {
    if !Path::new(READER).is_file() {
        return Ok(Checked::NoReader);
    }
    let dir = tempfile::tempdir().map_err(|error| failed(&error))?;
    let real = dir.path().join("store");
    fs::create_dir(&real).map_err(|error| failed(&error))?;
    disk.export(root, &real).map_err(|error| failed(&error))?;
    let Some(_) = ask(&real, &[])? else { return Ok(Checked::NoReader) };
    let Some(points) = ask(&real, &["--one-grid"])? else { return Ok(Checked::NoReader) };
    let mut expected: Vec<String> = held.iter().flat_map(|(name, held)| rows(name, held)).collect();
    let mut found: Vec<String> = points.lines().map(str::to_owned).collect();
    expected.sort();
    found.sort();
    match expected.iter().zip(&found).find(|(a, b)| a != b) {
        Some((ours, theirs)) => Err(Mismatch::new(format!("the store has {ours}, the reader {theirs}"))),
        None if expected.len() != found.len() => Err(Mismatch::new(format!(
            "the store has {} samples, the reader {}",
            expected.len(),
            found.len()
        ))),
        None => Ok(Checked::Yes),
    }
}

/// What the reader prints; `None` if there is no interpreter for it.
fn ask(dir: &Path, arguments: &[&str]) -> Result<Option<String>, Mismatch> {
    let output = match Command::new("python3").arg(READER).arg(dir).args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    if !output.status.success() {
        return Err(Mismatch::new(String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The names of workloads need no escapes.
fn rows(name: &SeriesName, held: &Held) -> Vec<String> {
    let path: Vec<&str> = [name.cluster.as_str(), name.host.as_str()]
        .into_iter()
        .chain(name.path.iter().map(String::as_str))
        .collect();
    let head = format!("point\t{}\t{}", path.join("/"), name.metric);
    held.samples.iter().map(|(time_s, bits)| format!("{head}\t{time_s}\t{bits:08x}")).collect()
}

fn failed(error: &std::io::Error) -> Mismatch {
    Mismatch::new(format!("the reader could not be asked: {error}"))
}

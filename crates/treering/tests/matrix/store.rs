//! A store's directory: where it lies, what it holds, what lies in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::book::{Book, Slot};
use crate::life::{Load, live, program};

/// Memory, where a sync costs nothing: the death of a process asks nothing of a disk.
const MEMORY: &str = "/dev/shm";

/// A new directory in memory if there is such a place, else with all other temporary files.
pub(crate) fn in_memory() -> TempDir {
    tempfile::tempdir_in(MEMORY).or_else(|_| tempfile::tempdir()).unwrap()
}

/// What `dump` says is held. After a death nothing may be damaged.
pub(crate) fn held(dir: &Path) -> Result<BTreeMap<Slot, u32>, String> {
    if !dir.exists() {
        return Ok(BTreeMap::new());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_treering"));
    command.env_clear().args(["dump", "--format", "tsv"]).arg(dir).stdin(Stdio::null());
    let ran = command.output().unwrap();
    let (rows, told) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    let is_empty =
        ran.status.code() == Some(1) && rows.is_empty() && told.ends_with(": nothing is stored here\n");
    if !is_empty && (ran.status.code() != Some(0) || !told.is_empty()) {
        return Err(format!("dump ends with {}: {told}", ran.status));
    }
    let value = |row: &str| {
        let (slot, bits) = row.rsplit_once('\t').unwrap();
        (slot.to_owned(), u32::from_str_radix(bits, 16).unwrap())
    };
    Ok(rows.lines().map(value).collect())
}

/// A start without any fault and a clean stop: it succeeds, changes nothing that is held, and leaves snapshots only.
pub(crate) fn start_and_stop(dir: &Path, config: &Path, book: &mut Book) -> Result<(), String> {
    let ended = live(&mut program(dir, config, &[]), &Load::nothing(), None);
    ended.is_clean(0)?;
    book.look(held(dir)?, 0, 0)?;
    match files_below(dir).iter().find(|file| file.extension().is_none_or(|extension| extension != "bin")) {
        Some(other) => Err(format!("a clean stop leaves {}", other.display())),
        None => Ok(()),
    }
}

/// All files in a directory and below.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

/// The same files in another directory.
pub(crate) fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let copied = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(copied.parent().unwrap()).unwrap();
        fs::copy(&file, copied).unwrap();
    }
}

/// A configuration that limits the log and the threads of a checkpoint, written beside the store.
pub(crate) fn write_config(at: &Path, log_bytes_max: u64, workers: u32) -> PathBuf {
    let metric = r#"{"frequency":60,"aggregation":"avg"}"#;
    let text = format!(
        r#"{{"metrics":{{"load":{metric},"mem":{metric}}},"metric-store":{{"retention-in-memory":"1h","memory-cap":0,"num-workers":{workers},
            "checkpoints":{{"file-format":"wal","max-wal-size":{log_bytes_max}}}}}}}"#
    );
    let path = at.join("config.json");
    fs::write(&path, text).unwrap();
    path
}

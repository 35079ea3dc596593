//! Projects that a test may change: a copy of this workspace's manifests with empty sources, or a small one.
#![expect(clippy::unwrap_used, reason = "a copy that cannot be made fails the test that asked for it")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Gone when dropped.
pub(crate) struct Project {
    root: TempDir,
}

impl Project {
    /// Cargo looks for the files of a package's targets, not into them.
    pub(crate) fn of_this_workspace() -> Self {
        let copy = Self { root: tempfile::tempdir().unwrap() };
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for file in ["Cargo.toml", "Cargo.lock"] {
            fs::copy(from.join(file), copy.root.path().join(file)).unwrap();
        }
        for folder in ["bench", "crates", "tests", "xtask"] {
            copy_targets(&from.join(folder), &copy.root.path().join(folder));
        }
        copy
    }

    /// One package that depends on nothing, with these tests.
    pub(crate) fn of_one_package(tests: &str) -> Self {
        let project = Self { root: tempfile::tempdir().unwrap() };
        let package = "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        project.write("Cargo.toml", &format!("[workspace]\n\n{package}"));
        project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n");
        project.write("src/lib.rs", tests);
        project
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).open(self.root.path().join(path)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Replaces `from`, which must be there.
    pub(crate) fn change(&self, path: &str, from: &str, to: &str) {
        let path = self.root.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{} has no {from}", path.display());
        fs::write(path, text.replace(from, to)).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root.path().join(path)).unwrap();
    }

    pub(crate) fn xtask(&self, arguments: &[&str]) -> (i32, String) {
        xtask_in(self.root.path(), arguments)
    }
}

/// The exit code, and standard output with standard error behind it.
pub(crate) fn xtask_in(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(directory)
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("CARGO_TARGET_DIR")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn copy_targets(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if name != "data" && name != "target" {
                copy_targets(&from, &to);
            }
        } else if name == "Cargo.toml" {
            fs::copy(from, to).unwrap();
        } else if name.ends_with(".rs") {
            fs::write(to, "").unwrap();
        }
    }
}

//! The transcripts in the documentation are what the program prints.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::files;
use crate::program::process::command;

/// Set to write what the program prints into the documentation.
const BLESS: &str = "TREERING_BLESS";

/// Runs one command of a transcript; what it prints on both streams, and its exit code.
fn run(shell_line: &str, at: &Path, path: &Path, last_code: i32) -> (String, i32) {
    let script = format!("exec 2>&1\n(exit {last_code})\n{shell_line}");
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().env("PATH", format!("{}:/usr/bin:/bin", path.display())).env("LC_ALL", "C.UTF-8");
    shell.current_dir(at).args(["-c", &script]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let ran = shell.output().unwrap();
    (String::from_utf8(ran.stdout).unwrap(), ran.status.code().unwrap())
}

/// The text with each command followed by what it prints. Commands of all transcripts run one after the other, in one
/// directory.
fn with_output(text: &str, at: &Path, path: &Path) -> String {
    let (mut made, mut code, mut in_transcript) = (String::new(), 0, false);
    for line in text.lines() {
        match line {
            "```console" => in_transcript = true,
            "```" => in_transcript = false,
            _ => {}
        }
        let Some(shell_line) = line.strip_prefix("$ ").filter(|_| in_transcript) else {
            if !in_transcript || line == "```console" {
                made += &format!("{line}\n");
            }
            continue;
        };
        made += &format!("{line}\n");
        let printed;
        (printed, code) = run(shell_line, at, path, code);
        made += &printed;
    }
    made
}

#[test]
fn every_transcript_is_what_the_program_prints() {
    let dir = tempfile::tempdir().unwrap();
    let (at, path) = (dir.path().join("at"), dir.path().join("path"));
    files::copy(&files::input(), &at, |_| true);
    fs::create_dir(&path).unwrap();
    std::os::unix::fs::symlink(command().get_program(), path.join("treering")).unwrap();
    let document = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tools.md"));
    let text = fs::read_to_string(document).unwrap();
    assert!(text.matches("\n$ treering ").count() > 25, "it has transcripts");
    let made = with_output(&text, &at, &path);
    if std::env::var_os(BLESS).is_some() {
        fs::write(document, &made).unwrap();
        return;
    }
    for (number, (line, printed)) in (1..).zip(text.lines().zip(made.lines())) {
        assert_eq!(line, printed, "line {number} of docs/tools.md: {BLESS}=1 writes what is printed");
    }
    assert_eq!(text.len(), made.len());
}

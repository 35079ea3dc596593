//! Pipes, links that lead nowhere, what nobody may read, and files that grow: no tool waits, follows, or is misled.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode};

use super::every_tool::ask;
use super::made::{Snapshot, log, verdict};
use crate::program::process::{Ran, Running, command, treering};

/// Whoever is not root, and owns nothing.
const NOBODY: u32 = 65_534;

#[test]
fn a_pipe_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    Snapshot::of_the_reference(2).write(&dir.path().join("store/c/h"));
    let pipe = dir.path().join("store/c/h/1.bin");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let not_opened = "neither a regular file nor a directory; not opened";
    // Asked about the pipe itself there is no answer.
    ask(
        dir.path(),
        &[
            ("verify store", 0, not_opened),
            ("verify store/c/h/1.bin", 3, "not a regular file"),
            ("ls store --files", 0, "  1.bin  foreign "),
            ("ls store/c/h/1.bin", 2, "Not a directory"),
            ("dump store", 0, "foreign entry: store/c/h/1.bin"),
            ("dump store/c/h/1.bin", 3, "not a regular file"),
            ("convert store new --to json", 0, "left: store/c/h/1.bin: not a regular file"),
            ("convert store/c/h/1.bin other --to json", 3, "not a regular file"),
            ("repair store --out repaired --write", 0, "1.bin  not used"),
            ("run --dir store --for 0s --retention 0", 0, "recovered 2 samples"),
        ],
    );
}

#[test]
fn links_are_not_followed_below_what_was_named() {
    let dir = tempfile::tempdir().unwrap();
    Snapshot::of_the_reference(2).write(&dir.path().join("store/c/h"));
    symlink("loop.bin", dir.path().join("loop.bin")).unwrap();
    symlink("store", dir.path().join("link")).unwrap();
    symlink("store/c/h/2.bin", dir.path().join("3.bin")).unwrap();
    assert_eq!(verdict(dir.path(), &["link"]), "exit 0: sound");
    let around = "Too many levels of symbolic links";
    let link = "a symbolic link, and none is followed";
    ask(
        dir.path(),
        &[
            ("verify loop.bin", 3, around),
            ("ls loop.bin", 3, around),
            ("dump loop.bin", 3, around),
            ("convert loop.bin new --to json", 3, around),
            ("repair loop.bin --out new", 3, around),
            ("run --dir loop.bin --for 0s", 3, around),
            ("verify 3.bin", 3, link),
            ("dump 3.bin", 3, link),
            ("convert 3.bin new --to json", 3, link),
        ],
    );
    // Below a store: a link to itself, to a directory above it, to a sound file.
    symlink("around", dir.path().join("store/around")).unwrap();
    symlink("..", dir.path().join("store/c/up")).unwrap();
    symlink("2.bin", dir.path().join("store/c/h/4.bin")).unwrap();
    ask(
        dir.path(),
        &[
            ("verify store", 0, "a link, not followed; the reference would follow it"),
            ("verify store", 0, "note reference-level-1-file: store/around"),
            ("ls store", 0, "2 entries above the hosts are not read"),
            ("dump store", 0, "foreign entry: store/c/up: neither a directory nor a regular file"),
            ("convert store new --to json", 0, "left: store/around"),
            ("repair store --out repaired --write", 0, "3 not used"),
            ("run --dir store --for 0s --retention 0", 0, "recovered 2 samples"),
        ],
    );
}

/// Runs as somebody who is not the owner of anything, if that can be done.
fn as_nobody(at: &Path, program: &Path, args: &str) -> Ran {
    let mut command = command();
    let mut nobody = Command::new(program);
    nobody.env_clear().stdin(std::process::Stdio::null());
    nobody.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let command = if rustix::process::geteuid().is_root() {
        nobody.uid(NOBODY).gid(NOBODY);
        &mut nobody
    } else {
        &mut command
    };
    Running::of(command.current_dir(at).args(args.split(' '))).end()
}

/// The program where anybody may start it.
fn program_for_all(dir: &Path) -> PathBuf {
    let program = dir.join("treering");
    fs::copy(command().get_program(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

#[test]
fn what_may_not_be_read_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let program = program_for_all(at);
    Snapshot::of_the_reference(1).write(&at.join("store/c/h"));
    Snapshot::of_the_reference(1).write(&at.join("store/c/i"));
    Snapshot::of_the_reference(1).write(&at.join("locked/c/h"));
    let mode = |path: &str, mode| {
        fs::set_permissions(at.join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    // The new directories can be made here by anybody.
    mode("", 0o777);
    for (path, bits) in [("store/c/h/1.bin", 0o000), ("store/c/i", 0o000), ("locked", 0o000)] {
        mode(path, bits);
    }
    let denied = "Permission denied";
    for (args, code, part) in [
        ("verify store", 3, "unread unreadable: store/c/h/1.bin"),
        ("verify store/c/h/1.bin", 3, denied),
        ("verify locked", 3, denied),
        ("ls store", 3, "cannot read store/c/i: Permission denied"),
        ("ls locked", 3, "cannot list locked: Permission denied"),
        ("dump store", 3, "unreadable: store/c/i: "),
        ("dump store/c/h/1.bin", 3, denied),
        ("dump locked", 3, denied),
        ("convert store new --to json", 3, "unreadable: store/c/h/1.bin"),
        ("convert locked new --to json", 3, denied),
        ("repair store --out new --write", 3, denied),
        ("repair locked --out new", 3, denied),
        ("run --dir locked --for 0s", 3, denied),
    ] {
        let ran = as_nobody(at, &program, args);
        assert_eq!(ran.code, Some(code), "{args}: {ran:?}");
        assert!(ran.stdout.contains(part) || ran.stderr.contains(part), "{args}: {part:?}: {ran:?}");
        assert!(!at.join("new").exists(), "{args}");
    }
    // Damage says more than a missing permission.
    mode("store/c/i", 0o755);
    fs::write(at.join("store/c/i/2.bin"), "").unwrap();
    for args in ["verify store", "ls store", "dump store", "repair store --out new"] {
        assert_eq!(as_nobody(at, &program, args).code, Some(1), "{args}");
    }
    mode("locked", 0o755);
}

#[test]
fn a_log_that_grows_meanwhile_is_read_as_far_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let host = dir.path().join("store/c/h");
    Snapshot::of_the_reference(1_000).write(&host);
    let mut file = fs::File::create(host.join("current.wal")).unwrap();
    std::io::Write::write_all(&mut file, &log(Some(1), &[60])).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Half a record at a time, as fast as it goes, up to a size that the disk does not mind.
        scope.spawn(|| {
            let record = &log(None, &[120])[4..];
            let (first, second) = record.split_at(record.len() / 2);
            for _ in 0..1_000_000 {
                for half in [first, second] {
                    std::io::Write::write_all(&mut file, half).unwrap();
                }
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        for round in 0..5 {
            for args in ["verify store", "ls store", "dump store", "dump store/c/h/current.wal --format tsv"]
            {
                let ran = treering(dir.path(), &args.split(' ').collect::<Vec<_>>());
                assert_eq!(ran.code, Some(0), "{args}: {}", ran.stderr);
            }
            let new = format!("new{round}");
            for args in [
                ["convert", "store", &new, "--to", "json"],
                ["repair", "store", "--out", &format!("{new}.repaired"), "--write"],
            ] {
                let ran = treering(dir.path(), &args);
                assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
            }
            assert_eq!(treering(dir.path(), &["verify", &new]).code, Some(0));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

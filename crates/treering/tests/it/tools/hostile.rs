//! Files of gigabytes that are made to hurt whoever looks at them: every tool says what it is and ends, at once and in
//! little memory.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::every_tool::{ask, with_little_memory};
use super::made::{Snapshot, log, verdict};
use crate::program::process::treering;

fn sparse(path: &Path, begin: &[u8], len_bytes: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, begin).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_len(len_bytes).unwrap();
}

/// In the order in which they can be asked: `run` moves what is damaged out of the way.
#[test]
fn a_sparse_snapshot_of_4_gb_is_refused_for_its_magic_without_being_read() {
    let dir = tempfile::tempdir().unwrap();
    sparse(&dir.path().join("store/c/h/1.bin"), b"", 4 << 30);
    let wrong = "wrong magic at byte 0: 0xcc5b0001 expected, 0x00000000 found";
    ask(
        dir.path(),
        &[
            ("verify store/c/h/1.bin", 1, "damage bin-magic: store/c/h/1.bin at byte 0\n"),
            ("verify store", 1, wrong),
            ("ls store", 1, "1 file is damaged: treering verify says how"),
            ("dump store/c/h/1.bin", 1, wrong),
            ("dump store/c/h/1.bin --format tsv", 1, "error\twrong magic"),
            ("dump store/c/h/1.bin --json", 1, wrong),
            ("dump store", 1, wrong),
            ("convert store/c/h/1.bin new --to json", 1, wrong),
            ("convert store new --to json", 1, "store: nothing to convert"),
            ("repair store --out new", 1, "bytes 0 to 4294967296: wrong magic"),
            ("run --dir store --for 0s", 0, "1 file damaged"),
        ],
    );
    assert!(!dir.path().join("new").exists());
    assert_eq!(fs::metadata(dir.path().join("store/c/h/quarantine/1.bin")).unwrap().len(), 4 << 30);
}

#[test]
fn a_sparse_text_of_4_gb_is_refused_for_its_first_byte_without_being_read() {
    let dir = tempfile::tempdir().unwrap();
    sparse(&dir.path().join("store/c/h/1.json"), b"", 4 << 30);
    let wrong = "malformed at byte 0: a value expected, byte 0x00 found";
    ask(
        dir.path(),
        &[
            ("verify store/c/h/1.json", 1, "damage json-malformed: store/c/h/1.json at byte 0\n"),
            ("verify store", 1, wrong),
            ("ls store", 1, "1 file is damaged"),
            ("dump store/c/h/1.json", 1, wrong),
            ("dump store", 1, wrong),
            ("convert store/c/h/1.json new --to bin", 1, wrong),
            ("convert store new --to bin", 1, "store: nothing to convert"),
            ("repair store --out new", 1, "bytes 0 to 4294967296: malformed"),
            ("run --dir store --for 0s", 0, "1 file damaged"),
        ],
    );
}

#[test]
fn a_sparse_log_of_4_gb_is_one_whose_data_was_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let zeros = "log of 4294967296 bytes that are all zero";
    sparse(&dir.path().join("store/c/h/current.wal"), b"", 4 << 30);
    ask(
        dir.path(),
        &[
            ("verify store/c/h/current.wal", 0, "note wal-zeros: store/c/h/current.wal at byte 0\n"),
            ("verify store", 0, zeros),
            ("ls store", 0, "4294967296"),
            ("dump store/c/h/current.wal", 0, zeros),
            ("dump store/c/h/current.wal --format tsv", 0, zeros),
            ("dump store", 1, "store: nothing is stored here"),
            ("convert store/c/h/current.wal new --to json", 2, "is a log, which has one format"),
            ("convert store new --to json", 0, "new: 0 snapshots converted, 1 log copied"),
            ("repair store --out repaired", 1, zeros),
            ("run --dir store --for 0s", 0, "1 log ends in a torn record"),
        ],
    );
    // The copy takes as little room as what it was copied from.
    let copied = fs::metadata(dir.path().join("new/c/h/current.wal")).unwrap();
    assert_eq!(copied.len(), 4 << 30);
    assert!(std::os::unix::fs::MetadataExt::blocks(&copied) < 1 << 20, "{copied:?}");
}

#[test]
fn zeros_behind_a_log_cost_nothing_and_hide_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let sound = log(Some(1), &[60, 120]);
    sparse(&dir.path().join("store/c/h/current.wal"), &sound, 4 << 30);
    let left = format!("{} bytes of zero up to the end", (4_u64 << 30) - sound.len() as u64);
    ask(
        dir.path(),
        &[
            ("verify store", 0, &left),
            ("ls store", 0, "2     60   120       1"),
            ("dump store/c/h/current.wal", 0, "2 records of 1 series"),
            ("dump store", 0, "2 samples of 1 series on 1 host, from 0 snapshots and 1 log segment"),
            ("repair store --out new --write", 0, "new: 1 snapshot"),
            ("run --dir store --for 0s --retention 0", 0, "recovered 2 samples of 1 series on 1 host"),
        ],
    );
}

/// It is written for real: a file system may tell of holes.
#[test]
fn a_gigabyte_of_brackets_is_too_long_to_be_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store/c/h")).unwrap();
    let mut file = fs::File::create(dir.path().join("store/c/h/1.json")).unwrap();
    let piece = vec![b'['; 16 << 20];
    (0..64).for_each(|_| file.write_all(&piece).unwrap());
    drop(file);
    let long = "1073741824 bytes are more than the limit of 268435456";
    ask(
        dir.path(),
        &[
            ("verify store/c/h/1.json", 3, "unread too-large: store/c/h/1.json\n"),
            ("verify store", 3, long),
            ("ls store", 3, long),
            ("dump store/c/h/1.json", 3, long),
            ("dump store", 3, long),
            ("convert store/c/h/1.json new --to bin", 3, long),
            ("convert store new --to bin", 3, long),
            ("repair store --out new --write", 3, long),
            ("run --dir store --for 0s", 0, long),
        ],
    );
    // What was not read is not damaged, and stays.
    assert!(dir.path().join("store/c/h/1.json").is_file() && !dir.path().join("new").exists());
}

#[test]
fn as_many_brackets_as_a_text_may_have_end_at_the_limit_of_nesting() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store/c/h")).unwrap();
    for begin in ["", r#"{"x":"#, r#"{"metrics":"#, r#"{"children":{"a":"#] {
        let brackets = [begin.as_bytes(), &vec![b'['; 8 << 20]].concat();
        fs::write(dir.path().join("store/c/h/1.json"), brackets).unwrap();
        let nested = "at most 10000 objects and arrays inside each other";
        ask(
            dir.path(),
            &[
                ("verify store", 1, "damage json-limit: store/c/h/1.json at byte 100"),
                ("ls store", 1, "1 file is damaged"),
                ("dump store/c/h/1.json --json", 1, nested),
                ("dump store", 1, nested),
                ("convert store/c/h/1.json new --to bin", 1, nested),
                ("repair store --out new", 1, nested),
            ],
        );
    }
    ask(dir.path(), &[("run --dir store --for 0s", 0, "1 file damaged")]);
}

#[test]
fn the_end_of_a_long_file_makes_up_for_a_damaged_begin() {
    let dir = tempfile::tempdir().unwrap();
    let mut snapshot = Snapshot::new(1_000, 3, 2);
    // Longer than what is looked at from both ends.
    snapshot.path = (0..40).map(|level| format!("{level}{}", "x".repeat(40_000))).collect();
    let mut bytes = snapshot.bytes();
    assert!(bytes.len() > 3 << 20, "{}", bytes.len());
    bytes[0] ^= 1;
    fs::create_dir_all(dir.path().join("c/h")).unwrap();
    fs::write(dir.path().join("c/h/1000.bin"), bytes).unwrap();
    assert_eq!(
        verdict(dir.path(), &["."]),
        "exit 1: damaged\ndamage bin-structure-checksum ./c/h/1000.bin at 0",
        "every column is there by the trailer"
    );
    let ran = treering(dir.path(), &["dump", ".", "--format", "tsv"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(1), 2), "{}", ran.stderr);
}

#[test]
fn what_does_not_fit_into_memory_or_is_too_long_is_said_to_be_unread() {
    let dir = tempfile::tempdir().unwrap();
    let magic = [0x01, 0x00, 0x5b, 0xcc];
    sparse(&dir.path().join("c/h/1.bin"), &magic, 4 << 30);
    let ran = with_little_memory(dir.path(), "verify .");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stdout.contains("out of memory"), "{ran:?}");
    sparse(&dir.path().join("c/h/1.bin"), &magic, 9 << 30);
    assert_eq!(verdict(dir.path(), &["."]), "exit 3: unread\nunread too-large ./c/h/1.bin");
    let long = "9663676416 bytes are more than the limit of 8589934592";
    ask(
        dir.path(),
        &[
            ("ls .", 3, long),
            ("dump c/h/1.bin", 3, long),
            ("dump .", 3, long),
            ("convert c/h/1.bin new --to json", 3, long),
            ("run --dir . --for 0s", 0, long),
        ],
    );
}

//! `repair` of our own store, whose checksums tell what is damaged: to the byte.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use super::injury::{Injury, columns};
use crate::program::files::{self, listing};
use crate::program::process::{Ran, arg, dump_tsv, points, run_lines, run_open, treering};
use crate::program::samples::{LONG_AGO_S, Sender};

/// A store with two snapshots and a log on `alpha/n1`; returns what it holds.
fn make(dir: &Path) -> String {
    let mut sender = Sender::default();
    let mut lines = |from: i64| -> String {
        let times = (from..from + 20).map(|minute| LONG_AGO_S + 60 * minute);
        times.flat_map(|time_s| [0, 3].map(|series| sender.line(series, 60, time_s))).collect()
    };
    let (first, second, last) = (lines(0), lines(20), lines(40));
    run_lines(dir, &first, &["--retention", "0"]);
    run_lines(dir, &second, &["--retention", "0"]);
    let mut running = run_open(dir, &["--retention", "0"]);
    running.send(&last);
    running.wait_for_ack(40);
    running.kill();
    sender.samples.rows()
}

fn repair(at: &Path, more: &[&str]) -> Ran {
    treering(at, &[&["repair", "store", "--out", "new"], more].concat())
}

/// The damaged store's samples, and the new one's: they must be the same.
fn rescued(at: &Path) -> String {
    let rows = points(&at.join("new"));
    assert!(dump_tsv(&at.join("store"), &[]).stdout == rows);
    rows
}

#[test]
fn a_sound_store_is_copied_sample_by_sample() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let rows = make(&at.join("store"));
    let before = listing(at);
    let plan = repair(at, &[]);
    assert_eq!((plan.code, plan.stderr.as_str()), (Some(0), ""));
    assert!(listing(at) == before, "a plan writes nothing");
    let ran = repair(at, &["--write"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(rescued(at) == rows);
    let old: Vec<_> = listing(at).into_iter().filter(|(path, _)| !path.starts_with(at.join("new"))).collect();
    assert_eq!(old.len(), before.len());
    assert!(old.iter().skip(1).all(|(path, was)| before[path] == *was), "the old store is as it was");
    // A store like any other: it goes on.
    let ran = run_lines(
        &at.join("new"),
        "load,cluster=alpha,hostname=n1 value=1 1700009999\n",
        &["--retention", "0"],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_damaged_column_and_a_damaged_record_cost_just_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let rows = make(&at.join("store"));
    let host = at.join("store/alpha/n1");
    let snapshots: Vec<_> =
        files::files_below(&host).into_iter().filter(|file| files::is(file, "bin")).collect();
    assert_eq!(snapshots.len(), 2);
    // The last value of the newer snapshot's last column.
    let newer = host.join(&snapshots[1]);
    let column = columns(&fs::read(&newer).unwrap()).pop().unwrap();
    Injury::Flip(column.end - 2, 0x40).inflict(&newer);
    Injury::Flip(640, 0x01).inflict(&host.join("current.wal"));
    Injury::Tail(b"torn").inflict(&host.join("current.wal"));
    fs::write(host.join("notes.txt"), "not ours").unwrap();
    fs::write(host.join("9999999999.bin.tmp"), "unfinished").unwrap();
    fs::create_dir(host.join("quarantine")).unwrap();
    fs::write(host.join("quarantine/1.bin"), "set aside").unwrap();
    fs::write(at.join("store/stray"), "stray").unwrap();

    let ran = repair(at, &["--write"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(ran.stdout, @r#"
    file                  state     bytes  parts  samples
    alpha/n1: 99 samples of 2 series
      1700000000.bin      sound       395      2       40
      1700001200.bin      damaged     395      1       20
        bytes 145 to 251: column left out: checksum 0xc4d8c6a0 expected, 0x34a189a5 found, at level "core3", metric "load"
      9999999999.bin.tmp  not used     10      0        0
        bytes 0 to 10: a snapshot that was never finished
      current.wal         damaged    1477     41       39
        bytes 626 to 657: payload with checksum 0xb859fe27, 0x65cf27a2 expected; sound again at byte 657
        bytes 1473 to 1477: a frame's header is cut short: 4 bytes are left, 8 expected; nothing sound follows
      notes.txt           not used      8      0        0
        bytes 0 to 8: no file of a store has this name
      quarantine          not used      9      0        0
        bytes 0 to 9: damaged files, set aside when what was sound in them was safe elsewhere
    outside of all hosts
      stray               not used      5      0        0
        bytes 0 to 5: only directories are expected here

    99 samples of 2 series on 1 host
    7 files: 1 sound, 2 damaged, 0 unread, 4 not used
    2299 bytes: 2126 used, 141 lost, 32 that no store reads
    new: 1 snapshot, 715 bytes, exactly the samples above; store is as it was
    "#);
    let lost: Vec<_> = {
        let left = rescued(at);
        rows.lines().filter(|row| !left.contains(*row)).map(str::to_owned).collect()
    };
    // A column of twenty samples, and one record.
    assert_eq!(lost.len(), 21, "{lost:?}");
    assert_eq!(lost.iter().filter(|row| row.contains("/core3\t")).count(), 20, "{lost:?}");
}

#[test]
fn the_report_for_programs_names_every_byte_that_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    make(&at.join("store"));
    let host = at.join("store/alpha/n1");
    let snapshot = files::files_below(&host).into_iter().find(|file| files::is(file, "bin")).unwrap();
    let bytes = fs::read(host.join(&snapshot)).unwrap();
    let all = columns(&bytes);
    // Within a name, so that the tree's own lengths are of no help.
    Injury::Flip(all[0].start, 0xff).inflict(&host.join(&snapshot));
    let ran = repair(at, &["--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(report["written"].is_null());
    let file = &report["hosts"][0]["files"][0];
    assert_eq!((file["name"].as_str(), file["state"].as_str()), (Some(arg(&snapshot)), Some("damaged")));
    let lost = file["lost"].as_array().unwrap();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(
        (lost[0]["from"].as_u64(), lost[0]["to"].as_u64()),
        (Some(all[0].start as u64), Some(all[0].end as u64))
    );
    assert_eq!(lost[0]["rule"], "bin-column-checksum");
    assert_eq!(report["totals"]["bytes_lost"].as_u64(), Some(all[0].len() as u64));
    assert!(!at.join("new").exists());
}

#[test]
fn intervals_that_only_a_configuration_knows_can_be_given() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    files::copy(&files::input().join("store"), &at.join("store"), |file| files::is(file, "wal"));
    for (interval, new) in [("60", "minutes"), ("600", "tens")] {
        let out = ["repair", "store", "--out", new, "--write", "--default-interval", interval];
        let ran = treering(at, &out);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let rows = dump_tsv(&at.join("store"), &["--default-interval", interval]).stdout;
        assert!(points(&at.join(new)) == rows, "{interval}");
    }
    assert!(points(&at.join("minutes")) != points(&at.join("tens")));
}

#[test]
fn nothing_is_overwritten_and_nothing_is_made_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    make(&at.join("store"));
    fs::create_dir_all(at.join("full/of")).unwrap();
    fs::create_dir(at.join("bare")).unwrap();
    fs::create_dir(at.join("left.tmp")).unwrap();
    fs::write(at.join("file"), "").unwrap();
    for (from, to, code, part) in [
        ("store", "full", 4, "full exists"),
        ("store", "file", 4, "file exists"),
        ("store", "left", 4, "left.tmp exists"),
        ("store", "store/new", 2, "one in the other"),
        ("store", "store", 2, "one in the other"),
        ("store", ".", 2, "one in the other"),
        ("none", "new", 2, "cannot read none"),
        ("file", "new", 2, "not a directory"),
        ("store", "bare", 4, "bare exists"),
    ] {
        let before = listing(at);
        let ran = treering(at, &["repair", from, "--out", to, "--write"]);
        assert_eq!(ran.code, Some(code), "{from} {to}: {ran:?}");
        assert!(ran.stderr.contains(part), "{from} {to}: {ran:?}");
        assert!(listing(at) == before, "{from} {to}");
    }
    let names = |at: &Path| listing(at).into_keys().collect::<Vec<_>>();
    let before = names(at);
    let ran = treering(at, &["repair", "bare", "--out", "new", "--write"]);
    assert_eq!((ran.code, ran.said("bare: nothing is stored here").len()), (Some(1), 1), "{ran:?}");
    assert_eq!(names(at), before);
    let mut running = run_open(&at.join("store"), &["--retention", "0"]);
    running.send("\n");
    running.wait_for_ack(1);
    let ran = repair(at, &["--write"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.stderr.contains("store is in use by "), "{ran:?}");
    assert_eq!(repair(at, &[]).code, Some(0), "a plan needs no lock");
}

//! `verify` of directories: what files say of each other, what does not belong there, what the reference would say.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use treering_snapshot::Window;

use super::made::{Snapshot, log, verdict};

/// A store with one host, `c/h`.
struct Made {
    dir: tempfile::TempDir,
}

impl Made {
    fn new() -> Made {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("c/h")).unwrap();
        Made { dir }
    }

    fn of(snapshots: &[Snapshot]) -> Made {
        let made = Made::new();
        snapshots.iter().for_each(|snapshot| snapshot.write(&made.host()));
        made
    }

    fn host(&self) -> PathBuf {
        self.dir.path().join("c/h")
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.host().join(name), bytes).unwrap();
    }

    /// The verdict on the store, file names relative to the host's directory.
    fn verdict(&self) -> String {
        verdict(self.dir.path(), &["."]).replace("./c/h/", "")
    }
}

fn at(stem: i64) -> Snapshot {
    Snapshot::of_the_reference(stem)
}

#[test]
fn files_that_follow_each_other_need_no_word() {
    let made = Made::of(&[Snapshot::new(1_000, 3, 2), Snapshot::new(2_000, 4, 3), at(3_000)]);
    made.write("current.wal", &log(Some(5), &[3_300]));
    assert_eq!(made.verdict(), "exit 0: sound");
}

#[test]
fn a_column_that_no_series_can_hold_is_damage() {
    for (snapshot, rule) in [
        (Snapshot { interval_s: 0, ..at(0) }, "bin-column-interval"),
        (Snapshot { interval_s: -60, ..at(0) }, "bin-column-interval"),
        (Snapshot { interval_s: 1 << 32, ..at(0) }, "bin-column-interval"),
        (Snapshot { start_s: 1 << 54, ..at(0) }, "bin-column-time"),
        // The first value is within the limit, the last is not.
        (Snapshot { start_s: (1 << 53) - 60, ..at(0) }, "bin-column-time"),
    ] {
        let made = Made::of(&[Snapshot { stem: 7, window: Window { from_s: 7, to_s: 8 }, ..snapshot }]);
        // Behind the header, the host's own counts, a name and a count.
        assert_eq!(made.verdict(), format!("exit 1: damaged\ndamage {rule} 7.bin at 39"));
    }
    let last = Snapshot { start_s: (1 << 53) - 120, ..at(7) };
    assert_eq!(Made::of(&[last]).verdict(), "exit 0: sound");
}

#[test]
fn a_snapshot_that_came_from_elsewhere_is_noted() {
    let mut snapshot = Snapshot::new(1_000, 9, 8);
    snapshot.ours.as_mut().unwrap().host = "other".to_owned();
    let made = Made::of(&[snapshot]);
    // What it says of the log is not believed.
    made.write("sealed.9.wal", &log(Some(9), &[1_000]));
    assert_snapshot!(made.verdict(), @"
    exit 0: sound
    note other-host 1000.bin
    note reference-sealed-log sealed.9.wal
    ");

    let renamed = Snapshot { window: Window { from_s: 1_000, to_s: 1_180 }, ..at(2_000) };
    assert_eq!(Made::of(&[renamed]).verdict(), "exit 0: sound\nnote name-not-the-window 2000.bin");
    let open = Snapshot { window: Window { from_s: 1_000, to_s: 0 }, ..at(1_000) };
    assert_eq!(Made::of(&[open]).verdict(), "exit 0: sound\nnote reference-window-end 1000.bin");
}

#[test]
fn a_missing_snapshot_is_noted_unless_it_may_have_been_the_oldest() {
    let all = [Snapshot::new(1_000, 1, 0), Snapshot::new(2_000, 2, 1), Snapshot::new(3_000, 3, 2)];
    assert_eq!(Made::of(&all[1..]).verdict(), "exit 0: sound");
    let hole = Made::of(&[all[0].clone(), all[2].clone()]);
    assert_eq!(hole.verdict(), "exit 0: sound\nnote chain-hole 3000.bin");
    // It was set aside, or is there and damaged, or its number is lower than the one before.
    fs::create_dir(hole.host().join("quarantine")).unwrap();
    hole.write("quarantine/2000.bin.1", b"");
    assert_eq!(hole.verdict(), "exit 0: sound\nnote quarantine quarantine");
    fs::remove_dir_all(hole.host().join("quarantine")).unwrap();
    hole.write("2000.bin", b"");
    assert_eq!(hole.verdict(), "exit 1: damaged\ndamage bin-truncated 2000.bin at 0");
    let mut bytes = all[1].bytes();
    *bytes.last_mut().unwrap() ^= 1;
    hole.write("2000.bin", &bytes);
    assert_eq!(hole.verdict(), "exit 1: damaged\ndamage bin-trailer-broken 2000.bin at 80");
    let swapped = Made::of(&[Snapshot::new(1_000, 5, 4), Snapshot::new(2_000, 2, 1)]);
    assert_eq!(swapped.verdict(), "exit 0: sound\nnote chain-order 2000.bin");
}

#[test]
fn a_column_that_begins_before_the_one_in_the_file_before_is_refused_by_the_reference() {
    let early = Snapshot { start_s: 900, ..at(3_000) };
    let made = Made::of(&[at(1_000), Snapshot { metric: "other", ..at(2_000) }, early.clone()]);
    // The file between does not hold the column.
    assert_eq!(made.verdict(), "exit 0: sound\nnote order-of-starts 3000.bin");
    // Overlap is fine, and so is another level.
    assert_eq!(Made::of(&[at(1_000), Snapshot { start_s: 1_000, ..at(2_000) }]).verdict(), "exit 0: sound");
    let elsewhere = Snapshot { path: vec!["core1".to_owned()], ..early };
    assert_eq!(Made::of(&[at(1_000), elsewhere]).verdict(), "exit 0: sound");
    // Every host for itself.
    let made = Made::of(&[at(2_000)]);
    at(1_000).write(&made.dir.path().join("c/i"));
    assert_eq!(made.verdict(), "exit 0: sound");
}

#[test]
fn of_a_column_that_comes_twice_the_first_is_not_used() {
    let made = Made::new();
    let bytes = at(1_000).bytes();
    // Level `core0` begins at 28: one column of 37 bytes, no child.
    let column = &bytes[39..76];
    assert_eq!((&bytes[35..39], &column[2..5]), (&[1, 0, 0, 0][..], &b"ipc"[..]));
    let twice = [&bytes[..35], &[2, 0, 0, 0], column, &bytes[39..]].concat();
    made.write("1000.bin", &twice);
    assert_eq!(made.verdict(), "exit 1: damaged\ndamage bin-column-unusable 1000.bin at 39");
}

#[test]
fn sealed_segments_are_named_for_what_they_are() {
    let made = Made::of(&[Snapshot::new(1_000, 3, 2)]);
    made.write("sealed.3.wal", &log(Some(3), &[1_000]));
    made.write("sealed.4.wal", &log(Some(7), &[2_000]));
    made.write("sealed.5.wal", &log(None, &[3_000]));
    made.write("current.wal", &log(Some(5), &[4_000]));
    assert_snapshot!(made.verdict(), @"
    exit 0: sound
    note wal-covered sealed.3.wal
    note wal-generation sealed.4.wal
    note reference-sealed-log sealed.4.wal
    note reference-sealed-log sealed.5.wal
    note wal-generation current.wal
    ");
}

#[test]
fn everything_else_in_a_host_s_directory_is_noted_and_not_opened() {
    let made = Made::of(&[at(1_000)]);
    made.write("2000.bin.tmp", b"half");
    made.write("x.bin", b"");
    made.write("5.avro", b"");
    made.write("notes", b"");
    made.write("sealed.01.wal", b"");
    fs::create_dir(made.host().join("legacy")).unwrap();
    symlink("1000.bin", made.host().join("3000.bin")).unwrap();
    symlink("loop", made.host().join("loop")).unwrap();
    assert_snapshot!(made.verdict(), @"
    exit 0: sound
    note format-not-read 5.avro
    note unfinished-snapshot 2000.bin.tmp
    note foreign-entry legacy
    note name-not-a-number x.bin
    note foreign-entry notes
    note foreign-entry sealed.01.wal
    note foreign-entry 3000.bin
    note foreign-entry loop
    ");
}

#[test]
fn only_directories_may_lie_above_the_hosts() {
    let made = Made::of(&[at(1_000)]);
    fs::write(made.dir.path().join("lock"), "").unwrap();
    fs::write(made.dir.path().join("c/current.wal"), "").unwrap();
    symlink("h", made.dir.path().join("c/link")).unwrap();
    symlink("c", made.dir.path().join("link")).unwrap();
    fs::create_dir_all(made.dir.path().join("c/a\nb")).unwrap();
    assert_snapshot!(made.verdict(), @"
    exit 0: sound
    note reference-level-1-file ./link
    note reference-level-1-file ./lock
    note foreign-entry ./c/a
    b
    note reference-level-2-file ./c/current.wal
    note reference-level-2-file ./c/link
    ");
}

#[test]
fn a_host_a_cluster_and_a_store_are_told_apart() {
    let made = Made::of(&[Snapshot::new(1_000, 3, 2)]);
    // What could mislead: files above the hosts, a quarantine and other directories below one.
    fs::write(made.dir.path().join("current.wal"), "").unwrap();
    fs::write(made.dir.path().join("c/current.wal"), "").unwrap();
    fs::create_dir_all(made.host().join("quarantine")).unwrap();
    made.write("quarantine/900.bin", b"");
    fs::create_dir_all(made.host().join("legacy-avro-60")).unwrap();
    made.write("legacy-avro-60/60.avro", b"");
    let of_host = |path: &str| {
        let verdict = verdict(made.dir.path(), &[path]);
        let found = verdict.lines().filter(|line| !line.contains("reference-level"));
        found
            .map(|line| line.replace(&format!("{path}/"), "").replace("c/h/", "").replace("h/", ""))
            .collect::<Vec<_>>()
    };
    let expected = ["exit 0: sound", "note quarantine quarantine", "note foreign-entry legacy-avro-60"];
    for path in [".", "c", "c/h"] {
        assert_eq!(of_host(path), expected, "{path}");
    }
    // Cluster and host come from the whole path: the snapshot is of c/h.
    for dir in [made.host(), made.dir.path().join("c")] {
        let verdict = verdict(&dir, &["."]);
        assert!(verdict.starts_with("exit 0") && !verdict.contains("other-host"), "{verdict}");
    }
    assert!(verdict(Path::new("/"), &[made.host().to_str().unwrap()]).starts_with("exit 0"));
}

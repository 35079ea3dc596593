//! `run` without an input: this machine's own measurements.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::Path;

use super::files::{files_below, is};
use super::process::{Running, arg, command, dump_tsv, points, treering};

/// The times of all rows, and how many there are.
fn times(rows: &str) -> (BTreeSet<i64>, usize) {
    let times = rows.lines().map(|row| row.split('\t').nth(3).unwrap().parse().unwrap());
    (times.collect(), rows.lines().count())
}

/// Waits until measurements of `seconds` seconds are in the log: each look is a whole run of `dump`.
fn wait_for_seconds(dir: &Path, seconds: usize) -> String {
    for _ in 0..5_000 {
        let ran = dump_tsv(dir, &[]);
        if times(&ran.stdout).0.len() >= seconds {
            return ran.stdout;
        }
    }
    panic!("no measurements");
}

#[test]
fn measurements_of_every_second_survive_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let running = Running::of(command().args(["run", "--dir", arg(&store)]));
    let seen = wait_for_seconds(&store, 3);
    let ran = running.kill();
    assert_eq!((ran.code, ran.stdout.as_str()), (None, ""));
    assert_eq!(ran.said("measuring this machine every second as local/").len(), 1, "{ran:?}");
    assert!(files_below(&store).iter().all(|file| is(file, "wal")), "no snapshot existed");

    let before = points(&store);
    assert!(seen.lines().all(|row| before.contains(row)));
    let (seconds, rows) = times(&before);
    assert!(rows >= seconds.len() * 2, "{rows} rows of {seconds:?}");
    // A machine that is too busy may miss a second, but not every other one.
    assert!(seconds.iter().any(|second| seconds.contains(&(second + 1))), "{seconds:?}");
    assert!(before.lines().all(|row| row.starts_with("point\tlocal/")));

    let ran = treering(dir.path(), &["run", "--dir", "store", "--for", "10ms"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.said("recovered").len(), 1, "{ran:?}");
    let after = points(&store);
    assert!(before.lines().all(|row| after.contains(row)));
}

#[test]
fn it_measures_beside_an_input_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = super::process::run_open(dir.path(), &["--collect"]);
    running.send("load,cluster=c,host=h value=1\n");
    running.wait_for_ack(1);
    wait_for_seconds(dir.path(), 2);
    running.close_input();
    let ran = running.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let rows = points(dir.path());
    assert_eq!(rows.lines().filter(|row| row.starts_with("point\tc/h\tload\t")).count(), 1);
    assert!(rows.lines().any(|row| row.starts_with("point\tlocal/")));
}

//! `verify` and `ls` of a store that is in use: no lock, no change, no false alarm.

use serde_json::Value;

use super::made::{verdict, verify};
use crate::program::files;
use crate::program::process::{run_open, treering};
use crate::program::samples::{LONG_AGO_S, Sender};

#[test]
fn a_store_that_runs_and_checkpoints_is_sound_at_every_moment() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    let mut running = run_open(dir.path(), &["--retention", "0", "--checkpoint-interval", "20ms"]);
    for round in 1..=10_u64 {
        running.send(&sender.lines(300, 60, &mut now_s));
        running.wait_for_ack((round - 1) * 300 + 1);
        let (ran, lines) = verify(dir.path(), &["."]);
        // Only what a checkpoint leaves for a moment.
        let moment = ["unfinished-snapshot", "reference-sealed-log", "wal-covered"];
        let (_, findings) = lines.split_last().unwrap();
        for finding in findings {
            assert!(moment.contains(&finding["rule"].as_str().unwrap()), "{finding}");
        }
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let ran = treering(dir.path(), &["ls", ".", "--json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(listed["totals"]["damaged_files"], 0);
    }
    running.close_input();
    assert_eq!(running.end().code, Some(0));
    assert_eq!(verdict(dir.path(), &["."]), "exit 0: sound");
}

#[test]
fn looking_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    files::copy(&files::input().join("store"), dir.path(), |_| true);
    std::fs::copy(files::input().join("damaged/zero.bin"), dir.path().join("alpha/n000/1.bin")).unwrap();
    let before = files::listing(dir.path());
    assert_eq!(treering(dir.path(), &["verify", "."]).code, Some(1));
    assert_eq!(treering(dir.path(), &["ls", "."]).code, Some(1));
    assert!(files::listing(dir.path()) == before);
}

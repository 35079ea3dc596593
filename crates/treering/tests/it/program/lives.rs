//! Several lives of one store: clean stops, kill -9, and a second process that comes too early.

use super::files::{files_below, is};
use super::process::{points, run_lines, run_open};
use super::samples::{LONG_AGO_S, Sender};

const KEEP: [&str; 2] = ["--retention", "0"];

#[test]
fn every_life_that_ends_cleanly_gives_all_samples_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    for life in 0..5 {
        let ran = run_lines(dir.path(), &sender.lines(400, 60, &mut now_s), &KEEP);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.said("recovered").len(), usize::from(life > 0), "{ran:?}");
        assert_eq!(ran.said("400 samples stored, 0 refused").len(), 1, "{ran:?}");
        assert!(points(dir.path()) == sender.samples.rows(), "life {life}");
        // Of a clean stop only snapshots are left.
        let files = files_below(dir.path());
        assert!(files.iter().all(|file| is(file, "bin")), "{files:?}");
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9_under_every_policy() {
    for policy in ["always", "interval", "never"] {
        let dir = tempfile::tempdir().unwrap();
        let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
        for life in 0..3 {
            let mut running = run_open(dir.path(), &["--retention", "0", "--sync", policy]);
            let mut lines = 0;
            for _ in 0..4 {
                running.send(&sender.lines(50, 60, &mut now_s));
                lines += 50;
                running.wait_for_ack(lines);
            }
            let ran = running.kill();
            assert_eq!(ran.code, None, "{ran:?}");
            assert_eq!(ran.said("recovered").len(), usize::from(life > 0), "{ran:?}");
            assert!(points(dir.path()) == sender.samples.rows(), "{policy}, life {life}");
        }
        assert_eq!(run_lines(dir.path(), "", &KEEP).code, Some(0));
        assert!(points(dir.path()) == sender.samples.rows(), "{policy}, after a clean stop");
    }
}

#[test]
fn kill_9_between_two_acknowledgements_loses_no_line_before_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut sender = Sender::default();
    let mut before = sender.clone();
    let mut running = run_open(dir.path(), &KEEP);
    // One series, so that a sample's place in the lines is its slot.
    let lines: Vec<String> = (0..4_000).map(|index| sender.line(0, 60, LONG_AGO_S + index * 60)).collect();
    running.send(&lines.concat());
    let mut acked = running.wait_for_ack(1);
    for line in running.kill().stdout.lines() {
        acked = acked.max(super::process::acked(line));
    }
    let held = points(dir.path());
    for index in 0..i64::try_from(acked).unwrap() {
        before.line(0, 60, LONG_AGO_S + index * 60);
    }
    assert!(held.starts_with(&before.samples.rows()), "{acked} acknowledged");
    assert!(sender.samples.rows().starts_with(&held));
    // What was not acknowledged is there or not; it is sent again.
    assert_eq!(run_lines(dir.path(), &lines.concat(), &KEEP).code, Some(0));
    assert!(points(dir.path()) == sender.samples.rows());
}

#[test]
fn a_second_process_is_refused_and_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut sender = Sender::default();
    let mut running = run_open(dir.path(), &KEEP);
    running.send(&sender.line(0, 60, LONG_AGO_S));
    running.wait_for_ack(1);
    let ran = run_lines(dir.path(), "", &KEEP);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "{ran:?}");
    assert_eq!(ran.said("in use by").len(), 1, "{ran:?}");
    if cfg!(target_os = "linux") {
        assert_eq!(ran.said(&format!("process {} (treering)", running.id())).len(), 1, "{ran:?}");
    }
    // The first one is not disturbed.
    running.send(&sender.line(1, 60, LONG_AGO_S));
    running.wait_for_ack(2);
    running.close_input();
    assert_eq!(running.end().code, Some(0));
    assert!(points(dir.path()) == sender.samples.rows());
    // And behind it the store is free.
    assert_eq!(run_lines(dir.path(), "", &KEEP).code, Some(0));
}

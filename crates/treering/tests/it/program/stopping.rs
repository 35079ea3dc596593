//! What ends a run while its input is still open, and what it leaves.

use std::path::Path;

use rustix::process::Signal;

use super::files::{files_below, is};
use super::process::{Ran, points, run_lines, run_open};
use super::samples::{LONG_AGO_S, Sender};

fn check_clean(dir: &Path, ran: &Ran, sender: &Sender) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.said("last checkpoint: ").len(), 1, "{ran:?}");
    let files = files_below(dir);
    assert!(files.iter().all(|file| is(file, "bin")), "{files:?}");
    assert!(points(dir) == sender.samples.rows());
}

#[test]
fn both_signals_stop_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let dir = tempfile::tempdir().unwrap();
        let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
        let mut running = run_open(dir.path(), &["--retention", "0"]);
        running.send(&sender.lines(100, 60, &mut now_s));
        running.wait_for_ack(100);
        assert!(files_below(dir.path()).iter().any(|file| is(file, "wal")));
        running.signal(signal);
        check_clean(dir.path(), &running.end(), &sender);
    }
}

#[test]
fn the_time_that_was_given_stops_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let mut sender = Sender::default();
    let mut running = run_open(dir.path(), &["--retention", "0", "--for", "2s"]);
    running.send(&sender.line(0, 60, LONG_AGO_S));
    let ran = running.end();
    assert_eq!(ran.stdout, "ack 1\n");
    check_clean(dir.path(), &ran, &sender);
}

#[test]
fn a_stop_with_nothing_to_write_leaves_the_files_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    run_lines(dir.path(), &sender.lines(50, 60, &mut now_s), &["--retention", "0"]);
    let before = super::files::listing(dir.path());
    let running = run_open(dir.path(), &["--retention", "0", "--for", "10ms"]);
    check_clean(dir.path(), &running.end(), &sender);
    assert!(super::files::listing(dir.path()) == before);
}

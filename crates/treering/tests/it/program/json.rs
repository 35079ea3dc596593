//! `run --file-format json`: snapshots that people can read, no log, and the way there and back.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::files::{files_below, is};
use super::process::{Ran, Running, Stream, command, points, run_lines, run_open, treering};
use super::samples::{LONG_AGO_S, Sender};

const KEEP: [&str; 2] = ["--retention", "0"];

/// `run --file-format json` with an input that stays open.
fn json_open(dir: &Path, more: &[&str]) -> Running {
    let args = ["run", "--file-format", "json", "--retention", "0", "--input", "-"];
    Running::of(command().args(args).args(more).arg("--dir").arg(dir).stdin(Stdio::piped()))
}

fn json_lines(dir: &Path, lines: &str, more: &[&str]) -> Ran {
    let mut running = json_open(dir, more);
    running.send(lines);
    running.close_input();
    running.end()
}

fn one_extension(dir: &Path, extension: &str) {
    let files = files_below(dir);
    assert!(!files.is_empty() && files.iter().all(|file| is(file, extension)), "{files:?}");
}

#[test]
fn lives_in_json_leave_only_json_and_give_every_bit_back_late_samples_included() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    for life in 0..4 {
        let late = if life > 0 { sender.line(0, 60, LONG_AGO_S + 60 * life) } else { String::new() };
        let ran = json_lines(dir.path(), &(late + &sender.lines(300, 60, &mut now_s)), &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
        assert!(points(dir.path()) == sender.samples.rows(), "life {life}");
        one_extension(dir.path(), "json");
    }
}

#[test]
fn one_decimal_is_what_the_reference_writes() {
    let dir = tempfile::tempdir().unwrap();
    let line = format!(
        "load,cluster=c,hostname=h value=0.04 {LONG_AGO_S}\nmem,cluster=c,hostname=h value=7.25 {LONG_AGO_S}\n"
    );
    assert_eq!(json_lines(dir.path(), &line, &["--decimals", "1"]).code, Some(0));
    let file = dir.path().join(&files_below(dir.path())[0]);
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("[0.0]") && text.contains("[7.2]"), "{text}");
    // Without the option the same samples are exact.
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(json_lines(dir.path(), &line, &[]).code, Some(0));
    let text = fs::read_to_string(dir.path().join(&files_below(dir.path())[0])).unwrap();
    assert!(text.contains("[0.04]") && text.contains("[7.25]"), "{text}");
}

#[test]
fn a_log_that_a_killed_process_left_is_in_the_json_and_the_way_back_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    // With a log; killed.
    let mut running = run_open(dir.path(), &KEEP);
    running.send(&sender.lines(200, 60, &mut now_s));
    running.wait_for_ack(200);
    assert_eq!(running.kill().code, None);
    // Without one; killed, too: the log is still there.
    let mut running = json_open(dir.path(), &[]);
    running.wait_for(Stream::Err, |line| line.contains("recovered"));
    assert_eq!(running.kill().code, None);
    assert!(points(dir.path()) == sender.samples.rows());
    // Without one, stopped.
    assert_eq!(json_lines(dir.path(), &sender.lines(200, 60, &mut now_s), &[]).code, Some(0));
    assert!(points(dir.path()) == sender.samples.rows());
    one_extension(dir.path(), "json");
    // With a log again: JSON and binary snapshots beside each other.
    assert_eq!(run_lines(dir.path(), &sender.lines(200, 60, &mut now_s), &KEEP).code, Some(0));
    let mut running = run_open(dir.path(), &KEEP);
    running.send(&sender.lines(200, 60, &mut now_s));
    running.wait_for_ack(200);
    assert_eq!(running.kill().code, None);
    assert!(points(dir.path()) == sender.samples.rows());
    let files = files_below(dir.path());
    for extension in ["json", "bin", "wal"] {
        assert!(files.iter().any(|file| is(file, extension)), "{files:?}");
    }
}

#[test]
fn what_needs_a_log_is_refused_without_one_wherever_json_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let config = r#"{"metrics":{},"metric-store":{"retention-in-memory":"1h","memory-cap":0,
        "checkpoints":{"file-format":"json"}}}"#;
    fs::write(dir.path().join("config.json"), config).unwrap();
    fs::write(dir.path().join("in.lp"), "").unwrap();
    for asked in [["--file-format", "json"], ["--config", "config.json"]] {
        for needs_log in [&["--sync", "never"][..], &["--acks"]] {
            let args = [&["run", "--input", "in.lp"], &asked[..], needs_log].concat();
            let ran = treering(dir.path(), &args);
            assert_eq!((ran.code, ran.said("there is no log").len()), (Some(2), 1), "{args:?}: {ran:?}");
        }
    }
    let ran = treering(dir.path(), &["run", "--input", "in.lp", "--decimals", "1"]);
    assert_eq!((ran.code, ran.said("--file-format json").len()), (Some(2), 1), "{ran:?}");
    assert!(!dir.path().join("var").exists());
    // Arguments win over the configuration.
    let args = ["run", "--input", "in.lp", "--config", "config.json", "--file-format", "wal", "--acks"];
    assert_eq!(treering(dir.path(), &args).code, Some(0));
}

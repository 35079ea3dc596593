//! `run --input`: lines become samples, and acknowledgements say up to which line.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::process::{Running, acked, command, points, run_lines, run_open, treering};
use super::samples::{LONG_AGO_S, Sender};

#[test]
fn acknowledgements_come_while_the_input_stays_open_and_count_every_line() {
    for policy in ["always", "interval", "never"] {
        let dir = tempfile::tempdir().unwrap();
        let mut sender = Sender::default();
        let mut running = run_open(dir.path(), &["--retention", "0", "--sync", policy]);
        running.send(&sender.line(0, 60, LONG_AGO_S));
        assert_eq!(running.wait_for_ack(1), 1, "{policy}");
        // Refused lines, empty ones and comments have numbers like others.
        running.send("no sample\n\n# nothing\n");
        running.send(&sender.line(1, 60, LONG_AGO_S));
        assert_eq!(running.wait_for_ack(5), 5, "{policy}");
        assert!(points(dir.path()) == sender.samples.rows(), "{policy}");
        running.close_input();
        let ran = running.end();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.said("line 2 refused").len(), 1, "{ran:?}");
    }
}

#[test]
fn a_line_without_its_end_is_not_acknowledged_before_the_end_of_the_input() {
    let dir = tempfile::tempdir().unwrap();
    let mut sender = Sender::default();
    let mut running = run_open(dir.path(), &["--retention", "0"]);
    let (first, second) = (sender.line(0, 60, LONG_AGO_S), sender.line(1, 60, LONG_AGO_S));
    running.send(&first);
    running.send(second.trim_end());
    assert_eq!(running.wait_for_ack(1), 1);
    assert_eq!(points(dir.path()).lines().count(), 1);
    running.close_input();
    let ran = running.end();
    assert_eq!((ran.code, acked(ran.stdout.lines().last().unwrap())), (Some(0), 2));
    assert!(points(dir.path()) == sender.samples.rows());
}

#[test]
fn acknowledgements_only_go_up_and_end_with_the_last_line() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    let ran = run_lines(dir.path(), &sender.lines(2_000, 60, &mut now_s), &["--retention", "0"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let acks: Vec<u64> = ran.stdout.lines().map(acked).collect();
    assert!(acks.is_sorted_by(|a, b| a < b), "{acks:?}");
    assert_eq!(acks.last(), Some(&2_000));
    assert!(points(dir.path()) == sender.samples.rows());
}

#[test]
fn a_file_is_read_to_its_end_and_nothing_is_acknowledged_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    fs::write(dir.path().join("batch.lp"), sender.lines(500, 60, &mut now_s)).unwrap();
    let ran = treering(dir.path(), &["run", "--dir", "store", "--input", "batch.lp", "--retention", "0"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(ran.said("500 samples stored, 0 refused").len(), 1, "{ran:?}");
    assert!(points(&dir.path().join("store")) == sender.samples.rows());
}

#[test]
fn a_line_without_a_time_is_of_now_and_units_of_time_are_recognised() {
    let dir = tempfile::tempdir().unwrap();
    let now_s = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let before_s = now_s();
    let lines = format!(
        "stamped,cluster=c,host=h value=1\n\
         ms,cluster=c,host=h value=1 {before_s}999\n\
         us,cluster=c,host=h value=1 {before_s}999999\n\
         ns,cluster=c,host=h value=1 {before_s}999999999\n"
    );
    let ran = run_lines(dir.path(), &lines, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let rows = points(dir.path());
    let times: Vec<(&str, u64)> = rows
        .lines()
        .map(|row| row.split('\t').collect::<Vec<_>>())
        .map(|fields| (fields[2], fields[3].parse().unwrap()))
        .collect();
    assert_eq!(times[..3], [("ms", before_s), ("ns", before_s), ("stamped", times[2].1)]);
    assert!((before_s..=now_s()).contains(&times[2].1), "{times:?}");
    assert_eq!(times[3], ("us", before_s));
}

#[test]
fn tags_name_the_levels() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "\
        m,cluster=c,hostname=h value=1 1700000000\n\
        n,cluster=c,host=h,type=node,type-id=7 value=1 1700000000\n\
        m,cluster=c,hostname=h,type=accelerator,type-id=00000000:49:00.0,stype=link,stype-id=0,unit=x value=1 1700000000\n\
        m,cluster=c,hostname=h,type=mount,type-id=/var/50% value=1 1700000000\n";
    run_lines(dir.path(), lines, &["--retention", "0"]);
    insta::assert_snapshot!(points(dir.path()), @"
    point	c/h	m	1700000000	3f800000
    point	c/h	n	1700000000	3f800000
    point	c/h/accelerator00000000:49:00.0/link0	m	1700000000	3f800000
    point	c/h/mount%2Fvar%2F50%25	m	1700000000	3f800000
    ");
}

#[test]
fn a_reader_of_acknowledgements_who_is_gone_takes_no_sample_along() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    fs::write(dir.path().join("batch.lp"), sender.lines(100, 60, &mut now_s)).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = command();
    command.current_dir(dir.path()).args(["run", "--dir", "store", "--input", "batch.lp", "--acks"]);
    let running = Running::of(command.args(["--retention", "0"]).stdout(writer));
    let ran = running.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(points(&dir.path().join("store")) == sender.samples.rows());
}

//! `dump` of a directory that is in use: it takes no lock, changes nothing, and may be cut off by its reader.

use std::io::Read;
use std::process::Stdio;

use super::files;
use super::process::{Running, arg, command, dump_tsv, points, run_lines, run_open};
use super::samples::{LONG_AGO_S, Sender};

#[test]
fn what_was_acknowledged_is_seen_while_the_store_runs() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    run_lines(dir.path(), &sender.lines(60, 60, &mut now_s), &["--retention", "0"]);
    let mut running = run_open(dir.path(), &["--retention", "0"]);
    let mut lines = 0;
    for _ in 0..3 {
        running.send(&sender.lines(40, 60, &mut now_s));
        lines += 40;
        running.wait_for_ack(lines);
        assert!(points(dir.path()) == sender.samples.rows());
    }
    running.close_input();
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn it_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    files::copy(&files::input().join("store"), dir.path(), |_| true);
    // A log behind which damage and a torn tail lie, and a snapshot to be set aside by a real start.
    let host = dir.path().join("alpha").join("n000");
    std::fs::copy(files::input().join("wal-torn/current.wal"), host.join("current.wal")).unwrap();
    std::fs::copy(files::input().join("damaged/zero.bin"), host.join("1600000000.bin")).unwrap();
    let before = files::listing(dir.path());
    assert_eq!(dump_tsv(dir.path(), &[]).code, Some(1));
    assert!(files::listing(dir.path()) == before);

    let mut running = run_open(dir.path(), &["--retention", "0"]);
    running.send(&Sender::default().line(0, 60, LONG_AGO_S));
    running.wait_for_ack(1);
    // `interval` syncs, which changes neither names nor content.
    let before = files::listing(dir.path());
    assert_eq!(dump_tsv(dir.path(), &[]).code, Some(1));
    assert!(files::listing(dir.path()) == before);
    running.close_input();
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn a_store_starts_while_a_dump_is_not_done() {
    let dir = tempfile::tempdir().unwrap();
    files::copy(&files::input().join("store"), dir.path(), |file| files::is(file, "bin"));
    // Nobody reads its output, which is far more than a pipe holds.
    let mut dump = command();
    let mut dump = dump.args(["dump", "--format", "tsv", arg(dir.path())]).spawn().unwrap();
    let mut first = [0];
    dump.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let ran = run_lines(dir.path(), &Sender::default().line(0, 60, LONG_AGO_S), &["--retention", "0"]);
    assert!(dump.try_wait().unwrap().is_none(), "the dump has more to say");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    dump.kill().unwrap();
    dump.wait().unwrap();
}

#[test]
fn a_reader_who_has_enough_is_no_error() {
    for path in ["store", "host/1700000000.bin", "wal/current.wal"] {
        for format in ["tsv", "text"] {
            let mut command = command();
            command.args(["dump", "--format", format, arg(&files::input().join(path))]);
            // The reading end is closed before anything is written.
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let running = Running::of(command.stdout(Stdio::from(writer)));
            drop(command);
            let ran = running.end();
            assert_eq!(ran.code, Some(0), "{path} {format}: {ran:?}");
            assert!(ran.said("error").is_empty(), "{ran:?}");
        }
    }
}

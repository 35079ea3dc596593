//! Whoever reads the output may have enough of it; a disk that takes none of it is told.

use std::fs::File;
use std::process::Stdio;

use crate::program::files;
use crate::program::process::{Ran, Running, command, treering};

const ALL: [&[&str]; 13] = [
    &["--help"],
    &["verify", "--help"],
    &["--version"],
    &["completions", "bash"],
    &["man"],
    &["ls", "store"],
    &["ls", "store", "--files", "--json"],
    &["dump", "store", "--format", "tsv"],
    &["dump", "store", "--json"],
    &["dump", "host/1700000000.json", "--format", "tsv"],
    &["dump", "wal/current.wal", "--json"],
    &["verify", "store", "wal/current.wal"],
    &["repair", "store", "--out", "nowhere", "--json"],
];

fn with_output(args: &[&str], output: Stdio) -> Ran {
    Running::of(command().current_dir(files::input()).args(args).stdout(output)).end()
}

#[test]
fn a_pipe_that_is_closed_is_no_error() {
    for args in ALL {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = with_output(args, writer.into());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn nobody_who_listens_to_errors_is_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    // Something to be warned of.
    std::fs::create_dir_all(dir.path().join("store/c/h")).unwrap();
    std::fs::copy(files::input().join("damaged/magic.bin"), dir.path().join("store/c/h/1.bin")).unwrap();
    for (args, code) in [
        (&["frobnicate"][..], 2),
        (&["dump", "nothing"], 2),
        (&["ls", "nothing"], 2),
        (&["verify", "nothing.bin"], 2),
        (&["run", "--for", "0s", "--input", "nothing"], 2),
        (&["run", "--for", "0s", "--dir", "store"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Running::of(command().current_dir(dir.path()).args(args).stderr(writer)).end();
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
    }
    assert!(dir.path().join("store/c/h/quarantine/1.bin").is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    for args in ALL {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = with_output(args, full.into());
        assert_eq!(ran.code, Some(3), "{args:?}: {ran:?}");
        assert_eq!(ran.said("error: cannot write the output: ").len(), 1, "{args:?}: {ran:?}");
    }
}

#[test]
fn data_goes_to_one_stream_and_words_to_the_other() {
    let dir = tempfile::tempdir().unwrap();
    files::copy(&files::input(), dir.path(), |_| true);
    for (args, data) in [
        (&["dump", "damaged/truncated.bin", "--format", "tsv"][..], true),
        (&["dump", "nothing"], false),
        (&["convert", "store", "new", "--to", "json", "--decimals", "1"], false),
        (&["ls", "damaged"], false),
    ] {
        let ran = treering(dir.path(), args);
        assert_eq!(!ran.stdout.is_empty(), data, "{args:?}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}: {ran:?}");
        assert!(!ran.stdout.contains("damage:") && !ran.stdout.contains("lost:"), "{args:?}");
    }
}

//! Names that are far too long, and levels far too deep: bounded, told in few words, nobody else's business.

use std::fs;
use std::path::Path;

use super::every_tool::ask;
use super::made::{Snapshot, frame, log, payload, verdict};
use crate::program::process::{arg, run_lines, treering};

/// A snapshot of the reference's with so many levels below each other.
fn nested(levels: usize) -> Vec<u8> {
    let mut bytes = Snapshot::of_the_reference(0).bytes()[..20].to_vec();
    for _ in 0..levels {
        // No column, one child, its name.
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 1, 0, b'l']);
    }
    bytes.extend([0; 8]);
    bytes
}

/// The same as a text, with a column in its first and its last level.
fn nested_text(levels: usize) -> String {
    let column = r#""metrics":{"m":{"frequency":60,"start":60,"data":[1]}}"#;
    let begin = format!(r#"{{{column},"children":{{"l":"#);
    format!("{begin}{}{{{column}}}{}", r#"{"children":{"l":"#.repeat(levels - 1), "}}".repeat(levels))
}

fn host(at: &Path) -> std::path::PathBuf {
    let host = at.join("store/c/h");
    fs::create_dir_all(&host).unwrap();
    host
}

#[test]
fn ten_thousand_levels_are_one_finding() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(host(dir.path()).join("0.bin"), nested(10_000)).unwrap();
    // The 65th name: 64 levels of 11 bytes and the counts before it.
    let offset = 20 + 64 * 11 + 8;
    let expected = format!("exit 1: damaged\ndamage bin-depth store/c/h/0.bin at {offset}");
    assert_eq!(verdict(dir.path(), &["store"]), expected);
    let deep = "more than 64 levels deep";
    let len = nested(10_000).len();
    // From its name on to its end, which is that of all levels.
    let unused = format!("bytes {offset} to {len}: level left out: {deep}");
    ask(
        dir.path(),
        &[
            ("ls store", 1, "1 file is damaged"),
            ("dump store/c/h/0.bin", 1, deep),
            ("dump store", 1, deep),
            ("convert store/c/h/0.bin new --to json", 1, deep),
            ("repair store --out repaired", 1, &unused),
            ("run --dir store --for 0s", 0, "1 file damaged"),
        ],
    );
}

#[test]
fn ten_thousand_levels_of_text_are_cut_at_the_limit_of_nesting() {
    let dir = tempfile::tempdir().unwrap();
    // 5,000 levels are 10,000 braces: the most that can be told from an attack.
    for (levels, what) in [(4_998, "more than 64 levels deep"), (10_000, "at most 10000 objects and arrays")]
    {
        fs::write(host(dir.path()).join("0.json"), nested_text(levels)).unwrap();
        let _ = fs::remove_dir_all(dir.path().join("new"));
        ask(
            dir.path(),
            &[
                ("verify store", 1, what),
                ("ls store", 1, "1 file is damaged"),
                ("dump store/c/h/0.json --format tsv", 1, "column\t\tm\t60\t60\t1\t3f800000"),
                ("dump store", 1, "1 sample of 1 series on 1 host"),
                ("repair store --out new --write", 1, "new: 1 snapshot"),
            ],
        );
        assert_eq!(treering(dir.path(), &["dump", "new", "--format", "tsv"]).stdout.lines().count(), 1);
    }
}

#[test]
fn a_record_with_more_levels_than_any_series_has_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let deep = frame(&payload(60, "m", &["l"; 200], &[]));
    let bytes = [&log(None, &[60])[..], &deep, &log(None, &[120])[4..]].concat();
    fs::write(host(dir.path()).join("current.wal"), bytes).unwrap();
    let what = "record of 200 levels, at most 64 allowed";
    ask(
        dir.path(),
        &[
            ("verify store", 1, what),
            ("ls store", 1, "1 file is damaged"),
            ("dump store/c/h/current.wal", 1, what),
            ("dump store", 1, "2 samples of 1 series"),
            ("repair store --out new --write", 1, what),
        ],
    );
}

#[test]
fn names_as_long_as_a_file_can_have_are_kept_and_shown_in_brief() {
    let dir = tempfile::tempdir().unwrap();
    let long = "n".repeat(65_535);
    let snapshot = Snapshot { path: vec![long.clone()], ..Snapshot::of_the_reference(1_000) };
    snapshot.write(&host(dir.path()));
    let ran = treering(dir.path(), &["dump", "store/c/h/1000.bin"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains(&format!("{}.../", "n".repeat(64))), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.len() < 200), "{}", ran.stdout);
    // Whoever wants it whole gets it whole.
    for args in [&["dump", "store/c/h/1000.bin", "--json"][..], &["dump", "store", "--format", "tsv"]] {
        assert!(treering(dir.path(), args).stdout.contains(&long), "{args:?}");
    }
    // No log can have it, so that a store can hold it only as long as it is in a file.
    assert_eq!(verdict(dir.path(), &["store"]), "exit 0: sound");
    assert_eq!(treering(dir.path(), &["repair", "store", "--out", "new", "--write"]).code, Some(0));
    assert!(treering(dir.path(), &["dump", "new", "--format", "tsv"]).stdout.contains(&long));
}

#[test]
fn a_name_beyond_what_a_reader_takes_costs_its_column_and_few_words() {
    let dir = tempfile::tempdir().unwrap();
    let (long, column) = ("n".repeat(1 << 20), r#"{"frequency":60,"start":60,"data":[1]}"#);
    let text = format!(r#"{{"metrics":{{"{long}":{column},"sound":{column}}}}}"#);
    fs::write(host(dir.path()).join("60.json"), &text).unwrap();
    let ran = treering(dir.path(), &["verify", "store"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("at most 65535 bytes expected, 1048576 found"), "{}", ran.stdout);
    assert!(ran.stdout.len() < 2_000, "{}", ran.stdout.len());
    for args in [&["dump", "store/c/h/60.json"][..], &["repair", "store", "--out", "new"], &["ls", "store"]] {
        let ran = treering(dir.path(), args);
        assert_eq!(ran.code, Some(1), "{args:?}: {ran:?}");
        assert!(ran.stdout.len() + ran.stderr.len() < 4_000, "{args:?}");
    }
    ask(dir.path(), &[("dump store", 1, "1 sample of 1 series on 1 host")]);
}

#[test]
fn names_that_no_directory_can_have_are_refused_by_line_and_as_arguments() {
    let dir = tempfile::tempdir().unwrap();
    let long = "n".repeat(256);
    let line = format!("load,cluster=c,hostname={long} value=1 60\n");
    let ran = run_lines(&dir.path().join("store"), &line, &["--retention", "0"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.said("line 1 refused (bad_name): host name").len(), 1, "{ran:?}");
    let too_long = "File name too long";
    for args in [
        &["verify", &long][..],
        &["ls", &long],
        &["dump", &long],
        &["convert", &long, "new", "--to", "json"],
        &["convert", arg(&dir.path().join("store")), &long, "--to", "json"],
        &["repair", &long, "--out", "new"],
        &["repair", arg(&dir.path().join("store")), "--out", &long],
    ] {
        let ran = treering(dir.path(), args);
        assert_eq!((ran.code, ran.said(too_long).len()), (Some(2), 1), "{args:?}: {ran:?}");
    }
}

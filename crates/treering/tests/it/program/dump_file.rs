//! `dump` of single files: every snapshot and log that the reference wrote, sound and damaged.

use std::fs;
use std::path::Path;

use super::files;
use super::process::{Ran, arg, dump_tsv, treering};

/// The files of which something is lost. A torn tail, or a log that was just being begun, is what a crash leaves.
const DAMAGED: [&str; 9] = [
    "damaged/huge-count.bin",
    "damaged/magic.bin",
    "damaged/text-number.json",
    "damaged/truncated.bin",
    "damaged/truncated.json",
    "damaged/zero.bin",
    "damaged/zero.json",
    "wal-bad-magic/current.wal",
    "wal-flipped/current.wal",
];

fn dump(name: &str) -> Ran {
    dump_tsv(&files::input().join(name), &[])
}

fn rows<'a>(ran: &'a Ran, kind: &str) -> Vec<&'a str> {
    ran.stdout.lines().filter(|row| row.split('\t').next() == Some(kind)).collect()
}

/// `error` or `end torn`: what follows are the decoder's own words.
fn two_words(row: &str) -> Vec<&str> {
    let words = if row.starts_with("end\t") { 2 } else { 1 };
    row.split('\t').take(words).collect()
}

#[test]
fn every_file_of_the_reference_gives_its_rows() {
    let (mut sound, mut torn, mut damaged) = (0, 0, Vec::new());
    for name in files::files_below(&files::input()) {
        if !["bin", "json", "wal"].iter().any(|extension| files::is(&name, extension)) {
            continue;
        }
        let expected = files::expected_rows(&name);
        let ran = dump(arg(&name));
        let last = expected.lines().last().unwrap();
        let stops = ["error", "end\ttorn"].iter().any(|end| last.starts_with(end));
        if stops {
            // The reference gives up here; the rows before come first, then more may follow.
            let before = &expected[..expected.len() - last.len() - 1];
            assert!(ran.stdout.starts_with(before), "{name:?}");
            assert_eq!(two_words(ran.stdout.lines().last().unwrap()), two_words(last), "{name:?}");
        } else {
            assert!(ran.stdout == expected, "{name:?}: {}", ran.stdout);
        }
        match ran.code {
            Some(0) if stops => torn += 1,
            Some(0) => sound += 1,
            Some(1) => damaged.push(arg(&name).to_owned()),
            _ => panic!("{name:?}: {ran:?}"),
        }
    }
    assert_eq!(damaged, DAMAGED);
    assert_eq!((sound, torn, sound + torn + damaged.len()), (46, 2, 57));
}

#[test]
fn the_sound_columns_before_a_cut_come_out() {
    let ran = dump("damaged/truncated.bin");
    let whole = dump("host/1700000000.bin");
    let (found, all) = (rows(&ran, "column"), rows(&whole, "column"));
    assert_eq!((found.len(), all.len()), (48, 75));
    // In the file they lie in another order than in the rows, so some of any level can be missing.
    assert!(found.iter().all(|row| all.contains(row)));
    assert_eq!(ran.stdout.lines().last().unwrap().split('\t').next(), Some("error"));
}

#[test]
fn the_sound_records_behind_a_flipped_bit_come_out() {
    let ran = dump("wal-flipped/current.wal");
    let whole = dump("wal/current.wal");
    let seen_by_the_reference =
        files::expected_rows(Path::new("wal-flipped/current.wal")).lines().count() - 1;
    let (found, all) = (rows(&ran, "record"), rows(&whole, "record"));
    assert_eq!((seen_by_the_reference, found.len(), all.len()), (103, 204, 205));
    // All but the one that was hit.
    let expected = [&all[..103], &all[104..]].concat();
    assert!(found == expected);
    assert_eq!(ran.said("sound again from byte").len(), 1, "{}", ran.stderr);
}

#[test]
fn the_kind_of_a_file_is_told_by_its_name_and_else_by_its_content() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = fs::read(files::input().join("values/1700000000.bin")).unwrap();
    let log = fs::read(files::input().join("wal/current.wal")).unwrap();
    let dumped = |name: &str, bytes: &[u8]| {
        fs::write(dir.path().join(name), bytes).unwrap();
        treering(dir.path(), &["dump", "--format", "tsv", name])
    };
    assert_eq!(
        dumped("snapshot", &snapshot).stdout,
        files::expected_rows(Path::new("values/1700000000.bin"))
    );
    assert_eq!(dumped("log.old", &log).stdout, files::expected_rows(Path::new("wal/current.wal")));
    // What a name says counts, also against the content.
    let ran = dumped("log.bin", &log);
    assert_eq!((ran.code, rows(&ran, "error").len()), (Some(1), 1));
    let ran = dumped("snapshot.wal", &snapshot);
    assert_eq!((ran.code, rows(&ran, "error").len()), (Some(1), 1));
    let text = fs::read(files::input().join("values/1700000000.json")).unwrap();
    assert_eq!(dumped("text.old", &text).stdout, files::expected_rows(Path::new("values/1700000000.json")));
    let ran = dumped("text", b"neither");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
}

#[test]
fn text_for_eyes_says_the_same() {
    let at = files::input();
    let ran = treering(&at, &["dump", "values/1700000000.bin"]);
    insta::assert_snapshot!(ran.stdout, @r"
    window 1700000000 to 1700003600, 2023-11-14T22:13:20Z to 2023-11-14T23:13:20Z
    without checksums, as the reference writes it
    tree    interval       start  count  gaps  minimum  maximum  last
    values      60 s  1700000000     28     1     -inf      inf  1e15
    ");
    let ran = treering(&at, &["dump", "wal-torn/current.wal"]);
    let without_long_names: Vec<_> = ran.stdout.lines().filter(|line| line.len() < 200).collect();
    assert_eq!(ran.code, Some(0));
    insta::assert_snapshot!(without_long_names.join("\n"), @r"
    log segment without a generation, as the reference writes it
    197 records of 4 series
    end: at byte 7683: a frame is cut short: 29 bytes are left, 35 expected
    tree         interval       start  count  gaps  minimum  maximum   last
    cpu_load            -  1700000000     50     -     0.25    98.51  76.24
    mem_used            -  1700000000     49     -     0.33     99.6  74.51
    core0/
      flops_any         -  1700000000     49     -     4.12    99.75  85.52
    socket1/
      core3/
        ipc             -  1700000000     49     -     1.01     98.3  49.38
    ");
    let ran = treering(&at, &["dump", "wal-bad-magic/current.wal"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("end: log magic")).count(), 1);
}

#[test]
fn lines_for_programs_have_the_same_keys_always() {
    let at = files::input();
    let lines = |file: &str, count: usize| {
        let ran = treering(&at, &["dump", "--json", file]);
        ran.stdout.lines().take(count).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(lines("damaged/unknown-keys.json", 9), @r#"
    {"kind":"snapshot","file":"damaged/unknown-keys.json","window":{"from_s":1,"to_s":9},"ours":null}
    {"kind":"column","path":[],"metric":"a","interval_s":60,"start_s":5,"count":4,"gaps":1,"minimum":-0.005,"maximum":1000.0,"last":1.0,"data":[1000.0,-0.005,null,1.0]}
    {"kind":"end","error":null}
    "#);
    insta::assert_snapshot!(lines("damaged/text-number.json", 9), @r#"
    {"kind":"snapshot","file":"damaged/text-number.json","window":{"from_s":0,"to_s":1},"ours":null}
    {"kind":"damage","offset":12,"what":"at byte 12: column left out: a number or null as each of its values expected, at the host itself, metric \"a\""}
    {"kind":"end","error":"malformed at byte 50: a number or null expected, `\"` found"}
    "#);
    insta::assert_snapshot!(lines("wal-short-header/current.wal", 9), @r#"
    {"kind":"log","file":"wal-short-header/current.wal"}
    {"kind":"end","error":"log header is cut short: 3 bytes, 4 expected"}
    "#);
    insta::assert_snapshot!(lines("wal/current.wal", 3), @r#"
    {"kind":"log","file":"wal/current.wal"}
    {"kind":"record","offset":4,"time_s":1700000000,"path":[],"metric":"cpu_load","value":82.63}
    {"kind":"record","offset":39,"time_s":1700000000,"path":[],"metric":"mem_used","value":40.29}
    "#);
    let ran = treering(&at, &["dump", "--json", "wal-flipped/current.wal"]);
    let kinds = |kind: &str| {
        let kind = format!("{{\"kind\":\"{kind}\",");
        ran.stdout.lines().filter(|line| line.starts_with(&kind)).count()
    };
    assert_eq!((kinds("record"), kinds("damage"), kinds("end")), (204, 1, 1));
}

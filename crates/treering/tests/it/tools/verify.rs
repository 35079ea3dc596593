//! `verify` of single files: the verdict on everything that the reference wrote, and on flipped bits of our own.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use super::made::{frame, log, payload, verdict, verify};
use crate::program::files;
use crate::program::process::{arg, treering};

/// Files that the reference stops at, but of which nothing is lost that was whole: what a crash leaves.
const CUT_BY_A_CRASH: [&str; 2] = ["wal-short-header/current.wal", "wal-torn/current.wal"];

/// The bytes that are not used because of a finding.
fn unused(finding: &serde_json::Value) -> String {
    let bytes = finding["bytes"].as_array();
    bytes.map_or_else(String::new, |bytes| format!(" ({} to {} unused)", bytes[0], bytes[1]))
}

fn is_looked_at(file: &Path) -> bool {
    ["bin", "json", "wal"].iter().any(|extension| files::is(file, extension))
}

#[test]
fn the_verdict_on_every_file_of_the_reference_is_what_its_decoders_see() {
    let (mut table, mut count) = (String::new(), 0);
    for file in files::files_below(&files::input()).iter().filter(|file| is_looked_at(file)) {
        let name = arg(file);
        let verdict = verdict(&files::input(), &[name]);
        let lines = verify(&files::input(), &[name]).1;
        let bytes: Vec<String> = lines.iter().map(unused).collect();
        let of_file: Vec<String> =
            verdict.replace(&format!(" {name}"), "").lines().map(str::to_owned).collect();
        table += &format!("{name}: {}", of_file[0]);
        for (finding, bytes) in of_file[1..].iter().zip(&bytes) {
            table += &format!("; {finding}{bytes}");
        }
        table += "\n";
        let rows = files::expected_rows(file);
        let last = rows.lines().last().unwrap_or_default();
        let stops = last.starts_with("error") || last.starts_with("end\ttorn");
        let expected = i32::from(stops && !CUT_BY_A_CRASH.contains(&name));
        assert!(verdict.starts_with(&format!("exit {expected}: ")), "{name}: {verdict}\n{last}");
        count += 1;
    }
    assert_eq!(count, 57);
    assert_snapshot!("verdicts", table);
}

#[test]
fn a_flipped_bit_is_found_at_the_part_that_it_is_in() {
    let dir = tempfile::tempdir().unwrap();
    let sound = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/bin/v1/trailer.bin"));
    let sound = fs::read(sound).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        fs::write(dir.path().join("1.bin"), bytes).unwrap();
        format!("{at}: {}", verdict(dir.path(), &["1.bin"]).replace('\n', "; "))
    };
    // Magic, a value of the first column, a level's name, trailer, its length, the end magic.
    let all: Vec<String> = [0, 0x36, 0x48, 0xe8, 0x19c, 0x1a5].into_iter().map(flipped).collect();
    assert_snapshot!(all.join("\n"), @"
    0: exit 1: damaged; damage bin-structure-checksum 1.bin at 0
    54: exit 1: damaged; damage bin-column-checksum 1.bin at 24
    72: exit 1: damaged; damage bin-structure-checksum 1.bin at 0
    232: exit 1: damaged; damage bin-trailer-checksum 1.bin at 214
    412: exit 1: damaged; damage bin-trailer-broken 1.bin at 213
    421: exit 1: damaged; damage bin-trailer-broken 1.bin at 214
    ");
    fs::write(dir.path().join("1.bin"), &sound).unwrap();
    assert_eq!(verdict(dir.path(), &["1.bin"]), "exit 0: sound");
}

#[test]
fn every_fault_of_a_log_has_its_rule_and_place() {
    let dir = tempfile::tempdir().unwrap();
    let found = |bytes: &[u8]| {
        fs::write(dir.path().join("current.wal"), bytes).unwrap();
        verdict(dir.path(), &["current.wal"]).replace(" current.wal", "").replace('\n', "; ")
    };
    let sound = log(None, &[0, 60]);
    let with = |frame: &[u8]| found(&[&sound[..], frame, &log(None, &[120])[4..]].concat());
    let control = |content: &[u8]| frame(&payload(0, "treering.control", &[], content));
    assert_eq!(sound.len(), 76);

    assert_eq!(found(&sound), "exit 0: sound");
    assert_eq!(found(&[]), "exit 0: sound");
    assert_eq!(found(&sound[..2]), "exit 0: sound; note wal-torn-header at 0");
    assert_eq!(found(&[0; 50]), "exit 0: sound; note wal-zeros at 0");
    assert_eq!(found(&sound[..72]), "exit 0: sound; note wal-torn-tail at 40");
    assert_eq!(found(&[&sound[..], &[0; 9]].concat()), "exit 0: sound; note wal-torn-tail at 76");
    assert_eq!(with(b"garbage"), "exit 1: damaged; damage wal-corrupt at 76");
    // The header is counted once, and what it took with it apart.
    assert_eq!(found(&[b"\0", &sound[1..]].concat()), "exit 1: damaged; damage wal-magic at 0");
    let first_record_too = [b"\0\0\0\0\0", &sound[5..]].concat();
    assert_eq!(found(&first_record_too), "exit 1: damaged; damage wal-magic at 0; damage wal-corrupt at 4");
    assert_eq!(found(b"no log at all"), "exit 1: damaged; damage wal-magic at 0");
    // Sound by their checksums.
    let deep = payload(0, "m", &["l"; 65], &[]);
    assert_eq!(with(&frame(&deep)), "exit 1: damaged; damage wal-depth at 76");
    assert_eq!(
        found(&[&sound[..], &frame(&deep)].concat()),
        "exit 1: damaged; damage wal-depth at 76",
        "also at the end, where it is no torn tail"
    );
    assert_eq!(with(&frame(&[1; 9])), "exit 1: damaged; damage wal-malformed at 76");
    assert_eq!(with(&frame(&payload(1 << 54, "m", &[], &[]))), "exit 1: damaged; damage wal-time at 76");
    for (metric, level) in [("", "l"), ("m", ""), ("m", "a\nb")] {
        let named = frame(&payload(0, metric, &[level], &[]));
        // Once for a series.
        assert_eq!(with(&[&named[..], &named].concat()), "exit 0: sound; note wal-name at 76");
    }
    assert_eq!(with(&control(&[9, 9])), "exit 0: sound; note wal-control-unknown at 76");
    assert_eq!(with(&control(&[1, 2, 0])), "exit 0: sound; note wal-control at 76");
    assert_eq!(with(&frame(&payload(0, "m", &[], b"behind the value"))), "exit 0: sound");
}

#[test]
fn a_file_full_of_damage_is_told_in_few_words_and_counted_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = log(None, &[0]);
    for time_s in 1..=100 {
        bytes.extend(b"garbage");
        bytes.extend(&log(None, &[time_s])[4..]);
    }
    fs::write(dir.path().join("current.wal"), bytes).unwrap();
    let (ran, lines) = verify(dir.path(), &["current.wal"]);
    assert_eq!((ran.code, lines.len()), (Some(1), 16 + 1 + 1));
    assert_eq!((&lines[16]["rule"], &lines[16]["severity"]), (&"more".into(), &"damage".into()));
    assert_eq!(lines[16]["what"], "84 more findings in this file, not shown");
    assert_eq!((&lines[17]["damage"], &lines[17]["log_records"]), (&100.into(), &101.into()));
}

#[test]
fn lines_for_programs_have_the_same_keys_always() {
    let ran = treering(&files::input(), &["verify", "--json", "damaged/truncated.bin", "wal/current.wal"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_snapshot!(lines.join("\n"), @r#"
    {"kind":"finding","severity":"damage","rule":"bin-truncated","file":"damaged/truncated.bin","offset":27560,"bytes":[27549,27578],"path":null,"metric":null,"what":"cut off at byte 27560: a column's head takes 20 bytes, 18 are left","lost":"what follows the first 48 columns, as far as nothing else has it","advice":"the store uses what is sound, writes that anew with its next checkpoint and sets the file aside; a backup may have the rest"}
    {"kind":"finding","severity":"note","rule":"wal-name","file":"wal/current.wal","offset":7864,"bytes":null,"path":null,"metric":null,"what":"names that no sample can be written under: metric name is empty, allowed are 1 to 65535 bytes","lost":"nothing","advice":"nothing: names that are found in files are taken as they are"}
    {"kind":"finding","severity":"note","rule":"wal-name","file":"wal/current.wal","offset":9174,"bytes":null,"path":null,"metric":null,"what":"names that no sample can be written under: level name is empty, allowed are 1 to 255 bytes","lost":"nothing","advice":"nothing: names that are found in files are taken as they are"}
    {"kind":"summary","verdict":"damaged","damage":1,"unread":0,"notes":2,"hosts":0,"snapshots":1,"columns":48,"log_segments":1,"log_records":205,"bytes":36790}
    "#);
}

#[test]
fn text_for_eyes_says_what_is_lost_and_what_to_do() {
    let ran = treering(
        &files::input(),
        &["verify", "damaged/truncated.bin", "damaged/trailing.bin", "wal-torn/current.wal"],
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(ran.stdout, @r"
    damage bin-truncated: damaged/truncated.bin at byte 27560
      found: cut off at byte 27560: a column's head takes 20 bytes, 18 are left
      lost: bytes 27549 to 27578: what follows the first 48 columns, as far as nothing else has it
      do: the store uses what is sound, writes that anew with its next checkpoint and sets the file aside; a backup may have the rest
    note bin-foreign-bytes: damaged/trailing.bin at byte 41367
      found: bytes behind the end that belong to nobody known here
      do: nothing: they are passed over, as by the reference
    note wal-torn-tail: wal-torn/current.wal at byte 7683
      found: a frame is cut short: 29 bytes are left, 35 expected; nothing sound follows
      lost: bytes 7683 to 7712: what was being written when the process or the machine stopped; nothing that was durable
      do: nothing: it stays the end of its file, and no start appends behind it
    damaged: 1 damage, 0 unread, 2 notes in 2 snapshots with 123 columns and 1 log segment with 197 records, 76677 bytes
    ");
}

#[test]
fn quiet_is_an_exit_code_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("1.bin"), [0x01, 0x00, 0x5b, 0xcc]).unwrap();
    fs::File::options().write(true).open(dir.path().join("1.bin")).unwrap().set_len(9 << 30).unwrap();
    for (path, code) in [
        (files::input().join("store"), 0),
        (files::input().join("wal-torn/current.wal"), 0),
        (files::input().join("damaged/zero.bin"), 1),
        (dir.path().to_owned(), 3),
    ] {
        let ran = treering(dir.path(), &["verify", "-q", arg(&path)]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(code), "", ""), "{path:?}");
    }
}

#[test]
fn what_cannot_be_verified_is_no_verdict() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes.txt"), "").unwrap();
    let ran = treering(dir.path(), &["verify", "missing.bin"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_snapshot!(ran.stderr, @"
    error: cannot read missing.bin: No such file or directory (os error 2)
      give snapshots, logs, hosts' directories or stores
    ");
    let ran = treering(dir.path(), &["verify", "notes.txt"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_snapshot!(ran.stderr, @"
    error: notes.txt is neither a snapshot that this version reads nor a log, by its name
      give snapshots, logs, hosts' directories or stores
    ");
    // The default is what `run` makes.
    assert_eq!(treering(dir.path(), &["verify"]).code, Some(2));
    fs::create_dir_all(dir.path().join("var/checkpoints")).unwrap();
    let ran = treering(dir.path(), &["verify"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "there is nothing here to verify\n"));
    // One of several that is damaged is enough, and one that is mistyped is told at once.
    let (sound, damaged) =
        (files::input().join("host/1700000000.bin"), files::input().join("damaged/zero.bin"));
    assert_eq!(treering(dir.path(), &["verify", arg(&sound), arg(&damaged)]).code, Some(1));
    let ran = treering(dir.path(), &["verify", arg(&damaged), "missing.bin"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
}

#[test]
fn help_of_verify() {
    let ran = treering(&files::input(), &["verify", "--help"]);
    assert_eq!(ran.code, Some(0));
    assert_snapshot!(ran.stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"), @r#"
    Checks snapshots, logs and whole stores, and says what to do about what it finds

    Usage: treering verify [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Snapshots, logs, hosts' directories or stores [default: ./var/checkpoints]

    Options:
          --json   One JSON object a line for each finding, then one for all
      -q, --quiet  Say nothing, only exit
      -h, --help   Print help

    Nothing is locked or changed, so a store may be in use. Damage is what loses samples, or may;
    notes are everything else that an operator should know, such as a torn last record after a crash.

    Exit codes:
      0  sound, perhaps with notes
      1  damaged, or nothing to verify
      3  not damaged as far as it could be read

    Examples:
      treering verify                                the store in ./var/checkpoints
      treering verify var/checkpoints/c/h            one host
      treering verify backup/*.bin && echo sound     files
      treering verify --json | jq 'select(.severity == "damage")'
    "#);
}

//! `convert`: what comes out, what is said of it, and what is left alone.

use std::fs;
use std::path::Path;

use crate::program::files::{self, listing};
use crate::program::process::{Ran, arg, points, run_lines, run_open, treering};
use crate::program::samples::{LONG_AGO_S, Sender};

/// The store that the reference wrote, with snapshots in both formats.
fn store(at: &Path) {
    files::copy(&files::input().join("store"), &at.join("store"), |_| true);
}

fn copy(at: &Path, name: &str, to: &str) {
    fs::copy(files::input().join(name), at.join(to)).unwrap();
}

fn done(at: &Path, args: &[&str]) -> Ran {
    let ran = treering(at, &[&["convert"], args].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{args:?}: {ran:?}");
    ran
}

/// Ends with this code, says this, and makes nothing.
fn refused(at: &Path, args: &[&str], code: i32, part: &str) {
    let before = listing(at);
    let ran = treering(at, &[&["convert"], args].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{args:?}: {ran:?}");
    assert!(ran.stderr.contains(part), "{args:?}: {ran:?}");
    let names = |listing: files::Listing| listing.into_iter().map(|(path, (_, bytes))| (path, bytes));
    assert!(names(listing(at)).eq(names(before)), "{args:?}");
}

#[test]
fn a_store_has_the_same_points_in_either_format_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    store(at);
    let before = listing(&at.join("store"));
    let ran = done(at, &["store", "json", "--to", "json"]);
    assert_eq!(ran.said("json: 18 snapshots converted, 6 logs copied").len(), 1, "{ran:?}");
    assert_eq!(ran.said("left: ").len(), 2, "a directory and an unfinished snapshot: {ran:?}");
    done(at, &["json", "bin", "--to", "bin"]);
    assert!(listing(&at.join("store")) == before);

    let wanted = points(&at.join("store"));
    assert_eq!(wanted.lines().count(), 87_615);
    assert!(points(&at.join("json")) == wanted);
    assert!(points(&at.join("bin")) == wanted);
    for (made, extension) in [("json", "json"), ("bin", "bin")] {
        let files = files::files_below(&at.join(made));
        assert_eq!(files.iter().filter(|file| files::is(file, extension)).count(), 18);
        assert_eq!(files.iter().filter(|file| files::is(file, "wal")).count(), 6);
        assert_eq!(files.len(), 24);
    }
    // What went there and back is the same, byte for byte, and so is a log.
    for file in files::files_below(&files::input().join("store")) {
        if files::is(&file, "bin") || files::is(&file, "wal") {
            let original = fs::read(files::input().join("store").join(&file)).unwrap();
            assert!(fs::read(at.join("bin").join(&file)).unwrap() == original, "{file:?}");
        }
    }
}

#[test]
fn what_only_our_snapshots_say_goes_along() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    run_lines(&at.join("store"), &sender.lines(60, 60, &mut now_s), &["--retention", "0"]);
    done(at, &["store", "json", "--to", "json"]);
    done(at, &["json", "bin", "--to", "bin"]);
    let files = files::files_below(&at.join("store"));
    assert!(!files.is_empty());
    for file in &files {
        let original = fs::read(at.join("store").join(file)).unwrap();
        assert!(original.ends_with(b">BIN-TR\x55"), "{file:?}");
        assert!(fs::read(at.join("bin").join(file)).unwrap() == original, "{file:?}");
    }
    assert!(points(&at.join("json")) == sender.samples.rows());
}

#[test]
fn a_host_keeps_its_files_and_a_cluster_its_hosts() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    store(at);
    done(at, &["store/alpha/n000", "host", "--to", "bin"]);
    assert!(at.join("host/1700003600.bin").is_file() && at.join("host/current.wal").is_file());
    done(at, &["store/alpha", "cluster", "--to", "bin"]);
    assert!(at.join("cluster/n002/1700003600.bin").is_file());
}

#[test]
fn a_single_snapshot_is_known_by_its_name_else_by_its_first_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    copy(at, "host/1700000000.bin", "1700000000.bin");
    copy(at, "host/1700000000.bin", "unnamed");
    copy(at, "host/1700000000.json", "text");
    done(at, &["1700000000.bin", "a.json", "--to", "json"]);
    done(at, &["unnamed", "b.json", "--to", "json"]);
    assert!(fs::read(at.join("a.json")).unwrap() == fs::read(at.join("b.json")).unwrap());
    done(at, &["a.json", "a.bin", "--to", "bin"]);
    assert!(fs::read(at.join("a.bin")).unwrap() == fs::read(at.join("unnamed")).unwrap());
    done(at, &["text", "c.bin", "--to", "bin"]);
    assert_eq!(fs::read_dir(at).unwrap().count(), 7, "no temporary file is left");
}

#[test]
fn one_decimal_tells_how_many_values_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    store(at);
    let (mut all, mut changed, mut largest) = (0, 0, 0.0_f64);
    for file in files::files_below(&at.join("store")) {
        if !files::is(&file, "bin") && !files::is(&file, "json") {
            continue;
        }
        let rows = files::expected_rows(&Path::new("store").join(&file));
        for row in rows.lines().filter(|row| row.starts_with("column\t")) {
            let values = row.rsplit('\t').next().unwrap().split(' ');
            for bits in values.filter(|value| !value.is_empty() && *value != "nan") {
                let value = f32::from_bits(u32::from_str_radix(bits, 16).unwrap());
                let rounded = format!("{value:.1}").parse::<f32>().unwrap();
                all += 1;
                if rounded.to_bits() != value.to_bits() {
                    changed += 1;
                    largest = largest.max((f64::from(rounded) / f64::from(value) - 1.0).abs());
                }
            }
        }
    }
    assert!(changed > 1000 && (0.5..=1.0).contains(&largest));
    let ran = done(at, &["store", "rounded", "--to", "json", "--decimals", "1"]);
    let percent = (largest * 1e4).ceil() / 1e2;
    let said = format!("lost: {changed} of {all} values are rounded, by up to {percent} % of the value");
    assert_eq!(ran.said("lost: "), [said.as_str()]);
    // Rounded once, nothing is left to round.
    let again = done(at, &["rounded", "again", "--to", "json", "--decimals", "1", "--lossless"]);
    assert!(again.said("lost: ").is_empty(), "{again:?}");
    assert!(points(&at.join("again")) == points(&at.join("rounded")));
    refused(at, &["store", "never", "--to", "json", "--decimals", "1", "--lossless"], 1, &said);
}

#[test]
fn infinite_values_become_null_and_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    copy(at, "values/1700000000.bin", "values.bin");
    let rows = files::expected_rows(Path::new("values/1700000000.bin"));
    let infinite =
        rows.split(['\t', ' ', '\n']).filter(|cell| matches!(*cell, "7f800000" | "ff800000")).count();
    assert!(infinite > 0);
    let ran = done(at, &["values.bin", "values.json", "--to", "json"]);
    let said = ran.said("lost: ");
    assert_eq!(said.len(), 1, "{ran:?}");
    assert!(said[0].starts_with(&format!("lost: {infinite} of ")), "{ran:?}");
    assert!(said[0].ends_with(" values are infinite, and null now"), "{ran:?}");
    refused(at, &["values.bin", "never.json", "--to", "json", "--lossless"], 1, said[0]);
    // In a format that has them nothing is lost.
    done(at, &["values.bin", "same.bin", "--to", "bin", "--lossless"]);
    assert!(fs::read(at.join("same.bin")).unwrap() == fs::read(at.join("values.bin")).unwrap());
}

#[test]
fn sound_parts_of_a_damaged_snapshot_are_converted_and_the_damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    copy(at, "damaged/truncated.bin", "cut.bin");
    // What the source has lost is lost.
    let damage = "damage: cut.bin: cut off at byte ";
    refused(at, &["cut.bin", "cut.json", "--to", "json", "--lossless"], 1, damage);
    let ran = treering(at, &["convert", "cut.bin", "cut.json", "--to", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.said(damage).len(), 1, "{ran:?}");
    let ran = done(at, &["cut.json", "sound.bin", "--to", "bin"]);
    assert!(ran.said("damage").is_empty());
    let rows = |name: &str| treering(at, &["dump", "--format", "tsv", name]).stdout;
    let columns = |rows: &str| rows.lines().filter(|row| row.starts_with("column\t")).count();
    let cut = rows("cut.bin");
    assert!(cut.starts_with(&rows("sound.bin")));
    assert_eq!(columns(&cut), 48);
    copy(at, "damaged/magic.bin", "magic.bin");
    refused(at, &["magic.bin", "magic.json", "--to", "json"], 1, "damage: magic.bin: wrong magic at byte 0");
}

#[test]
fn what_no_snapshot_has_is_lost_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for (file, to, said) in [
        ("damaged/trailing.bin", "json", "lost: 20 bytes in 1 snapshot (bin-foreign-bytes), the first: "),
        ("damaged/trailing.json", "bin", "lost: 12 bytes in 1 snapshot (json-foreign-bytes), the first: "),
        ("damaged/unknown-keys.json", "bin", "2 members, the first of them \"extra\", that no snapshot has"),
    ] {
        let name = file.split('/').next_back().unwrap();
        copy(at, file, name);
        let made = format!("{name}.made");
        refused(at, &[name, &made, "--to", to, "--lossless"], 1, said);
        let ran = done(at, &[name, &made, "--to", to]);
        assert_eq!(ran.said("lost: ").len(), 1, "{ran:?}");
        assert!(ran.stderr.contains(said), "{ran:?}");
        // What came out has nothing more to lose.
        done(at, &[&made, &format!("{name}.again"), "--to", to, "--lossless"]);
    }
    // A directory is told of as a whole.
    for stem in 0..3 {
        fs::create_dir_all(at.join("store/c/h")).unwrap();
        copy(at, "damaged/unknown-keys.json", &format!("store/c/h/{stem}.json"));
    }
    let ran = done(at, &["store", "made", "--to", "bin"]);
    let said = ran.said("lost: ");
    assert_eq!(said.len(), 1, "{ran:?}");
    assert!(
        said[0].contains(" in 3 snapshots (json-unknown-members), the first: store/c/h/0.json: "),
        "{said:?}"
    );
}

#[test]
fn of_what_holds_nothing_sound_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["[1,2]", "5", "{\"metrics\":{\"a\":{\"data\":[1", ""] {
        fs::write(dir.path().join("1.json"), text).unwrap();
        refused(dir.path(), &["1.json", "1.bin", "--to", "bin"], 1, "damage: 1.json: ");
    }
    // Nothing is something else.
    for text in ["{}", "null", "{\"metrics\":{}}"] {
        fs::write(dir.path().join("1.json"), text).unwrap();
        done(dir.path(), &["1.json", "1.bin", "--to", "bin"]);
        fs::remove_file(dir.path().join("1.bin")).unwrap();
    }
}

#[test]
fn a_damaged_file_in_a_store_takes_no_other_along() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    store(at);
    copy(at, "damaged/magic.bin", "store/beta/n001/1600000000.bin");
    copy(at, "damaged/truncated.bin", "store/beta/n001/1600000001.bin");
    let ran = treering(at, &["convert", "store", "json", "--to", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.said("damage: store/beta/n001/160000000").len(), 2, "{ran:?}");
    assert_eq!(ran.said("json: 19 snapshots converted, 6 logs copied").len(), 1, "{ran:?}");
    assert_eq!(ran.said("2 files are not there, or not whole").len(), 1, "{ran:?}");
    assert!(at.join("json/beta/n001/1600000001.json").is_file());
    assert!(!at.join("json/beta/n001/1600000000.json").exists());
}

#[test]
fn of_two_snapshots_with_one_number_the_one_is_converted_that_a_start_prefers() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    store(at);
    copy(at, "host/1700000000.json", "store/beta/n001/1700000000.json");
    // Where the preferred one is no snapshot at all, the other one is taken.
    copy(at, "damaged/magic.bin", "store/beta/n001/1700003600.bin");
    let ran = treering(at, &["convert", "store", "bin", "--to", "bin"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let refused = ran.said("refused: ");
    assert_eq!(refused.len(), 1, "{ran:?}");
    assert!(
        refused[0].starts_with("refused: store/beta/n001/1700000000.json: store/beta/n001/1700000000.bin")
    );
    let same =
        |file: &str| fs::read(at.join("bin").join(file)).ok() == fs::read(at.join("store").join(file)).ok();
    assert!(same("beta/n001/1700000000.bin"));
    assert!(at.join("bin/beta/n001/1700003600.bin").is_file() && !same("beta/n001/1700003600.bin"));
}

#[test]
fn nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    store(at);
    copy(at, "host/1700000000.bin", "1.bin");
    fs::write(at.join("taken"), "precious").unwrap();
    fs::create_dir_all(at.join("full/of/things")).unwrap();
    fs::write(at.join("left.tmp"), "from a try before").unwrap();
    std::os::unix::fs::symlink("nowhere", at.join("link")).unwrap();
    for (from, to, part) in [
        ("1.bin", "taken", "taken exists"),
        ("1.bin", "full", "full exists"),
        ("1.bin", "link", "link exists"),
        ("1.bin", "left", "left.tmp exists"),
        ("store", "taken", "taken exists"),
        ("store", "full", "full exists"),
        ("store", "link", "link exists"),
        ("store", "left", "left.tmp exists"),
    ] {
        refused(at, &[from, to, "--to", "json"], 4, part);
    }
    fs::create_dir(at.join("empty")).unwrap();
    refused(at, &["store", "empty", "--to", "json"], 4, "empty exists");
}

#[test]
fn what_cannot_be_converted_gets_a_clear_message() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    store(at);
    copy(at, "host/1700000000.bin", "1.bin");
    copy(at, "wal/current.wal", "current.wal");
    fs::write(at.join("notes"), "notes").unwrap();
    fs::create_dir_all(at.join("bare/c/h")).unwrap();
    fs::File::create(at.join("sparse.bin")).unwrap().set_len(4 << 30).unwrap();
    fs::File::create(at.join("sparse.json")).unwrap().set_len(4 << 30).unwrap();
    std::os::unix::fs::symlink("1.bin", at.join("link.bin")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(at.join("pipe.bin")).status().unwrap();
    assert!(pipe.success());
    for (args, code, part) in [
        (&["none", "x", "--to", "json"][..], 2, "cannot read none"),
        (&["1.bin", "x", "--to", "bin", "--decimals", "1"], 2, "--decimals is for --to json"),
        (&["1.bin", "x", "--to", "json", "--decimals", "2"], 2, "only 1 is known"),
        (&["1.bin", "x", "--to", "csv"], 2, "json, bin"),
        (&["1.bin", "x"], 2, "--to"),
        (&["1.bin", "..", "--to", "json"], 2, "no name of its own"),
        (&["current.wal", "x", "--to", "json"], 2, "is a log"),
        (&["notes", "x", "--to", "json"], 2, "notes is no snapshot"),
        (&["store", "store/new", "--to", "json"], 2, "one in the other"),
        (&["store", ".", "--to", "json"], 2, "one in the other"),
        (&["bare", "x", "--to", "json"], 1, "bare: nothing to convert"),
        (&["link.bin", "x", "--to", "json"], 3, "a symbolic link"),
        (&["pipe.bin", "x", "--to", "json"], 3, "not a regular file"),
        (&["sparse.bin", "x", "--to", "json"], 1, "wrong magic at byte 0"),
        (&["sparse.json", "x", "--to", "bin"], 1, "malformed at byte 0"),
        (&["1.bin", "no/such/x", "--to", "json"], 3, "no/such/x.tmp"),
    ] {
        // The files of 4 GB are not listed with all their zeros.
        if !part.contains("byte 0") {
            let _ = (fs::remove_file(at.join("sparse.bin")), fs::remove_file(at.join("sparse.json")));
            refused(at, args, code, part);
            continue;
        }
        for name in ["sparse.bin", "sparse.json"] {
            fs::File::create(at.join(name)).unwrap().set_len(4 << 30).unwrap();
        }
        let ran = treering(at, &[&["convert"], args].concat());
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.stderr.contains(part) && !at.join("x").exists(), "{ran:?}");
    }
}

#[test]
fn a_store_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let mut running = run_open(&at.join("store"), &["--retention", "0"]);
    running.send(&Sender::default().line(0, 60, LONG_AGO_S));
    running.wait_for_ack(1);
    // A part of it is in use, too.
    for part in ["store", "store/alpha", "store/alpha/n1"] {
        let ran = treering(at, &["convert", part, "json", "--to", "json"]);
        assert_eq!(ran.code, Some(4), "{part}: {ran:?}");
        assert!(ran.stderr.contains("store is in use by "), "{part}: {ran:?}");
        let ran = treering(at, &["repair", part, "--out", "new", "--write"]);
        assert_eq!(ran.code, Some(4), "{part}: {ran:?}");
    }
    assert!(!at.join("json").exists() && !at.join("json.tmp").exists());
    running.close_input();
    assert_eq!(running.end().code, Some(0));
    assert!(arg(&at.join("store")).ends_with("store"));
    done(at, &["store", "json", "--to", "json"]);
}

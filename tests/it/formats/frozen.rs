//! The sample files of the formats: written once, made and read the same ever after.

use std::fs;
use std::path::Path;

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_snapshot::{Document, Format, Limits, Scratch};
use treering_tests::fixtures::{self, Fixture};

#[test]
fn samples_are_as_they_were_and_are_read_as_they_were() {
    let found: Vec<String> =
        fixtures::differences(&fixtures::folder()).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(found, [""; 0], "a sample never changes; a new one is written by `cargo xtask fixtures`");
}

#[test]
fn samples_say_what_they_were_made_from() {
    let mut compared = 0;
    for Fixture { path, bytes: today, source } in fixtures::all() {
        let Some((document, meta)) = source else { continue };
        let mut bytes = fs::read(fixtures::folder().join(&path)).unwrap();
        assert!(bytes == today, "{path}");
        let format: &dyn Format =
            if path.ends_with(BinFormat.extension()) { &BinFormat } else { &JsonFormat::exact() };
        let mut read = Document::new();
        let report = &mut |found| panic!("{path}: {found}");
        let decoded = format.decode(&mut bytes, &mut Scratch::new(), &Limits::default(), &mut read, report);
        decoded.end.unwrap();
        assert_eq!(decoded.meta, Some(meta), "{path}");
        assert!(is_as_written(&read, &document, format), "{path}");
        compared += 1;
    }
    assert_eq!(compared, 20);
}

/// Bit by bit; in JSON, which has one text for every NaN, as far as it can say.
fn is_as_written(read: &Document, written: &Document, format: &dyn Format) -> bool {
    if format.extension() == "bin" {
        return read == written;
    }
    super::documents::with_one_nan(read) == super::documents::with_one_nan(written)
}

/// What a check of a folder says, shortened.
fn check(folder: &Path) -> Vec<(String, String)> {
    let short = |what: String| what.split(',').next().unwrap().to_owned();
    fixtures::differences(folder).unwrap().into_iter().map(|found| (found.path, short(found.what))).collect()
}

#[test]
fn absent_samples_are_written_and_nothing_else_is_ever_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let files = 2 * fixtures::all().len();
    assert_eq!(check(folder).len(), files / 2);
    assert_eq!(fixtures::write_absent(folder).unwrap().len(), files);
    assert_eq!((check(folder), fixtures::write_absent(folder).unwrap()), (vec![], vec![]));

    let path = |name: &str| folder.join(name);
    let mut changed = fs::read(path("bin/v1/trailer.bin")).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(path("bin/v1/trailer.bin"), &changed).unwrap();
    let says = fs::read_to_string(path("json/v1/ours.json.tsv")).unwrap();
    fs::write(path("json/v1/ours.json.tsv"), says.replace("3f000000", "3f000001")).unwrap();
    fs::write(path("wal/v1/stray.wal"), "").unwrap();
    assert_eq!(fixtures::write_absent(folder).unwrap(), [""; 0]);
    let difference = |path: &str, what: &str| (path.to_owned(), what.to_owned());
    let expected = [
        difference("bin/v1/trailer.bin", "other bytes are made today"),
        difference("bin/v1/trailer.bin.tsv", "something else is read today"),
        difference("json/v1/ours.json.tsv", "something else is read today"),
        difference("wal/v1/stray.wal", "it is no sample"),
    ];
    assert_eq!(check(folder), expected);
    assert_eq!(fs::read(path("bin/v1/trailer.bin")).unwrap(), changed);
}

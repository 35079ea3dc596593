//! Checkpoints that a production node has written, where the folder with them lies beside the clone.

use std::fs;
use std::path::{Path, PathBuf};

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_persist::{Options, OsStorage, inspect};
use treering_snapshot::{Document, Format, Limits, Meta, Scratch};
use treering_tests::production_checkpoints;

/// The checkpoints; if there are none, says so.
fn checkpoints() -> Vec<PathBuf> {
    let all = production_checkpoints();
    if all.is_empty() {
        println!("skipped: no checkpoint of a production node lies beside this clone");
    }
    all
}

/// All values in the order of the text, by nothing but the brackets around them.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the rule of the format: numbers are read as f64, then rounded"
)]
fn values(text: &str) -> Vec<Option<f32>> {
    let arrays = text.split("\"data\":[").skip(1).map(|rest| rest.split(']').next().unwrap());
    let cells = arrays.flat_map(|array| array.split(',')).filter(|cell| !cell.is_empty());
    cells.map(|cell| (cell != "null").then(|| cell.parse::<f64>().unwrap() as f32)).collect()
}

/// The same in the order of a document.
fn held(document: &Document) -> Vec<Option<f32>> {
    let mut held = Vec::new();
    let mut open = vec![document.root()];
    while let Some(level) = open.pop() {
        let values = level.columns().flat_map(|(_, column)| &column.values);
        held.extend(values.map(|value| (!value.is_nan()).then_some(*value)));
        let below: Vec<_> = level.children().map(|(_, child)| child).collect();
        open.extend(below.into_iter().rev());
    }
    held
}

fn decode(format: &dyn Format, bytes: &[u8]) -> (Document, Meta) {
    let mut document = Document::new();
    let report = &mut |damage| panic!("{damage}");
    let decoded =
        format.decode(&mut bytes.to_vec(), &mut Scratch::new(), &Limits::default(), &mut document, report);
    decoded.end.unwrap();
    (document, decoded.meta.unwrap())
}

fn encode(format: &dyn Format, document: &Document, meta: &Meta) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = format.encoder(&mut bytes);
    document.emit(&mut *encoder).unwrap();
    assert!(!encoder.finish(meta).unwrap().loss.any());
    bytes
}

#[test]
fn checkpoint_of_a_production_node_is_read_whole_and_comes_back_from_either_format() {
    for path in checkpoints() {
        let text = fs::read_to_string(&path).unwrap();
        let (document, meta) = decode(&JsonFormat::exact(), text.as_bytes());
        let all = values(&text);
        assert!(all.len() > 100, "{}", path.display());
        assert!(held(&document) == all, "{}", path.display());
        for format in [&BinFormat as &dyn Format, &JsonFormat::exact(), &JsonFormat::one_decimal()] {
            let bytes = encode(format, &document, &meta);
            let (again, found) = decode(format, &bytes);
            assert!(again == document && found == meta, "{}: {}", path.display(), format.extension());
        }
    }
}

#[test]
fn a_store_takes_every_sample_of_a_checkpoint_of_a_production_node() {
    for path in checkpoints() {
        let dir = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let (document, meta) = decode(&JsonFormat::exact(), text.as_bytes());
        let host = dir.path().join("fritz/f0131");
        fs::create_dir_all(&host).unwrap();
        fs::write(host.join(format!("{}.json", meta.window.from_s)), &text).unwrap();
        let options = Options { retention: None, ..Options::new(dir.path()) };
        let formats: [Box<dyn Format>; 2] = [Box::new(BinFormat), Box::new(JsonFormat::exact())];
        let (tree, report) = inspect(&OsStorage::new(), &options, &formats).unwrap();
        assert_eq!(report.findings, [], "{}", path.display());
        let samples = held(&document).into_iter().flatten().count();
        assert_eq!((tree.counts().samples, report.merged), (samples as u64, 0), "{}", name(&path));
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

//! The corpus of the fuzz targets: what is tried there at length is tried here once.

use std::fs;
use std::path::{Path, PathBuf};

use treering_tests::fuzz::{TARGETS, Target};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus");
/// A fuzzer that is given longer files cuts them.
const LEN_BYTES_MAX: usize = 4096;

fn corpus(target: &Target) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(CORPUS).join(target.name)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_file_of_the_corpus_keeps_the_properties() {
    for target in &TARGETS {
        let files = corpus(target);
        assert!(files.len() >= 5, "{}: {} files", target.name, files.len());
        for file in files {
            let input = fs::read(&file).unwrap();
            let failed = std::panic::catch_unwind(|| (target.check)(&input)).is_err();
            assert!(!failed, "{} does not keep the properties of `{}`", file.display(), target.name);
            assert!(input.len() <= LEN_BYTES_MAX, "{} is too long to be tried", file.display());
        }
    }
}

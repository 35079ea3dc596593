//! A start on damaged files: one line for each, with its name and the place, and nothing is lost that was sound.

use std::fs;
use std::path::Path;

use super::files::{files_below, is};
use super::process::{points, run_lines};
use super::samples::{LONG_AGO_S, Sender};

const KEEP: [&str; 2] = ["--retention", "0"];

#[test]
fn each_damaged_file_is_one_event_and_is_set_aside_once_what_is_sound_in_it_is_safe() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sender, mut now_s) = (Sender::default(), LONG_AGO_S);
    assert_eq!(run_lines(dir.path(), &sender.lines(600, 60, &mut now_s), &KEEP).code, Some(0));
    let snapshots: Vec<_> = files_below(dir.path()).into_iter().filter(|file| is(file, "bin")).collect();
    for file in &snapshots {
        let path = dir.path().join(file);
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() * 2 / 3]).unwrap();
    }
    let before = super::process::dump_tsv(dir.path(), &[]).stdout;
    fs::write(dir.path().join("stray"), "").unwrap();

    let ran = run_lines(dir.path(), "", &KEEP);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for file in &snapshots {
        let name = format!("file={} ", dir.path().join(file).display());
        let events: Vec<_> =
            ran.said("damaged file").into_iter().filter(|line| line.contains(&name)).collect();
        assert!(
            matches!(events[..], [found, moved] if found.contains("WARN damaged file file=") && found.contains(" offset=")
                && moved.contains("damaged file set aside") && moved.contains("/quarantine/")),
            "{events:#?}"
        );
    }
    assert_eq!(ran.said("WARN left alone file=").len(), 1, "{ran:?}");
    assert_eq!(ran.said(&format!("{} files damaged, see above", snapshots.len())).len(), 1, "{ran:?}");
    fs::remove_file(dir.path().join("stray")).unwrap();
    assert_eq!(points(dir.path()), before);
    assert!(snapshots.iter().all(|file| set_aside(dir.path(), file).is_file()));
}

fn set_aside(dir: &Path, file: &Path) -> std::path::PathBuf {
    dir.join(file.parent().unwrap()).join("quarantine").join(file.file_name().unwrap())
}

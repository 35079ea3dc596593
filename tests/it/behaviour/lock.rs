//! Row 24: one writer.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, io};

use treering_format_bin::BinFormat;
use treering_persist::{LockError, OpenError, Options, OsStorage, Store};
use treering_tests::{SimDisk, is_held};

use super::{T, kill, options, put, start};

/// Tells a second process of this test which directory to hold.
const HOLD: &str = "TREERING_TEST_HOLD";

fn open(root: &std::path::Path) -> Result<Store, OpenError> {
    let options = Options { root: root.to_owned(), ..options() };
    Ok(Store::open(Arc::new(OsStorage::new()), options, vec![Box::new(BinFormat)])?.0)
}

/// This test again, in a process of its own that opens the store, says so, and holds it until its input ends.
fn second_process(root: &std::path::Path) -> Child {
    let name = "behaviour::lock::row_24_second_process_is_refused_at_once_and_told_who_holds_the_store";
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(HOLD, root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().contains("holding")),
        "the second process could not open the store"
    );
    child
}

#[test]
fn row_24_second_process_is_refused_at_once_and_told_who_holds_the_store() {
    if let Some(root) = env::var_os(HOLD) {
        let _store = open(root.as_ref()).unwrap();
        println!("holding");
        io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store");
    let mut child = second_process(&root);
    let began = Instant::now();
    let error = open(&root).err().expect("the store is held by another process");
    assert!(began.elapsed() < Duration::from_secs(1));
    let OpenError::Lock { source: LockError::Held { holder }, .. } = &error else { panic!("{error:?}") };
    if cfg!(target_os = "linux") {
        let holder = holder.as_deref().unwrap_or_default();
        assert!(holder.contains(&child.id().to_string()), "{holder:?} does not name process {}", child.id());
    }
    // It stays so for as long as the other one lives, and no longer.
    assert!(is_held(&open(&root).err().unwrap()));
    child.kill().unwrap();
    child.wait().unwrap();
    open(&root).unwrap();
}

#[test]
fn row_24_store_is_held_until_it_is_dropped() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    let again = || Store::open(Arc::new(disk.clone()), options(), vec![Box::new(BinFormat)]);
    assert!(is_held(&again().err().unwrap()));
    store.close();
    assert!(is_held(&again().err().unwrap()), "closed is not gone");
    drop(store);
    let (store, _) = again().unwrap();
    start(&kill(&disk, store), &options());
}

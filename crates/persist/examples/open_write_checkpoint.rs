//! A store from first to last: open, write, checkpoint, close, open again, read.

use std::error::Error;
use std::sync::Arc;

use treering_format_bin::BinFormat;
use treering_level::{Query, Sample, Selector};
use treering_persist::{Options, OsStorage, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let open = || {
        let storage = Arc::new(OsStorage::new());
        Store::open(storage, Options::new(dir.path().join("checkpoints")), vec![Box::new(BinFormat)])
    };

    let (store, _) = open()?;
    let host = store.host("fritz", "f0101")?;
    let load = store.resolve(&host, &["socket0"], "cpu_load")?;
    let now_s = store.now_s();
    let samples =
        [(now_s - 60, 0.25), (now_s, 0.5)].map(|(time_s, value)| Sample { series: load, time_s, value });
    let outcome = store.write(&host, &samples)?; // returns when the log has it
    assert_eq!((outcome.stored, outcome.refused.total()), (2, 0));
    store.checkpoint();
    store.close();
    drop(store);

    let (store, report) = open()?;
    assert_eq!(report.samples_from_snapshots, 2);
    let path = ["fritz", "f0101", "socket0"].map(|name| Selector::Exact(name.to_owned())).to_vec();
    let query = Query { path, metric: "cpu_load".to_owned(), from_s: now_s - 60, to_s: now_s + 1 };
    assert_eq!(store.read(&query)?.values, [0.25, 0.5]);
    Ok(())
}

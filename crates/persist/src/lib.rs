//! A store for monitoring data that survives restarts: memory, one write-ahead log per host, snapshots.
//!
//! ```text
//!  write ──> tree (host's lock) ──> log buffer ──> current.wal ──┐ sealed, then dropped
//!                │                                               │ once a snapshot covers it
//!                └── checkpoint: freeze ──> <stem>.bin.tmp ──> <stem>.bin
//!  open  <── snapshots, newest first ── then the log: the same times, the same bits
//! ```
//!
//! A write that returned OK is as safe as the [`SyncPolicy`] says, and no start fails because of what stands in a
//! file. It does not know which snapshot formats exist: it is handed them, the first one is written. It opens no
//! socket, parses no text, and starts no thread but the [`Worker`] that you ask for and, while it opens or
//! checkpoints, one per core.
//!
//! Times are Unix seconds in `i64`, values `f32` (NaN is "no sample"), sizes bytes. All files and clocks are behind
//! [`Storage`]; [`OsStorage`] is the machine's own.
//!
//! ```
//! use std::sync::Arc;
//! use treering_format_bin::BinFormat;
//! use treering_level::Sample;
//! use treering_persist::{Options, OsStorage, Store};
//!
//! # let dir = tempfile::tempdir()?;
//! let options = || Options::new(dir.path());
//! let (store, _) = Store::open(Arc::new(OsStorage::new()), options(), vec![Box::new(BinFormat)])?;
//! let host = store.host("fritz", "f0101")?;
//! let series = store.resolve(&host, &["socket0"], "cpu_load")?;
//! let time_s = store.now_s();
//! let outcome = store.write(&host, &[Sample { series, time_s, value: 0.25 }])?;
//! assert_eq!(outcome.stored, 1);
//! drop(store); // no checkpoint, no close: as if the process had died
//!
//! let (_, report) = Store::open(Arc::new(OsStorage::new()), options(), vec![Box::new(BinFormat)])?;
//! assert_eq!(report.samples_from_logs, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod planted;
mod sync;

mod error;
mod health;
mod options;
mod read;
mod report;
mod storage;

mod catalog;
mod dirs;
mod journal;
mod layout;
mod log;
mod ticket;

mod barrier;
mod checkpoint;
mod parts;
mod recover;
mod retention;

mod inspect;
mod store;
mod worker;

pub use error::{AddressError, CheckpointError, IoFailure, NotLogged, OpenError, WriteError};
pub use health::{DamagedFile, DegradedHost, Health};
pub use inspect::{inspect, inspect_host};
pub use journal::HostJournal;
pub use options::{OnDiskFull, Options, SyncPolicy};
pub use read::{read_log, read_snapshot};
pub use report::{
    CheckpointReport, FailedHost, Finding, FindingKind, Quarantined, RecoveryReport, RetentionReport,
};
pub use storage::{Entry, EntryKind, LockError, OsStorage, Replace, Storage, StorageFile};
pub use store::{Status, Store, StoreHost, Times};
pub use worker::Worker;

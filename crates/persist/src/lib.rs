//! Checkpoints, recovery, retention and the write-ahead log: a store that survives restarts.
#![forbid(unsafe_code)]

mod sync;

mod error;
mod options;
mod report;
mod storage;

mod catalog;
mod journal;
mod layout;
mod log;
mod ticket;

mod barrier;
mod checkpoint;
mod recover;
mod retention;

mod inspect;
mod store;
mod worker;

pub use error::{AddressError, CheckpointError, IoFailure, NotLogged, OpenError, WriteError};
pub use inspect::inspect;
pub use journal::HostJournal;
pub use options::{Options, SyncPolicy};
pub use report::{CheckpointReport, FailedHost, Finding, FindingKind, RecoveryReport, RetentionReport};
pub use storage::{Entry, EntryKind, LockError, OsStorage, Replace, Storage, StorageFile};
pub use store::{DegradedHost, Status, Store, StoreHost, Times};
pub use worker::Worker;

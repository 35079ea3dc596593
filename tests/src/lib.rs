//! A disk in memory that forgets what was not synced, for tests of what a store keeps through a death or a
//! power cut.
//!
//! [`SimDisk`] implements [`Storage`](treering_persist::Storage). It keeps two states: the one that the
//! process sees, and the one that the medium is sure to hold. Between them lies an ordered list of unsynced
//! operations, of which a power cut lets any subset through. It does not time anything, and takes nothing
//! from outside: the same calls give the same disk.
//!
//! Lengths and offsets are in bytes, wall times in Unix seconds.
//!
//! ```
//! use std::path::Path;
//! use treering_persist::{Storage, StorageFile};
//! use treering_tests::{PowerCut, SimDisk};
//!
//! let disk = SimDisk::new();
//! let path = Path::new("/current.wal");
//! let file = disk.create(path)?;
//! file.append(b"sample")?;
//! file.sync()?;
//!
//! // The content is durable, the name is not.
//! assert_eq!(disk.fork().power_cut(PowerCut::Nothing).read(path), None);
//! disk.sync_dir(Path::new("/"))?;
//! assert_eq!(disk.power_cut(PowerCut::Nothing).read(path).as_deref(), Some(&b"sample"[..]));
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "fixtures")]
pub mod fixtures;
#[cfg(feature = "fuzz")]
pub mod fuzz;

mod disk;
mod simdisk;
mod watched;

mod held;
mod oracle;
mod row;

mod life;
mod workload;

mod clean_stop;
mod injury;
mod shared;

pub use clean_stop::{check_clean_stop, check_clean_stop_of_damaged, check_clean_stop_of_mixed};
pub use disk::Disk;
pub use held::{Held, SeriesName, held};
pub use injury::{Block, Injury};
pub use life::{
    Life, METRICS, Outcome, Planned, RETENTION, ROOT, Start, Step, Trouble, formats, interval_of, is_held,
    options,
};
pub use oracle::{Mismatch, Oracle, Recovered, Safety};
pub use row::{Row, scattered, variable};
pub use shared::{Checked, check_by_the_reference, production_checkpoints};
pub use simdisk::{
    Died, Errno, Fault, Faults, Found, Full, Operation, PowerCut, Rule, Short, SimDisk, SplitMix64,
    UnknownCut,
};
pub use watched::WatchedDisk;
pub use workload::{Run, Workload, run, series_of};

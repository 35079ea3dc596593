//! A write-ahead log as frames and records: a writer over anything that takes bytes, and a reader over a
//! byte slice that says how the log ends and where it goes on behind damage.
//!
//! ```text
//!   sample ──> Template ──push──> Batch ──append──> Writer ──one call──> LogFile
//!                                                                          │
//!   record, record, record … then Clean | Torn | Corrupt { next } <── Reader (bytes)
//! ```
//!
//! It opens no file, knows no path, no clock, no thread and no tree of series, and it never syncs: who owns
//! the file does. The reader never writes.
//!
//! Times are `i64` Unix seconds, values are `f32` (NaN is "no sample"), lengths and offsets are bytes from
//! the start of the file.
//!
//! ```
//! use treering_wal::{Batch, Control, End, Limits, Reader, Template, Writer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut log = Writer::create(Vec::new());
//! let load = Template::new("cpu_load", ["socket0", "core3"])?;
//! let mut batch = Batch::new();
//! batch.push_control(&Control::Segment { generation: 1 })?;
//! batch.push(&load, 1_700_000_000, 0.25);
//! batch.push(&load, 1_700_000_060, 0.5);
//! log.append(&batch)?;
//!
//! let bytes = log.into_file();
//! let mut reader = Reader::new(&bytes, &Limits::default())?;
//! let mut values = Vec::new();
//! loop {
//!     for record in reader.by_ref() {
//!         if !record.is_control() {
//!             assert_eq!(record.metric(), "cpu_load");
//!             values.push((record.time_s, record.value));
//!         }
//!     }
//!     if !reader.resume() {
//!         break;
//!     }
//! }
//! assert_eq!(values, [(1_700_000_000, 0.25), (1_700_000_060, 0.5)]);
//! assert_eq!(reader.end(), Some(End::Clean));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod batch;
mod checksum;
mod control;
mod format;
mod frame;
mod limits;
mod linear;
mod planted;
mod reader;
mod record;
mod repeat;
mod resync;
mod template;
mod writer;

pub use batch::{Batch, WholeRecords};
pub use control::{Aggregation, Control, ControlError};
pub use format::{
    CONTROL_METRIC, FILE_MAGIC, LEVEL_BYTES_MAX, LEVELS_MAX, METRIC_BYTES_MAX, PAYLOAD_BYTES_MAX,
    RECORD_MAGIC,
};
pub use frame::Reason;
pub use limits::{DEPTH_MAX, Limits};
pub use reader::{End, HeaderError, Reader};
pub use record::{Levels, Record};
pub use resync::ResyncWork;
pub use template::{RecordError, Template};
pub use writer::{AppendError, LengthError, LogFile, Writer};

//! What a snapshot of one host says, as a stream of events, and the traits of a format that reads and writes it.
//!
//! A snapshot is a tree: the root stands for the host, every level holds columns (a metric's values on one
//! grid) and further levels. Nobody has to build that tree: a [`Format`] reads bytes and drives a [`Sink`], and
//! its [`Encoder`] *is* a sink. So converting is decoding with the other format's encoder as the sink, loading is
//! decoding into a store, and dumping is decoding into a printer.
//!
//! ```text
//!   bytes --decode--> events --> Encoder --> bytes
//!                        |-----> a store, a printer, Counts, Document ...
//!   Document --emit--> events
//! ```
//!
//! What is *not* here: any byte layout, files and paths, threads, the store's own tree.
//!
//! Units: times are i64 Unix seconds, intervals i64 seconds as the file has them (0 and negative ones
//! included; who uses them checks), values f32, and NaN, whatever its bits, means "no sample".
//! A value's time is `start_s + index * interval_s`. Offsets are bytes from the start of the file.
//!
//! ```
//! use treering_snapshot::{Document, Head, Part, Sink};
//!
//! let mut document = Document::new();
//! let head = Head { metric: "cpu_user", interval_s: 60, start_s: 1_700_000_000, count: 3 };
//! document.enter("core0")?;
//! document.column(head, &[Part::Native(&[0.5, 0.75]), Part::Missing(1)])?;
//! document.leave()?;
//!
//! let column = document.level(&["core0"]).and_then(|level| level.column("cpu_user"));
//! assert_eq!(column.map(|column| column.values[1]), Some(0.75));
//! assert_eq!(document.counts().values, 3);
//! # Ok::<(), treering_snapshot::Stop>(())
//! ```
#![forbid(unsafe_code)]

mod event;
mod format;

mod damage;
mod error;
mod limits;

mod counts;
mod document;

pub use counts::{Counts, Loss};
pub use damage::{Damage, DamageKind};
pub use document::{Column, Document, InsertError, Level};
pub use error::{DecodeError, EncodeError};
pub use event::{Head, MISSING_BITS, Part, Sink, Stop, Take};
pub use format::{Decoded, Encoder, Format, Meta, Ours, Scratch, Window};
pub use limits::{DEPTH_MAX, Limits, NAME_BYTES_MAX, TEXT_BYTES_MAX};

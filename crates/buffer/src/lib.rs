//! One series of samples in memory: a ring of chunks on one grid.
//!
//! The crate knows no locks, no threads, no clock, no files and no names. A caller that shares a [`Ring`] between
//! threads puts a lock around it; a [`Frozen`] column that was taken from it may go to another thread as it is.
//!
//! Values are `f32`, and NaN means "no sample". Times are `i64` Unix seconds, intervals whole seconds, ranges half
//! open. A [`Grid`] says which slot a time belongs to; a [`Slot`] is the number of an interval since the origin.
//!
//! ```text
//!  slots   …  -512        0         512        1024  …
//!  windows    ├──────────┤├──────────┤├──────────┤
//!  chunks       ▒▒▒▒       ▓▓▓▓▓▓▓▓▓▓   ░░░░░
//!               late       sealed,      open,
//!               samples    shared       owned
//! ```
//!
//! A chunk holds only the part of its window that has values, and a window without values has no chunk. All chunks
//! but the newest are shared with the frozen columns; a write into a shared one copies it first.
//!
//! ```
//! use treering_buffer::{Bounds, Ring, Stored, Values};
//!
//! let mut ring = Ring::new(60);
//! assert_eq!(ring.write(1_700_000_000, 0.5, Bounds::NONE), Ok(Stored::New));
//! assert_eq!(ring.write(1_700_000_121, 1.5, Bounds::NONE), Ok(Stored::New));
//! assert_eq!(ring.samples(), 2);
//!
//! // A range comes back with one value per slot, here at most 100 of them.
//! let mut values = Vec::new();
//! let start = ring.read(1_700_000_000, 1_700_000_180, 100, &mut values)?;
//! assert_eq!(start, Some(1_700_000_000));
//! assert_eq!(values.len(), 3);
//! assert_eq!((values[0], values[2]), (0.5, 1.5));
//! assert!(values[1].is_nan());
//!
//! // What has to be written to disk: take it, freeze it, and give it back should the disk refuse it.
//! let taken = ring.take_dirty();
//! let column = ring.freeze(taken.span().unwrap_or_default());
//! ring.write(1_700_000_121, 9.0, Bounds::NONE)?;
//! assert!(matches!(column.parts().next(), Some(Values::Native([_, _, last])) if *last == 1.5));
//! ring.give_back(&taken);
//! assert_eq!(ring.dirty().slots(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod grid;

mod ranges;

mod values;

mod window;

mod run;

mod chunk;

mod sealed;

mod chunks;

mod ring;

mod frozen;

pub use frozen::{Frozen, Parts};
pub use grid::{Grid, Slot, TIME_MAX_S};
pub use ranges::SlotRanges;
pub use ring::{
    Bounds, Column, Fill, Freed, ReadError, Refused, RestoreError, Restored, Ring, SPREAD_SLOTS_MAX, Stored,
};
pub use values::Values;
pub use window::CHUNK_SLOTS;

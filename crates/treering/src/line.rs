//! The line protocol: one sample a line, from bytes, without an allocation.
//!
//! ```text
//! <metric>[,cluster=C][,hostname=H|,host=H][,type=T][,type-id=I][,stype=S][,stype-id=J][,other=ignored] value=<number> [time]
//! ```
//!
//! A line's first part, metric and tags, says which series; it is the same every time that a sender reports that series.
//! So it is read in two steps: [`Line::parse`] finds the part, [`Line::prefix`], and reads value and time;
//! [`Line::series`] takes the prefix apart. A caller who keeps what it resolved for a prefix needs the second step once.
//!
//! - Escapes: `\,`, `\ ` and `\=` stand for the character behind the backslash, in the metric and in tags. Any other
//!   backslash is itself. There is no escape for a line break.
//! - Of the fields only `value` counts; others may stand beside it and are skipped. Numbers are floats (`1`, `-2.5e3`),
//!   integers (`17i`) or unsigned integers (`17u`), and are rounded to `f32`.
//! - Times are seconds, milliseconds, microseconds or nanoseconds; see [`TimeUnit`]. None means now.
//! - Empty lines and lines that begin with `#` hold no sample. A carriage return at the end is ignored, and so are spaces
//!   at both ends.
//! - Whether a name may enter is for the store to say; here it only has to be UTF-8.

mod error;
mod number;
mod sample;
mod scan;
mod series;
mod split;
mod time;

pub use error::{LineError, NotNumber, Refusal};
pub use sample::Line;
pub use series::{LevelName, SeriesName};
pub use split::{Lines, Piece};
pub use time::{Time, TimeUnit};

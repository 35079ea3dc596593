//! The outer parts of the program `treering`, for others to reuse: what comes in, what is configured, what goes out.
//!
//! - [`line`](mod@line): the line protocol, one sample a line, parsed from bytes.
//! - [`config`]: the JSON configuration file.
//! - [`collect`]: what this machine measures about itself.
//! - [`intake`]: lines into a store, names looked up once.
//! - [`duration`]: durations as Go writes them, for files and flags.
//! - [`tsv`]: the tab separated rows that `treering dump` prints.
//!
//! Nothing here knows how a sample is stored; names are checked by the store. Times are Unix seconds in
//! `i64`, values `f32`, sizes bytes.
//!
//! ```
//! use treering::line::{Line, Lines, Piece};
//!
//! let input = &b"cpu_load,cluster=fritz,hostname=f0201 value=35 1725827464\ncpu_load,hostname=f0201 value=much\n"[..];
//! let mut lines = Lines::new(input);
//! let mut report = Vec::new();
//! while lines.read_chunk(|number, piece| {
//!     let Piece::Line(bytes) = piece else { return };
//!     match Line::parse(bytes).and_then(|line| line.map(|line| Ok((line.series()?, line.value))).transpose()) {
//!         Ok(Some((series, value))) => report.push(format!("{} is {value}", series.metric)),
//!         Ok(None) => {}
//!         Err(error) => report.push(format!("line {number}: {error} ({})", error.refusal())),
//!     }
//! })? {}
//! assert_eq!(report[0], "cpu_load is 35");
//! assert_eq!(report[1], "line 2: value at byte 30 is other text, not a number (bad_value)");
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

pub mod collect;
pub mod config;
pub mod duration;
pub mod intake;
pub mod line;
pub mod tsv;

//! Snapshots as JSON of ClusterCockpit, exact or with its one decimal.
//!
//! [`JsonFormat`] is the one thing to begin with. It reads everything that the reference reads, and writes what the
//! reference reads back: by default the shortest text from which every value comes back bit by bit, on demand the
//! reference's one decimal, byte for byte. With [`Ours`](treering_snapshot::Ours) a last key follows that the
//! reference passes over; its checksum tells whether the file is as it was written, as a whole. A file that is cut or
//! broken gives every column that lies whole before the fault. The text is described in `docs/format-json.md`.
//!
//! ```text
//!   text --scan--> outline (levels, columns, where they lie) --parse, one array at a time--> events
//!           \--> values of the arrays that are as a store writes them -------------------------^
//! ```
//!
//! What is *not* here: files and paths, threads, the meaning of names, times and values.
//!
//! Units: times in Unix seconds, offsets and lengths in bytes, checksums CRC-32 (IEEE).
//!
//! ```
//! use treering_format_json::JsonFormat;
//! use treering_snapshot::{Column, Document, Format, Limits, Meta, Scratch, Window};
//!
//! let mut document = Document::new();
//! let column = Column { interval_s: 60, start_s: 1_700_000_000, values: vec![0.25, f32::NAN, 3.0] };
//! document.insert(&["core0"], "ipc", column)?;
//! let meta = Meta { window: Window { from_s: 1_700_000_000, to_s: 1_700_000_180 }, ours: None };
//!
//! let mut text = Vec::new();
//! let mut encoder = JsonFormat::exact().encoder(&mut text);
//! document.emit(&mut *encoder)?;
//! encoder.finish(&meta)?;
//! assert!(text.windows(28).any(|found| found == br#""start":1700000000,"data":[0"#));
//!
//! let mut copy = Document::new();
//! let report = &mut |damage| panic!("{damage}");
//! let decoded =
//!     JsonFormat::exact().decode(&mut text, &mut Scratch::new(), &Limits::default(), &mut copy, report);
//! decoded.end?;
//! let values = &copy.level(&["core0"]).unwrap().column("ipc").unwrap().values;
//! assert_eq!((values[0], values[2]), (0.25, 3.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod checksum;
mod cursor;
mod name;
mod number;

mod column;
mod numbers;
mod parse;
mod scan;
mod seal;

mod decode;
mod encode;

use treering_snapshot::{Damage, DecodeError, Decoded, Encoder, Format, Limits, Scratch, Sink};

use crate::cursor::wide;
use crate::decode::Reading;
use crate::number::Precision;

/// The JSON format, extension `json`.
///
/// Its two forms differ in what they write; each reads both.
///
/// A decode allocates at most 40 times the text's length plus 64 KiB, whatever the text is, and a small part of that
/// for what a store writes. It overwrites the text. From 4 GiB on a text is refused, whatever the limits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonFormat {
    precision: Precision,
    reading: Reading,
}

impl Default for JsonFormat {
    /// The same as [`JsonFormat::exact`].
    fn default() -> Self {
        Self::exact()
    }
}

impl JsonFormat {
    /// Writes every value as the shortest text that reads back to the same bits, in the reference, too.
    #[must_use]
    pub const fn exact() -> Self {
        Self { precision: Precision::Exact, reading: Reading::AtOnce }
    }

    /// Writes every value as the reference does: with one decimal, correctly rounded, ties to even. What is behind
    /// that decimal is lost.
    #[must_use]
    pub const fn one_decimal() -> Self {
        Self { precision: Precision::OneDecimal, reading: Reading::AtOnce }
    }

    /// Reads all values by way of the parser for any text, which is slower. Everything that comes out is the same:
    /// this is what tests hold the reader against.
    #[must_use]
    pub const fn reading_plainly(self) -> Self {
        Self { reading: Reading::Plain, ..self }
    }
}

impl Format for JsonFormat {
    fn extension(&self) -> &'static str {
        "json"
    }

    fn len_bytes_max(&self, limits: &Limits) -> u64 {
        limits.text_bytes_max.min(u64::from(u32::MAX))
    }

    /// A value that is not finite is written as `null`. [`Counts::loss`](treering_snapshot::Counts::loss) has how many
    /// of them were infinite, and, with one decimal, how many values have become others.
    fn encoder<'a>(&self, out: &'a mut Vec<u8>) -> Box<dyn Encoder + 'a> {
        Box::new(encode::JsonEncoder::new(out, self.precision))
    }

    fn decode(
        &self,
        bytes: &mut [u8],
        scratch: &mut Scratch,
        limits: &Limits,
        sink: &mut dyn Sink,
        damage: &mut dyn FnMut(Damage),
    ) -> Decoded {
        let (max, found) = (self.len_bytes_max(limits), wide(bytes.len()));
        if found > max {
            let end = Err(DecodeError::TooLong { max, found });
            return Decoded { meta: None, end };
        }
        decode::decode(bytes, scratch.slot(), limits, self.reading, sink, damage)
    }
}

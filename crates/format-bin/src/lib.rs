//! Snapshots in the binary format of ClusterCockpit, with a trailer of checksums behind it.
//!
//! [`BinFormat`] is the one thing here. What it writes without [`Ours`](treering_snapshot::Ours) is what the
//! reference writes, byte for byte; with it, a trailer follows that the reference's reader passes over. The trailer
//! lists every column with its place and checksum, so that a damaged byte costs at most one column and never goes
//! unnoticed. The layout is in `docs/format-bin.md`.
//!
//! What is *not* here: files and paths, threads, the meaning of names, times and values. Columns are copied as
//! blocks in both directions; no value is looked at, so a NaN keeps its bits. (A [`Part::Missing`] is
//! written as 0x7FC00000, the NaN of the reference.)
//!
//! Units: times in Unix seconds, offsets and lengths in bytes, checksums CRC-32 (IEEE). Everything on disk is
//! little endian.
//!
//! [`Part::Missing`]: treering_snapshot::Part::Missing
//!
//! ```
//! use treering_format_bin::BinFormat;
//! use treering_snapshot::{Column, Document, Format, Limits, Meta, Ours, Scratch, Window};
//!
//! let mut document = Document::new();
//! let column = Column { interval_s: 60, start_s: 1_700_000_000, values: vec![0.5, f32::NAN, 0.75] };
//! document.insert(&["core0"], "cpu_user", column)?;
//!
//! let ours = Ours { cluster: "alpha".to_owned(), host: "n000".to_owned(), covers: 7, previous: 6 };
//! let window = Window { from_s: 1_700_000_000, to_s: 1_700_000_180 };
//! let mut bytes = Vec::new();
//! let mut encoder = BinFormat.encoder(&mut bytes);
//! document.emit(&mut *encoder)?;
//! encoder.finish(&Meta { window, ours: Some(ours) })?;
//!
//! let mut copy = Document::new();
//! let mut damage = Vec::new();
//! let report = &mut |found| damage.push(found);
//! let decoded = BinFormat.decode(&mut bytes, &mut Scratch::new(), &Limits::default(), &mut copy, report);
//! decoded.end?;
//! assert_eq!(copy, document);
//! assert_eq!(decoded.meta.and_then(|meta| meta.ours).map(|ours| ours.covers), Some(7));
//! assert!(damage.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod planted;

mod format;

mod checksum;
mod column;
mod cursor;
mod name;

mod encode;
mod trailer;

mod decode;

pub use format::FILE_MAGIC;

use treering_snapshot::{Damage, Decoded, Encoder, Format, Limits, Scratch, Sink};

/// The binary format, extension `bin`.
///
/// Decoding needs no scratch memory and leaves the input as it is: names and values go to the sink from where they
/// lie.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinFormat;

impl Format for BinFormat {
    fn extension(&self) -> &'static str {
        "bin"
    }

    fn encoder<'a>(&self, out: &'a mut Vec<u8>) -> Box<dyn Encoder + 'a> {
        Box::new(encode::BinEncoder::new(out))
    }

    fn decode(
        &self,
        bytes: &mut [u8],
        _: &mut Scratch,
        limits: &Limits,
        sink: &mut dyn Sink,
        damage: &mut dyn FnMut(Damage),
    ) -> Decoded {
        decode::decode(bytes, limits, sink, damage)
    }
}

//! One column's bytes: name, head, values.

use treering_snapshot::{DecodeError, Head, MISSING_BITS, Part, Sink, Stop};
use zerocopy::IntoBytes;

use crate::cursor::Cursor;
use crate::format::{ColumnHead, NameLen};
use crate::name;

/// Bytes of one value.
pub(crate) const VALUE_BYTES: usize = size_of::<f32>();

/// Bytes of the shortest column: no name, no value.
pub(crate) const COLUMN_BYTES_MIN: usize = size_of::<NameLen>() + size_of::<ColumnHead>();

/// A column as it lies in the file.
pub(crate) struct Record<'a> {
    pub(crate) name: &'a [u8],
    head: &'a ColumnHead,
    values: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the column at the cursor.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let name = cursor.name("a column's name")?;
        let head = cursor.item::<ColumnHead>("a column's head")?;
        let values = cursor.bytes(4 * u64::from(head.count.get()), "a column's values")?;
        Ok(Self { name, head, values })
    }

    pub(crate) fn interval_s(&self) -> i64 {
        self.head.interval_s.get()
    }

    pub(crate) fn start_s(&self) -> i64 {
        self.head.start_s.get()
    }

    pub(crate) fn count(&self) -> u32 {
        self.head.count.get()
    }

    /// Hands the column to a sink: its values as the block that they are.
    pub(crate) fn send(&self, sink: &mut dyn Sink) -> Result<(), Stop> {
        let head = Head {
            metric: &name::text(self.name),
            interval_s: self.interval_s(),
            start_s: self.start_s(),
            count: self.count(),
        };
        if self.values.is_empty() {
            sink.column(head, &[])
        } else {
            sink.column(head, &[Part::LittleEndian(self.values)])
        }
    }
}

/// Appends values as blocks.
pub(crate) fn write_values(out: &mut Vec<u8>, parts: &[Part<'_>]) {
    for part in parts {
        match part {
            Part::Native(values) => write_native(out, values),
            Part::LittleEndian(bytes) => out.extend_from_slice(bytes),
            Part::Missing(_) => write_missing(out, part.count()),
        }
    }
}

#[cfg(target_endian = "little")]
fn write_native(out: &mut Vec<u8>, values: &[f32]) {
    out.extend_from_slice(values.as_bytes());
}

#[cfg(target_endian = "big")]
fn write_native(out: &mut Vec<u8>, values: &[f32]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn write_missing(out: &mut Vec<u8>, count: usize) {
    const BLOCK_VALUES: usize = 512;
    const BLOCK: [[u8; VALUE_BYTES]; BLOCK_VALUES] = [MISSING_BITS.to_le_bytes(); BLOCK_VALUES];
    let mut left = count;
    while left > 0 {
        let now = left.min(BLOCK_VALUES);
        out.extend_from_slice(BLOCK[..now].as_flattened());
        left -= now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_the_canonical_nan_at_every_length() {
        for count in [0, 1, 511, 512, 513, 1_500] {
            let mut out = Vec::new();
            write_missing(&mut out, count);
            assert_eq!(out.len(), count * VALUE_BYTES);
            assert!(out.chunks(VALUE_BYTES).all(|value| value == [0x00, 0x00, 0xC0, 0x7F]));
        }
    }

    #[test]
    fn native_values_keep_every_bit() {
        let bits = [0x7FC0_0000, 0xFFC1_2345, 0x7F80_0001, 0x8000_0000, 1, 0x3F80_0000];
        let values = bits.map(f32::from_bits);
        let mut out = Vec::new();
        write_values(&mut out, &[Part::Native(&values)]);
        assert_eq!(out, bits.map(u32::to_le_bytes).concat());
    }
}

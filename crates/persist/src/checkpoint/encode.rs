//! Frozen series as a snapshot's bytes.

use std::error::Error;
use std::ops::Range;

use treering_buffer::{Frozen, Slot, Values};
use treering_level::FrozenSeries;
use treering_snapshot::{EncodeError, Encoder, Format, Head, Meta, Part, Stop, Take};

use crate::sync::Arc;

/// Why an encoder stopped.
pub(super) type EncodeFailure = Box<dyn Error + Send + Sync>;

/// One column of a new file: which of the frozen series, and which of its slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnOf {
    pub(super) series: usize,
    pub(super) slots: Range<Slot>,
}

/// What an encoded file holds.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    /// Time behind the last value; none if there is no value.
    pub(super) end_s: Option<i64>,
    pub(super) slots: u64,
    /// Where each column begins, by index of the frozen series. Columns without a value are not written.
    pub(super) starts: Vec<(usize, i64)>,
}

/// Encodes the columns, which are in path order, into `out`. `meta` is told where the last value ends.
pub(super) fn encode(
    format: &dyn Format,
    frozen: &[FrozenSeries],
    columns: &[ColumnOf],
    meta: impl FnOnce(&Encoded) -> Meta,
    out: &mut Vec<u8>,
) -> Result<Encoded, EncodeFailure> {
    let mut encoder = format.encoder(out);
    let mut encoded = Encoded::default();
    let mut path: &[Arc<str>] = &[];
    for column in columns {
        let series = &frozen[column.series];
        let values = series.column.slice(column.slots.clone());
        if values.is_empty() {
            continue;
        }
        path = move_to(&mut *encoder, path, &series.path)?;
        let end_s = emit_column(&mut *encoder, &series.metric, &values)?;
        encoded.end_s = encoded.end_s.max(Some(end_s));
        encoded.slots += values.slots();
        encoded.starts.push((column.series, values.start_s()));
    }
    move_to(&mut *encoder, path, &[])?;
    let meta = meta(&encoded);
    encoder.finish(&meta)?;
    Ok(encoded)
}

/// One frozen column as an event; returns the time behind its last value.
pub(super) fn emit_column(
    encoder: &mut dyn Encoder,
    metric: &str,
    values: &Frozen,
) -> Result<i64, EncodeFailure> {
    let count = u32::try_from(values.slots()).map_err(|_| EncodeError::TooLarge {
        what: "values of a column",
        max: u64::from(u32::MAX),
        found: values.slots(),
    })?;
    let parts: Vec<Part<'_>> = values.parts().map(part_of).collect();
    let (interval_s, start_s) = (i64::from(values.interval_s()), values.start_s());
    encoder.column(Head { metric, interval_s, start_s, count }, &parts).map_err(encode_error)?;
    Ok(start_s.saturating_add(interval_s.saturating_mul(i64::from(count))))
}

/// Leaves and enters levels until `to` is the current one.
fn move_to<'a>(
    encoder: &mut dyn Encoder,
    from: &[Arc<str>],
    to: &'a [Arc<str>],
) -> Result<&'a [Arc<str>], EncodeFailure> {
    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    for _ in common..from.len() {
        encoder.leave().map_err(encode_error)?;
    }
    for level in &to[common..] {
        let take = encoder.enter(level).map_err(encode_error)?;
        debug_assert_eq!(take, Take::Yes, "an encoder takes every level");
    }
    Ok(to)
}

fn part_of(values: Values<'_>) -> Part<'_> {
    match values {
        Values::Native(values) => Part::Native(values),
        Values::LittleEndian(bytes) => Part::LittleEndian(bytes),
        Values::Missing(count) => Part::Missing(count),
    }
}

/// Encoders say why they stop in their own words.
fn encode_error(stop: Stop) -> EncodeFailure {
    stop.into_reason().unwrap_or_else(|| "the encoder stopped".into())
}

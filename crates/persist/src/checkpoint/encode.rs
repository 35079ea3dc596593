//! Frozen series as a snapshot's bytes.

use std::error::Error;
use std::iter;
use std::ops::Range;

use treering_buffer::{Frozen, Slot};
use treering_level::FrozenSeries;
use treering_snapshot::{EncodeError, Encoder, Format, Head, Loss, Meta, Part, Stop, Take};

use crate::parts::part_of;
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
    /// What the format could not hold.
    pub(super) loss: Loss,
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
    encoded.loss = encoder.finish(&meta)?.loss;
    Ok(encoded)
}

/// One frozen column as an event; returns the time behind its last value.
fn emit_column(encoder: &mut dyn Encoder, metric: &str, values: &Frozen) -> Result<i64, EncodeFailure> {
    emit_column_from(encoder, metric, values.first_slot(), values)
}

/// The same, with slots without a value in front of it from `first` on.
pub(super) fn emit_column_from(
    encoder: &mut dyn Encoder,
    metric: &str,
    first: Slot,
    values: &Frozen,
) -> Result<i64, EncodeFailure> {
    let lead = values.first_slot().abs_diff(first);
    let found = values.slots().saturating_add(lead);
    let too_large = |_| EncodeError::TooLarge { what: "values of a column", max: u64::from(u32::MAX), found };
    let count = u32::try_from(found).map_err(too_large)?;
    let gap = Part::Missing(u32::try_from(lead).map_err(too_large)?);
    let parts: Vec<Part<'_>> = iter::once(gap).chain(values.parts().map(part_of)).collect();
    let (interval_s, start_s) = (i64::from(values.interval_s()), values.grid().time_of(first));
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

/// Encoders say why they stop in their own words.
fn encode_error(stop: Stop) -> EncodeFailure {
    stop.into_reason().unwrap_or_else(|| "the encoder stopped".into())
}

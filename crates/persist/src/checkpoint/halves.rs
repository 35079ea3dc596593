//! A new file that would be too long to be read again becomes two.

use std::ops::Range;

use treering_level::FrozenSeries;

use super::encode::ColumnOf;
use super::plan::floor_slot;

/// The columns of a new file, cut in the middle of their time: the older half, then the newer one. `None` if all their
/// values are of one time. The ends of a column must have a value.
///
/// Both halves of a column are in the order that a reader of the reference's asks for: the newer one begins later.
pub(super) fn halves(frozen: &[FrozenSeries], columns: &[ColumnOf]) -> Option<[Vec<ColumnOf>; 2]> {
    let grid = |column: &ColumnOf| frozen[column.series].column.grid();
    let first_s = columns.iter().map(|column| grid(column).time_of(column.slots.start)).min()?;
    let last_s = columns.iter().map(|column| grid(column).time_of(column.slots.end - 1)).max()?;
    if first_s >= last_s {
        return None;
    }
    let middle_s = first_s + (last_s - first_s) / 2 + 1;
    let mut halves = [Vec::new(), Vec::new()];
    for column in columns {
        let Range { start, end } = column.slots;
        let middle = floor_slot(&grid(column), Some(middle_s));
        for (half, slots) in halves.iter_mut().zip([start..end.min(middle), start.max(middle)..end]) {
            let slots = frozen[column.series].column.slice(slots).span();
            if !slots.is_empty() {
                half.push(ColumnOf { series: column.series, slots });
            }
        }
    }
    Some(halves)
}

//! How one host's levels and series lie in memory: two arrays and numbers into them.

mod intern;
mod levels;
mod series;

pub(crate) use intern::{ARC_HEADER_BYTES, Pool};
pub(crate) use levels::{LevelIndex, Levels};
pub(crate) use series::{Series, SeriesTable};

/// A number as an index. Numbers are 32 bits wide to halve what holds them.
fn at(number: u32) -> usize {
    number as usize
}

/// Makes room for one more by an eighth instead of by doubling: there is an array or two for each level of
/// each host.
fn make_room<T>(items: &mut Vec<T>, step_min: usize) {
    if items.len() == items.capacity() {
        items.reserve_exact((items.len() / 8).max(step_min));
    }
}

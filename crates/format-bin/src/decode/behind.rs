//! What lies behind a tree that ends before its file does: something foreign, or columns that a wrong count has cut off?

use super::check::plausible;
use crate::column::Record;
use crate::cursor::{Cursor, wide};

/// Where the first column lies that is whole, has a value, and is such as a store writes it, its name not longer than
/// 255 bytes.
///
/// So the second byte of a name's length is zero, and names without a zero in them cannot overlap: looking at all of
/// them takes as long as the bytes are many, whatever they are.
pub(super) fn column(behind: Cursor<'_>) -> Option<u64> {
    let places = behind.rest().windows(2).enumerate();
    let mut named = places.filter(|(_, len)| len[0] != 0 && len[1] == 0).map(|(at, _)| at);
    let at = named.find(|at| is_meant(Cursor::new(behind.rest().get(*at..).unwrap_or_default())))?;
    Some(behind.offset() + wide(at))
}

fn is_meant(mut cursor: Cursor<'_>) -> bool {
    Record::read(&mut cursor).is_ok_and(|record| {
        record.count() > 0 && plausible(record.name, record.interval_s(), record.start_s())
    })
}

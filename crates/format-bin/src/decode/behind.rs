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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &[u8], count: u32) -> Vec<u8> {
        let len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let values = vec![0; 4 * count as usize];
        [&len[..], name, &60i64.to_le_bytes(), &7i64.to_le_bytes(), &count.to_le_bytes(), &values].concat()
    }

    fn found(bytes: &[u8]) -> Option<u64> {
        column(Cursor::at(bytes, 1000))
    }

    #[test]
    fn the_first_whole_column_is_found_where_it_is() {
        let bytes = [b"foreign", &record(b"load", 2)[..], &record(b"mem", 1)].concat();
        assert_eq!(found(&bytes), Some(1007));
        assert_eq!(found(&bytes[8..]), Some(1033));
        assert_eq!(found(&bytes[..bytes.len() - 1][40..]), None, "the last one is cut");
    }

    #[test]
    fn what_no_store_writes_is_no_column() {
        for bytes in [
            record(b"load", 0),
            record(b"", 1),
            record(b"a\0b", 1),
            record(&[b'm'; 256], 1),
            record(&[b'm'; 300], 1),
        ] {
            assert_eq!(found(&bytes), None, "{bytes:?}");
        }
        assert_eq!(found(&record(&[b'm'; 255], 1)), Some(1000));
    }
}

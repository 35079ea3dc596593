//! What a log may begin with.

use treering_wal::{End, FILE_MAGIC, HeaderError, Limits, Reader, Reason};

use crate::plain::{HEADER, simple};
use crate::samples::{read_all, read_to_the_end};

fn header_error(bytes: &[u8]) -> HeaderError {
    Reader::new(bytes, &Limits::default()).unwrap_err()
}

fn salvage(bytes: &[u8]) -> (Vec<i64>, Vec<End>) {
    let (records, ends) = read_to_the_end(Reader::salvage(bytes, &Limits::default()));
    (records.iter().map(|record| record.time_s).collect(), ends)
}

#[test]
fn no_bytes_and_a_bare_header_are_clean_logs() {
    for bytes in [&[][..], &HEADER] {
        let (records, ends) = read_all(bytes);
        assert!(records.is_empty());
        assert_eq!(ends, [End::Clean]);
        assert_eq!(salvage(bytes), (vec![], vec![End::Clean]));
    }
}

#[test]
fn header_cut_short_is_not_a_bad_magic() {
    for found in 1..4 {
        assert_eq!(header_error(&HEADER[..found]), HeaderError::Truncated { found });
        assert_eq!(header_error(&[0, 0, 0][..found]), HeaderError::Truncated { found });
        let reason = Reason::HeaderCut { left: found as u64 };
        assert_eq!(salvage(&HEADER[..found]), (vec![], vec![End::Torn { offset: 0, reason }]));
    }
    assert_eq!(header_error(b"\x02\xA7\x1D\xCC"), HeaderError::Magic { found: FILE_MAGIC + 1 });
}

#[test]
fn file_of_zeros_is_told_from_a_foreign_file() {
    assert_eq!(header_error(&[0; 4096]), HeaderError::Zeros { found: 4096 });
    let torn = End::Torn { offset: 0, reason: Reason::Zeros { left: 4096 } };
    assert_eq!(salvage(&[0; 4096]), (vec![], vec![torn]));
    let mut not_quite = [0; 4096];
    not_quite[4095] = 1;
    assert_eq!(header_error(&not_quite), HeaderError::Magic { found: 0 });
}

#[test]
fn every_flipped_bit_of_the_file_magic_is_detected_and_costs_no_record() {
    let sound = [&HEADER[..], &simple(1), &simple(2)].concat();
    for bit in 0..32 {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(header_error(&bytes), HeaderError::Magic { found: FILE_MAGIC ^ (1 << bit) });
        assert_eq!(salvage(&bytes), (vec![1, 2], vec![End::Clean]));
    }
}

#[test]
fn salvage_finds_records_without_any_header_and_goes_on_behind_damage() {
    assert_eq!(salvage(&simple(1)), (vec![1], vec![End::Clean]));
    let bytes = [&b"lost"[..], &[0; 508], &simple(1), b"junk", &simple(2)].concat();
    let (times, ends) = salvage(&bytes);
    assert_eq!(times, [1, 2]);
    let offset = 512 + simple(1).len() as u64;
    let reason = Reason::Magic { found: u32::from_le_bytes(*b"junk") };
    assert_eq!(ends, [End::Corrupt { offset, reason, next: offset + 4 }, End::Clean]);
    let torn = End::Torn { offset: 0, reason: Reason::Magic { found: u32::from_le_bytes(*b"no l") } };
    assert_eq!(salvage(b"no log at all"), (vec![], vec![torn]));
}

#[test]
fn resume_does_nothing_unless_the_log_is_corrupt() {
    let bytes = [&HEADER[..], &simple(1), b"torn"].concat();
    let mut reader = Reader::new(&bytes, &Limits::default()).unwrap();
    assert!(!reader.resume() && reader.end().is_none());
    assert_eq!(reader.by_ref().count(), 1);
    assert!(matches!(reader.end(), Some(End::Torn { .. })));
    assert!(!reader.resume() && reader.next().is_none());
    assert!(matches!(reader.end(), Some(End::Torn { .. })));
}

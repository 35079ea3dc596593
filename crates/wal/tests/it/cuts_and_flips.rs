//! Every cut and every flipped bit of a log: what is lost, and that it is noticed.

use treering_wal::{End, Limits, Reader, Reason, Record};

use crate::samples::{boundaries, log_of, read_all, read_to_the_end};

/// Number of whole records within the first `len` bytes, and where the last of them ends.
fn whole_within(boundaries: &[usize], len: usize) -> (usize, usize) {
    let records = boundaries.partition_point(|&at| at <= len) - 1;
    (records, boundaries[records])
}

#[test]
fn log_cut_at_any_byte_gives_every_whole_record_and_where_it_is_torn() {
    let bytes = log_of(64 << 10);
    let boundaries = boundaries(&bytes);
    for len in 4..=bytes.len() {
        let mut reader = Reader::new(&bytes[..len], &Limits::default()).unwrap();
        let records = reader.by_ref().count();
        let (expected, torn_at) = whole_within(&boundaries, len);
        assert_eq!(records, expected, "cut at {len}");
        let left = (len - torn_at) as u64;
        match reader.end() {
            Some(End::Clean) => assert_eq!(left, 0, "cut at {len}"),
            Some(End::Torn { offset, reason }) => {
                assert_eq!(offset, torn_at as u64, "cut at {len}");
                let needed = (boundaries[expected + 1] - torn_at) as u64;
                let cut =
                    if left < 8 { Reason::HeaderCut { left } } else { Reason::FrameCut { needed, left } };
                assert_eq!(reason, cut, "cut at {len}");
                assert_ne!(left, 0, "cut at {len}");
            }
            other => panic!("cut at {len}: {other:?}"),
        }
    }
}

#[test]
fn log_whose_end_became_zeros_at_any_byte_is_torn_and_not_corrupt() {
    let bytes = log_of(8 << 10);
    let boundaries = boundaries(&bytes);
    for len in 4..bytes.len() {
        let mut zeroed = bytes.clone();
        zeroed[len..].fill(0);
        // Zeros that were zeros before change nothing.
        let differs = bytes.iter().zip(&zeroed).position(|(a, b)| a != b).unwrap_or(bytes.len());
        let (expected, torn_at) = whole_within(&boundaries, differs);
        let (records, ends) = read_all(&zeroed);
        assert_eq!(records.len(), expected, "zeros from {len}");
        let [End::Torn { offset, reason }] = ends[..] else {
            panic!("zeros from {len}: {ends:?}");
        };
        assert_eq!(offset, torn_at as u64, "zeros from {len}");
        if len <= torn_at {
            assert_eq!(reason, Reason::Zeros { left: (bytes.len() - torn_at) as u64 }, "zeros from {len}");
        }
    }
}

#[test]
fn every_flipped_bit_is_detected_and_costs_one_record() {
    let sound = log_of(16 << 10);
    let boundaries = boundaries(&sound);
    let (all, _) = read_all(&sound);
    let key = |record: &Record<'_>| {
        (
            record.offset,
            record.time_s,
            record.value.to_bits(),
            record.series_bytes().to_vec(),
            record.is_control(),
        )
    };
    let all: Vec<_> = all.iter().map(key).collect();
    let mut bytes = sound.clone();
    for at in 4..sound.len() {
        let (hit, start) = whole_within(&boundaries, at);
        let end = boundaries[hit + 1] as u64;
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let mut reader = Reader::new(&bytes, &Limits::default()).unwrap();
            let before = reader.by_ref().count();
            assert_eq!(before, hit, "bit {bit} of byte {at}");
            let offset = start as u64;
            if end == sound.len() as u64 {
                assert!(
                    matches!(reader.end(), Some(End::Torn { offset: o, .. }) if o == offset),
                    "bit {bit} of byte {at}"
                );
            } else {
                assert!(
                    matches!(reader.end(), Some(End::Corrupt { offset: o, next, .. }) if (o, next) == (offset, end)),
                    "bit {bit} of byte {at}: {:?}",
                    reader.end()
                );
                assert!(reader.resume());
                let behind = reader.by_ref().count();
                assert_eq!(before + behind + 1, all.len(), "bit {bit} of byte {at}");
                assert_eq!(reader.end(), Some(End::Clean), "bit {bit} of byte {at}");
            }
            bytes[at] ^= 1 << bit;
        }
        // What arrives is what was written: once per byte, as copying names takes time.
        bytes[at] ^= 0xFF;
        let (records, _) = read_to_the_end(Reader::new(&bytes, &Limits::default()).unwrap());
        let others = all[..hit].iter().chain(&all[hit + 1..]);
        assert!(records.iter().map(key).eq(others.cloned()), "byte {at}");
        bytes[at] ^= 0xFF;
    }
    assert_eq!(bytes, sound);
}

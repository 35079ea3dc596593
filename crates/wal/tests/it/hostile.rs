//! Files made to keep the search for sound records busy: its work is counted, not timed.

use treering_wal::{End, Limits, Reader, Reason, ResyncWork};

use crate::plain::{self, HEADER, MAGIC, Plain, frame_of, simple};
use crate::samples::read_to_the_end;

const MIB: usize = 1 << 20;

/// Reads all of a hostile file within the bound; gives the times found, the ends and the work.
fn read_bounded(bytes: &[u8]) -> (Vec<i64>, Vec<End>, ResyncWork) {
    let mut reader = Reader::new(bytes, &Limits::default().with_depth_max(usize::MAX)).unwrap();
    let (mut times, mut ends) = (Vec::new(), Vec::new());
    loop {
        times.extend(reader.by_ref().map(|record| record.time_s));
        ends.extend(reader.end());
        assert!(ends.len() <= bytes.len());
        if !reader.resume() {
            break;
        }
    }
    let (len, work) = (bytes.len() as u64, reader.resync_work());
    assert!(work.candidates <= len / 4, "{work:?}");
    assert!(work.hashed_frames <= len / 4, "{work:?}");
    assert!(work.hashed_bytes <= len + 1024 * work.hashed_frames, "{work:?}");
    (times, ends, work)
}

/// `piece` over and over up to about `len` bytes.
fn repeated(piece: &[u8], len: usize) -> Vec<u8> {
    piece.repeat(len / piece.len())
}

#[test]
fn bare_magics_are_never_hashed() {
    let bytes = [&HEADER[..], &repeated(&MAGIC, MIB), &simple(7)].concat();
    let (times, ends, work) = read_bounded(&bytes);
    assert_eq!(times, [7]);
    assert_eq!(ends.len(), 2);
    assert_eq!((work.candidates, work.hashed_frames), (MIB as u64 / 4, 2));
}

/// A header and enough of a payload to look like one, claiming `len` bytes.
fn lure(len: u32) -> Vec<u8> {
    let whole = Plain { time_s: 0, metric: b"", levels: &[], value_bits: 0, behind: &[] }.frame();
    let mut lure = whole[..whole.len() - 4].to_vec();
    lure[4..8].copy_from_slice(&len.to_le_bytes());
    lure
}

#[test]
fn overlapping_long_frames_cost_less_than_two_blocks_each() {
    for len in [15, 1_024, 1_025, 70_000, 500_000] {
        let bytes = [&HEADER[..], &repeated(&lure(len), MIB), &simple(7)].concat();
        let (times, ends, work) = read_bounded(&bytes);
        assert_eq!(times, [7], "lures of {len}");
        assert_eq!(ends.len(), 2, "lures of {len}");
        // Most lures had to be looked at: one by one that would have been `len` bytes each.
        let fitting = (MIB - len as usize) as u64 / 23;
        assert!(work.hashed_frames + 60 >= fitting, "lures of {len}: {work:?}");
    }
}

#[test]
fn lures_between_sound_records_are_bounded_too() {
    let piece = [lure(400_000), simple(7)].concat();
    let bytes = [&HEADER[..], &repeated(&piece, MIB)].concat();
    let (times, ends, work) = read_bounded(&bytes);
    assert_eq!(times.len(), MIB / piece.len());
    assert_eq!(ends.len(), times.len() + 1);
    assert!(work.hashed_frames > times.len() as u64);
}

#[test]
fn densest_lures_are_bounded() {
    // A header every 8 bytes; names and levels fall into the lures behind, whatever they say there.
    for len in 1_000..1_064_u32 {
        let bytes =
            [&HEADER[..], &repeated(&[MAGIC, len.to_le_bytes()].concat(), MIB / 8), &simple(7)].concat();
        let (times, _, _) = read_bounded(&bytes);
        assert_eq!(times, [7]);
    }
}

#[test]
fn sound_frames_of_any_length_are_found_behind_damage_at_any_offset() {
    for len in [0, 1, 997, 998, 999, 1_000, 1_001, 1_500, 3_000, MIB - 16] {
        let behind = vec![0x5A; len];
        let frame = Plain { time_s: 9, metric: b"m", levels: &[], value_bits: 0, behind: &behind }.frame();
        for shift in [1, 2, 500, 511, 512, 513] {
            let bytes = [&HEADER[..], &vec![0xEE; shift], &frame, b"again", &frame].concat();
            let (times, ends, _) = read_bounded(&bytes);
            assert_eq!(times, [9, 9], "{len} bytes behind the value, shifted by {shift}");
            let end = 4 + (shift + frame.len()) as u64;
            let [End::Corrupt { offset: 4, .. }, End::Corrupt { offset, next, .. }, End::Clean] = ends[..]
            else {
                panic!("{ends:?}");
            };
            assert_eq!((offset, next), (end, end + 5));
        }
    }
}

#[test]
fn payloads_of_up_to_two_blocks_are_hashed_and_nothing_around_them_is() {
    for payload in [23, 600, 1_023, 1_024] {
        let empty = simple(9).len() - 12;
        let behind = vec![0x5A; payload - empty];
        let frame = Plain { time_s: 9, metric: b"m", levels: &[], value_bits: 0, behind: &behind }.frame();
        let bytes = [&HEADER[..], &[0xEE; 3_000], &frame, &frame].concat();
        let (times, ends, work) = read_bounded(&bytes);
        assert_eq!((times, ends.len()), (vec![9, 9], 2));
        // The first is found and then read, the second is only read.
        let hashed = ResyncWork { candidates: 1, hashed_frames: 3, hashed_bytes: 3 * payload as u64 };
        assert_eq!(work, hashed, "payloads of {payload}");
    }
}

#[test]
fn long_damaged_frame_behind_damage_reports_the_checksum_that_it_has() {
    let mut payload =
        Plain { time_s: 9, metric: b"m", levels: &[], value_bits: 0, behind: &[3; 4_000] }.frame();
    payload.truncate(payload.len() - 4);
    payload.drain(..8);
    let mut frame = frame_of(&payload);
    let expected = u32::from_le_bytes(frame[frame.len() - 4..].try_into().unwrap());
    frame[2_000] ^= 0x10;
    let changed = frame_of(&frame[8..frame.len() - 4]);
    let found = u32::from_le_bytes(changed[changed.len() - 4..].try_into().unwrap());
    let bytes = [&HEADER[..], b"damage", &simple(1), &frame, &simple(2)].concat();
    let (times, ends, _) = read_bounded(&bytes);
    assert_eq!(times, [1, 2]);
    let checksum = Reason::Checksum { expected, found };
    assert!(matches!(ends[1], End::Corrupt { reason, .. } if reason == checksum), "{ends:?}");
}

#[test]
fn record_within_the_payload_of_a_sound_one_is_not_read() {
    let inner = simple(1);
    let outer = Plain { time_s: 2, metric: b"m", levels: &[], value_bits: 0, behind: &inner }.frame();
    let bytes = [&HEADER[..], &outer, &simple(3)].concat();
    let (records, ends) = read_to_the_end(Reader::new(&bytes, &Limits::default()).unwrap());
    assert_eq!(records.iter().map(|record| record.time_s).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(ends, [End::Clean]);
    assert_eq!(plain::sound_records(&bytes).len(), 2);
}

#[test]
fn bytes_without_a_header_and_a_sound_record_are_looked_through_once() {
    let bytes = MAGIC.repeat(5);
    let mut reader = Reader::salvage(&bytes, &Limits::default());
    assert!(reader.next().is_none() && matches!(reader.end(), Some(End::Torn { offset: 0, .. })));
    assert_eq!(reader.resync_work().candidates, 5);
}

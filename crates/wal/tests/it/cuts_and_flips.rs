//! Every cut and every flipped bit of a log, the reference's too: what is lost, and that it is noticed.

use treering_wal::{End, FILE_MAGIC, HeaderError, Limits, Reader, Reason, Record};

use crate::fixtures::{log, logs};
use crate::samples::{boundaries, log_of, read_all};

const CUT_BYTES: usize = 64 << 10;
const FLIPPED_BYTES: usize = 16 << 10;

/// A sound record and where its frame ends.
struct Whole<'a> {
    record: Record<'a>,
    end: usize,
}

fn whole(bytes: &[u8]) -> Vec<Whole<'_>> {
    let (records, _) = read_all(bytes);
    let end = |record: &Record<'_>| {
        let at = usize::try_from(record.offset).unwrap();
        at + 12 + u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize
    };
    records.into_iter().map(|record| Whole { end: end(&record), record }).collect()
}

/// Bit by bit, content of control records included.
fn same(a: &Record<'_>, b: &Record<'_>) -> bool {
    (a.offset, a.time_s, a.value.to_bits()) == (b.offset, b.time_s, b.value.to_bits())
        && a.series_bytes() == b.series_bytes()
        && (!a.is_control() || a.control() == b.control())
}

/// Reads on to the very end: every record is the next one of those expected. Gives the ends that were met.
fn expect<'a>(
    mut reader: Reader<'a>,
    mut expected: impl Iterator<Item = &'a Record<'a>>,
    what: impl Fn() -> String,
) -> Vec<End> {
    let mut ends = Vec::new();
    loop {
        for record in reader.by_ref() {
            let next = expected.next();
            assert!(next.is_some_and(|next| same(next, &record)), "{}: {record:?}, not {next:?}", what());
        }
        ends.extend(reader.end());
        if !reader.resume() {
            break;
        }
    }
    assert!(expected.next().is_none(), "{}: a record did not arrive", what());
    ends
}

/// Every cut of a log of ours of 64 KiB.
#[test]
fn matrix_08_cut_log_of_ours_gives_every_whole_record_and_where_it_is_torn() {
    let bytes = log_of(CUT_BYTES);
    assert!(bytes.len() >= CUT_BYTES);
    cut(&bytes, "ours");
}

/// Every cut of every log of the reference's, those that are damaged already among them.
#[test]
fn matrix_08_cut_log_of_the_reference_gives_every_whole_record_and_where_it_is_torn() {
    for (name, bytes, _) in logs() {
        if name.starts_with("wal-bad-magic") || name.starts_with("wal-short-header") {
            for len in 1..=bytes.len() {
                assert!(Reader::new(&bytes[..len], &Limits::default()).is_err(), "{name:?} cut at {len}");
            }
        } else {
            cut(&bytes, &name.display().to_string());
        }
    }
}

fn cut(bytes: &[u8], name: &str) {
    for len in 1..bytes.len().min(4) {
        let found = Reader::new(&bytes[..len], &Limits::default()).unwrap_err();
        assert_eq!(found, HeaderError::Truncated { found: len });
    }
    let all = whole(bytes);
    for len in 4..=bytes.len() {
        let records = all.partition_point(|whole| whole.end <= len);
        let what = || format!("{name} cut at {len}");
        let reader = Reader::new(&bytes[..len], &Limits::default()).unwrap();
        let mut ends = expect(reader, all[..records].iter().map(|whole| &whole.record), what);
        let torn_at = records.checked_sub(1).map_or(4, |last| all[last].end);
        let left = (len - torn_at) as u64;
        match ends.pop() {
            Some(End::Clean) => assert_eq!(left, 0, "{}", what()),
            Some(End::Torn { offset, reason }) => {
                assert_eq!(offset, torn_at as u64, "{}", what());
                assert_ne!(left, 0, "{}", what());
                // Where the next record is a sound one, the cut is all that is wrong.
                if let Some(next) = all.get(records).filter(|next| next.record.offset == offset) {
                    let needed = (next.end - torn_at) as u64;
                    let cut =
                        if left < 8 { Reason::HeaderCut { left } } else { Reason::FrameCut { needed, left } };
                    assert_eq!(reason, cut, "{}", what());
                }
            }
            end => panic!("{}: {end:?}", what()),
        }
        // The gaps that were there before.
        let gap = |end: &End| matches!(end, End::Corrupt { offset, next, .. } if offset < next);
        assert!(ends.iter().all(gap), "{}: {ends:?}", what());
    }
    println!("faults: row 8 from 0 cases {0} tried {0} failures 0", bytes.len());
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
        let expected = boundaries.partition_point(|&at| at <= differs) - 1;
        let torn_at = boundaries[expected];
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

/// Every bit of a log of ours of 16 KiB.
#[test]
fn matrix_09_flipped_bit_of_a_log_of_ours_is_noticed_and_costs_one_record() {
    flip(&log_of(FLIPPED_BYTES));
}

/// Every bit of a log of 16 KiB of the reference's records: all of them, one log behind the other.
#[test]
fn matrix_09_flipped_bit_of_a_log_of_the_reference_is_noticed_and_costs_one_record() {
    let mut bytes = log("wal");
    for host in ["alpha/n000", "alpha/n001", "beta/n002"] {
        bytes.extend_from_slice(&log(&format!("store/{host}"))[4..]);
    }
    flip(&bytes);
}

fn flip(sound: &[u8]) {
    assert!(sound.len() >= FLIPPED_BYTES);
    let all = whole(sound);
    assert!(all.len() > 200);
    let records = |hit: usize| all[..hit].iter().chain(all.get(hit + 1..).unwrap_or_default());
    let mut bytes = sound.to_vec();
    for at in 0..sound.len() {
        let hit = all.partition_point(|whole| whole.end <= at);
        for bit in 0..8 {
            let what = || format!("bit {bit} of byte {at}");
            bytes[at] ^= 1 << bit;
            if at < 4 {
                // The file's magic costs no record.
                let found = FILE_MAGIC ^ 1 << (8 * at + bit);
                let reader = Reader::new(&bytes, &Limits::default());
                assert_eq!(reader.unwrap_err(), HeaderError::Magic { found }, "{}", what());
                let reader = Reader::salvage(&bytes, &Limits::default());
                assert_eq!(expect(reader, all.iter().map(|whole| &whole.record), what), [End::Clean]);
            } else {
                let reader = Reader::new(&bytes, &Limits::default()).unwrap();
                let ends = expect(reader, records(hit).map(|whole| &whole.record), what);
                let (begin, end) = (all[hit].record.offset, all[hit].end as u64);
                let told = match ends[..] {
                    [End::Torn { offset, .. }] => offset == begin && hit + 1 == all.len(),
                    [End::Corrupt { offset, next, .. }, End::Clean] => (offset, next) == (begin, end),
                    _ => false,
                };
                assert!(told, "{}: {ends:?}", what());
            }
            bytes[at] ^= 1 << bit;
        }
    }
    assert_eq!(bytes, sound);
    println!("faults: row 9 from 0 cases {0} tried {0} failures 0", bytes.len() * 8);
}

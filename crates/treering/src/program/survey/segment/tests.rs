//! Windows show what whole logs show.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use treering_wal::{Batch, Template, Writer};

use super::*;

impl Bytes for Vec<u8> {
    fn len_bytes(&self) -> u64 {
        wide(self.len())
    }

    /// As a file system that knows every hole.
    fn data_from(&self, offset: u64) -> u64 {
        let from = usize::try_from(offset).unwrap().min(self.len());
        let zeros = self[from..].iter().take_while(|byte| **byte == 0).count();
        wide(from + zeros).max(offset)
    }

    fn append(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap().min(self.len());
        bytes.extend_from_slice(&self[from..self.len().min(from + len)]);
        Ok(())
    }
}

/// In words. What seems to be a frame may claim to be longer than the windows here allow for: then it is cut by
/// the window, where the whole log tells that its checksum is wrong.
fn words(event: &Event<'_>) -> String {
    let of = |reason: &Reason| match reason {
        Reason::FrameCut { .. } | Reason::Checksum { .. } => "no frame".to_owned(),
        other => other.to_string(),
    };
    match event {
        Event::Header(error) => error.to_string(),
        Event::Record { offset, end, record } => {
            let len = wide(8 + 8 + record.series_bytes().len() + 4 + 4);
            assert_eq!(end - offset, len, "time, names, value");
            format!("{offset}: {} {}", record.time_s, record.value)
        }
        Event::Corrupt { offset, reason, next } => format!("{offset} to {next}: {}", of(reason)),
        Event::Torn { offset, reason } => format!("{offset} to the end: {}", of(reason)),
    }
}

/// In windows.
fn windows(bytes: &Vec<u8>, window_bytes: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let windows = Windows { bytes, window_bytes, frame_bytes_max: 100 };
    windows.read(&mut |event| seen.push(words(&event))).unwrap();
    seen
}

/// As the reader of whole logs has it.
fn whole(bytes: &[u8]) -> Vec<String> {
    let mut seen = Vec::new();
    let mut begins_at = None;
    let mut reader = match Reader::new(bytes, &Limits::default()) {
        Ok(reader) => reader,
        Err(error) => {
            seen.push(words(&Event::Header(error)));
            if !matches!(error, HeaderError::Magic { .. }) {
                return seen;
            }
            begins_at = Some(u32::from_le_bytes(*bytes.first_chunk().unwrap()));
            Reader::salvage(bytes, &Limits::default())
        }
    };
    loop {
        for record in reader.by_ref() {
            if let Some(found) = begins_at.take().filter(|_| record.offset > 0) {
                let reason = Reason::Magic { found };
                seen.push(words(&Event::Corrupt { offset: 0, reason, next: record.offset }));
            }
            seen.push(format!("{}: {} {}", record.offset, record.time_s, record.value));
        }
        match reader.end() {
            Some(End::Corrupt { offset, reason, next }) => {
                seen.push(words(&Event::Corrupt { offset, reason, next }));
            }
            Some(End::Torn { offset, reason }) => {
                let reason = begins_at.map_or(reason, |found| Reason::Magic { found });
                seen.push(words(&Event::Torn { offset, reason }));
            }
            _ => {}
        }
        if !reader.resume() {
            return seen;
        }
    }
}

/// Records of different lengths, each shorter than the limit of the windows here.
fn log(count: i64) -> Vec<u8> {
    let mut batch = Batch::new();
    for time_s in 0..count {
        let level = "l".repeat(usize::try_from(1 + time_s * 7 % 60).unwrap());
        batch.push(&Template::new("m", [level.as_str()]).unwrap(), time_s, 0.5);
    }
    let mut writer = Writer::create(Vec::new());
    writer.append(&batch).unwrap();
    writer.into_file()
}

#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    Zero(usize, usize),
    Cut(usize),
    Tail(Vec<u8>),
    Insert(usize, Vec<u8>),
    Head(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let bytes = || proptest::collection::vec(prop_oneof![Just(0), Just(0xa1), any::<u8>()], 0..300);
    prop_oneof![
        (any::<usize>(), 1_u8..).prop_map(|(at, mask)| Change::Flip(at, mask)),
        (any::<usize>(), 0_usize..700).prop_map(|(at, len)| Change::Zero(at, len)),
        any::<usize>().prop_map(Change::Cut),
        bytes().prop_map(Change::Tail),
        (0_usize..900).prop_map(|len| Change::Tail(vec![0; len])),
        (any::<usize>(), bytes()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        proptest::collection::vec(any::<u8>(), 0..6).prop_map(Change::Head),
    ]
}

fn apply(log: &mut Vec<u8>, change: &Change) {
    let place = |at: usize, log: &[u8]| at % (log.len() + 1);
    match change {
        Change::Flip(at, mask) => {
            let at = place(*at, log);
            if let Some(byte) = log.get_mut(at) {
                *byte ^= mask;
            }
        }
        Change::Zero(at, len) => {
            let at = place(*at, log);
            let end = log.len().min(at + len);
            log[at..end].fill(0);
        }
        Change::Cut(at) => log.truncate(place(*at, log)),
        Change::Tail(tail) => log.extend(tail),
        Change::Insert(at, bytes) => {
            let at = place(*at, log);
            log.splice(at..at, bytes.iter().copied());
        }
        Change::Head(head) => {
            let end = log.len().min(4);
            log.splice(..end, head.iter().copied());
        }
    }
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 512;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_windows_show_what_the_whole_log_shows(
        count in 0_i64..60,
        changes in proptest::collection::vec(change(), 0..4),
        window_bytes in prop_oneof![200_usize..500, Just(1 << 20)],
    ) {
        let mut log = log(count);
        changes.iter().for_each(|change| apply(&mut log, change));
        prop_assert_eq!(windows(&log, window_bytes), whole(&log));
    }
}

#[test]
fn a_long_gap_is_one_event() {
    let gap = [log(3), vec![0; 5_000], log(3)[4..].to_vec()].concat();
    let seen = windows(&gap, 256);
    assert_eq!(seen, whole(&gap));
    assert_eq!(seen.len(), 7, "{seen:?}");
    let zeros = [log(3), vec![0; 5_000]].concat();
    assert_eq!(windows(&zeros, 256), whole(&zeros));
    assert!(windows(&zeros, 256)[3].ends_with("5000 bytes of zero up to the end"));
    assert_eq!(windows(&vec![0; 5_000], 256), ["log of 5000 bytes that are all zero"]);
}

/// A frame of the log around any payload.
fn frame(payload: &[u8]) -> Vec<u8> {
    let crc32 = !payload.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    let len = u32::try_from(payload.len()).unwrap();
    let head = [treering_wal::RECORD_MAGIC.to_le_bytes(), len.to_le_bytes()].concat();
    [&head[..], payload, &crc32.to_le_bytes()].concat()
}

#[test]
fn a_record_that_a_window_cuts_goes_before_one_that_lies_in_it() {
    let payload = |time_s: i64, behind: &[u8]| {
        [&time_s.to_le_bytes()[..], &[1, 0, b'm', 0], &0.5_f32.to_le_bytes(), behind].concat()
    };
    let inner = frame(&payload(2, &[]));
    let outer = frame(&payload(1, &[&inner[..], &[7; 40]].concat()));
    assert!(outer.len() <= 100 && outer.len() - inner.len() > 40);
    let bytes = [&log(0)[..], &[9; 150], &outer, &log(4)[4..]].concat();
    let read = |window_bytes: usize| {
        let mut times = Vec::new();
        let windows = Windows { bytes: &bytes, window_bytes, frame_bytes_max: 100 };
        let visit = &mut |event: Event<'_>| {
            if let Event::Record { record, .. } = event {
                times.push(record.time_s);
            }
        };
        windows.read(visit).unwrap();
        times
    };
    for window_bytes in 200..320 {
        assert_eq!(read(window_bytes), [1, 0, 1, 2, 3], "{window_bytes}");
    }
}

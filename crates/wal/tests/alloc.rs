//! How much memory reading takes, counted: at most four times the input and 64 KiB, whatever it holds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use treering_wal::{Batch, CONTROL_METRIC, End, LEVELS_MAX, Limits, Reader, Template, Writer};

const FRAME_HEADER: [u8; 4] = [0xA1, 0xA7, 0x1D, 0xCC];
const FILE_HEADER: [u8; 4] = [0x01, 0xA7, 0x1D, 0xCC];

/// Bytes that reading everything of `bytes` allocates: the most at one time, and the sum.
fn read_all(bytes: &[u8]) -> (u64, u64) {
    let mut ends = 0;
    let info = allocation_counter::measure(|| {
        let mut reader = Reader::salvage(bytes, &Limits::default().with_depth_max(LEVELS_MAX));
        loop {
            for record in reader.by_ref() {
                std::hint::black_box((record.metric(), record.control()));
                record.levels().for_each(|level| drop(std::hint::black_box(level)));
            }
            ends += 1;
            assert!(ends <= bytes.len() + 1);
            if !reader.resume() {
                break;
            }
        }
    });
    assert!(ends > 0);
    (info.bytes_max, info.bytes_total)
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_le_bytes();
    [&FRAME_HEADER[..], &len, payload, &crc32fast::hash(payload).to_le_bytes()].concat()
}

fn assert_within_rule(what: &str, bytes: &[u8]) {
    let (most, total) = read_all(bytes);
    let allowed = 4 * bytes.len() as u64 + (64 << 10);
    println!("{what}: {} bytes of input, {most} bytes at most, {total} in all", bytes.len());
    assert!(most <= allowed, "{what}: {most} bytes at one time, {allowed} allowed");
}

#[test]
fn sound_log_of_any_length_is_read_with_one_small_table() {
    let series = Template::new("mem_used", ["socket0", "core12"]).unwrap();
    let mut batch = Batch::new();
    let mut allocated = Vec::new();
    for records in [100_u16, 10_000] {
        batch.clear();
        (0..records).for_each(|n| batch.push(&series, n.into(), 0.5));
        let mut log = Writer::create(Vec::new());
        log.append(&batch).unwrap();
        let mut reader = Reader::new(log.file(), &Limits::default()).unwrap();
        assert_eq!((reader.by_ref().count(), reader.end()), (records.into(), Some(End::Clean)));
        let (most, total) = read_all(log.file());
        assert_eq!(most, total);
        allocated.push(total);
    }
    assert_eq!(allocated[0], allocated[1]);
    assert!(allocated[0] < 5_000, "{allocated:?}");
}

#[test]
fn pushing_into_a_cleared_batch_allocates_nothing() {
    let series = Template::new("mem_used", ["socket0", "core12"]).unwrap();
    let mut batch = Batch::new();
    (0..1_000).for_each(|n| batch.push(&series, n, 0.5));
    batch.clear();
    let info = allocation_counter::measure(|| (0..1_000).for_each(|n| batch.push(&series, n, 0.5)));
    assert_eq!(info.count_total, 0);
    assert_eq!(batch.records(), 1_000);
}

#[test]
fn names_that_are_no_utf8_stay_within_the_rule() {
    // Each byte becomes three, and the names are as long as they can be.
    let mut payload = [&[0; 8][..], &[0xFF, 0xFF], &[0xFF; 0xFFFF], &[255]].concat();
    for _ in 0..255 {
        payload.extend([0xFF; 256]);
    }
    payload.extend([0; 4]);
    assert_within_rule("names of 0xff", &[&FILE_HEADER[..], &frame(&payload)].concat());

    let mut payload = [&[0; 8][..], &[16, 0], CONTROL_METRIC.as_bytes(), &[0], &[0; 4]].concat();
    payload.extend([1, 2, 1, 0, 0, 0, 0, 0xFF, 0xFF]);
    payload.extend([0xFF; 0xFFFF]);
    assert_within_rule("control name of 0xff", &[&FILE_HEADER[..], &frame(&payload)].concat());
}

#[test]
fn hostile_files_stay_within_the_rule() {
    let lure = |len: u32| [&FRAME_HEADER[..], &len.to_le_bytes(), &[0; 15]].concat();
    for len in [2_000, 70_000, 500_000, 1 << 20, u32::MAX] {
        for copies in [1, 100, 100_000] {
            let sound = frame(&[0; 15]);
            let bytes = [&FILE_HEADER[..], &lure(len).repeat(copies), &sound].concat();
            assert_within_rule(&format!("{copies} frames of {len}"), &bytes);
        }
    }
    assert_within_rule("zeros", &[0; 1 << 20]);
    assert_within_rule("magics", &FRAME_HEADER.repeat(1 << 18));
    assert_within_rule("nothing", &[]);
}

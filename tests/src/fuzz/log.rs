//! A log of any bytes: read to its end with every resumption, cut, and written again.

use std::cell::RefCell;

use treering_wal::{Batch, Control, End, Limits, Reader, Record, Template, Writer};

use super::{broken, number};

/// Bytes of a log's header.
const FILE_HEADER_BYTES: u64 = 4;
/// Bytes of a frame's header and trailer.
const FRAME_BYTES: u64 = 12;
/// Bytes of the shortest frame that can be sound: no name, no level.
const FRAME_BYTES_MIN: u64 = FRAME_BYTES + 15;

/// Where a record lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    start: u64,
    end: u64,
}

/// What is used from input to input.
#[derive(Default)]
struct Buffers {
    whole: Vec<Place>,
    cut: Vec<Place>,
    batch: Batch,
    log: Vec<u8>,
}

/// What a reader may take for a log of any length.
const REPEATS_BYTES_MAX: u64 = 6 << 10;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Properties:
/// - records lie one behind the other, and where they do not the reader has said so; its ends are where it says;
/// - reading takes 1/128 of the log's length of memory and a few KiB, and looking for sound records the work that it promises;
/// - of a log that is cut the records are the first of the whole one's, up to the cut;
/// - what is read can be written, and reads back the same.
///
/// # Panics
/// If one of them does not hold.
pub fn check(input: &[u8]) {
    BUFFERS.with_borrow_mut(|buffers| {
        let Buffers { whole, cut, batch, log } = buffers;
        walk(input, whole);
        // Any place would do; this one differs from input to input, and is the same for equal ones.
        let at = number(input) % (input.len() + 1);
        walk(&input[..at], cut);
        let within = whole.iter().take_while(|place| place.end <= wide(at)).count();
        // In the record that is cut there may be what looks like others.
        assert!(cut.len() >= within && cut[..within] == whole[..within], "cut at {at}: {cut:?} of {whole:?}");
        rewrite(input, batch, log);
    });
}

fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn reader(bytes: &[u8]) -> Reader<'_> {
    Reader::salvage(bytes, &Limits::default())
}

/// Reads to the end and notes where the records lie.
fn walk(bytes: &[u8], places: &mut Vec<Place>) {
    let len = wide(bytes.len());
    places.clear();
    places.reserve(bytes.len() / usize::try_from(FRAME_BYTES_MIN).unwrap_or(1) + 1);
    let memory = allocation_counter::measure(|| places_of(bytes, places));
    // In pieces of 512 bytes one checksum each, and one to begin with; and what it remembers of repeated records.
    assert!(
        memory.bytes_max <= len / 128 + 4 + REPEATS_BYTES_MAX,
        "{} bytes of memory for {len}",
        memory.bytes_max
    );
    assert!(wide(places.len()) * FRAME_BYTES_MIN <= len, "{} records in {len} bytes", places.len());
}

fn places_of(bytes: &[u8], places: &mut Vec<Place>) {
    let len = wide(bytes.len());
    let is_log = Reader::new(bytes, &Limits::default()).is_ok();
    let mut reader = reader(bytes);
    // Where the next record has to begin, if that is known.
    let mut next = (is_log && len > 0).then_some(FILE_HEADER_BYTES);
    loop {
        for record in reader.by_ref() {
            let start = record.offset;
            assert!(next.is_none_or(|next| next == start), "a record at {start}, {next:?} expected");
            assert!(places.last().is_none_or(|last| last.start < start), "a record at {start} comes again");
            let end = start + FRAME_BYTES + payload_len(bytes, start);
            assert!(
                end >= start + FRAME_BYTES_MIN && end <= len,
                "a record of {start}..{end} in {len} bytes"
            );
            places.push(Place { start, end });
            next = Some(end);
        }
        match reader.end() {
            None => broken(format_args!("the records end, and nothing says why")),
            Some(End::Clean) => assert!(next.unwrap_or(0) == len, "clean, but not at the end"),
            Some(End::Torn { offset, .. }) => {
                assert!(offset == next.unwrap_or(0) && offset <= len, "torn at {offset}, {next:?} expected");
            }
            Some(End::Corrupt { offset, next: sound, .. }) => {
                assert!(offset == next.unwrap_or(0), "corrupt at {offset}, {next:?} expected");
                assert!(sound > offset && sound < len, "corrupt at {offset}, goes on at {sound} of {len}");
                next = Some(sound);
            }
        }
        assert!(reader.next().is_none(), "a record behind the end");
        if !reader.resume() {
            break;
        }
    }
    let work = reader.resync_work();
    assert!(work.candidates <= len / 4 && work.hashed_frames <= len / 4, "{work:?} for {len} bytes");
    assert!(work.hashed_bytes <= len + 1024 * work.hashed_frames, "{work:?} for {len} bytes");
}

/// The length that the frame at `start` says its payload has.
fn payload_len(bytes: &[u8], start: u64) -> u64 {
    let at = usize::try_from(start).unwrap_or(usize::MAX).saturating_add(4);
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    u64::from(u32::from_le_bytes(field))
}

/// Writes what was read, and reads that.
fn rewrite(bytes: &[u8], batch: &mut Batch, log: &mut Vec<u8>) {
    batch.clear();
    for_each(bytes, |record| push(record, batch));
    let mut file = std::mem::take(log);
    file.clear();
    let mut writer = Writer::create(file);
    let written = writer.append(batch);
    assert!(written.is_ok(), "{written:?}");
    *log = writer.into_file();
    let mut copies = reader(log);
    let mut count = 0;
    for_each(bytes, |record| {
        if is_writable(record) {
            let copy = copies.next();
            assert!(copy.as_ref().is_some_and(|copy| is_same(copy, record)), "{record:?} became {copy:?}");
            count += 1;
        }
    });
    assert!(copies.next().is_none() && copies.end() == Some(End::Clean), "{:?}", copies.end());
    assert!(batch.records() == count && batch.whole_within(batch.len_bytes()).records == count);
}

fn for_each<'a>(bytes: &'a [u8], mut each: impl FnMut(&Record<'a>)) {
    let mut reader = reader(bytes);
    loop {
        reader.by_ref().for_each(|record| each(&record));
        if !reader.resume() {
            break;
        }
    }
}

fn push(record: &Record<'_>, batch: &mut Batch) {
    match record.control() {
        Some(Ok(control)) => {
            let before = batch.len_bytes();
            let pushed = batch.push_control(&control);
            assert!(pushed.is_ok() == is_writable(record), "{control:?}: {pushed:?}");
            assert!(
                pushed.is_ok() || batch.len_bytes() == before,
                "{control:?} is refused and left something"
            );
        }
        // Of a later version, or it says nothing.
        Some(Err(_)) => {}
        None => {
            let template = Template::new(&record.metric(), record.levels());
            match template {
                Ok(template) if is_writable(record) => {
                    assert!(template.series_bytes() == record.series_bytes(), "{record:?}");
                    batch.push(&template, record.time_s, record.value);
                }
                template => assert!(!is_writable(record), "{record:?}: {template:?}"),
            }
        }
    }
}

/// Whether a record is one that a writer makes: a reader takes more names than that.
fn is_writable(record: &Record<'_>) -> bool {
    match record.control() {
        Some(Ok(Control::Segment { .. })) => true,
        Some(Ok(Control::Metric { name, .. })) => {
            !name.is_empty()
                && name != treering_wal::CONTROL_METRIC
                && name.len() <= treering_wal::METRIC_BYTES_MAX
        }
        Some(_) => false,
        None => {
            let is_text = |name: &str| !name.is_empty() && !name.contains('\u{FFFD}');
            is_text(&record.metric()) && record.levels().all(|level| is_text(&level))
        }
    }
}

fn is_same(copy: &Record<'_>, record: &Record<'_>) -> bool {
    if record.is_control() {
        return copy.control() == record.control();
    }
    let same_sample = copy.time_s == record.time_s && copy.value.to_bits() == record.value.to_bits();
    same_sample && copy.series_bytes() == record.series_bytes()
}

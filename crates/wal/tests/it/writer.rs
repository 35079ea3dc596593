//! The writer over files that take less than they should, or fail.

use std::error::Error;
use std::io;
use std::ops::Range;

use treering_wal::{AppendError, Batch, Control, End, LengthError, LogFile, Template, Writer};

use crate::samples::read_all;

/// What a file answers to one call.
enum Answer {
    /// Takes at most so many bytes.
    Take(usize),
    Fail(io::ErrorKind),
    /// Takes nothing and says that it took so many.
    Lie(usize),
}

/// A file that answers call n as `script` says, given n, the bytes held and the bytes to append.
struct Faulty<S> {
    bytes: Vec<u8>,
    calls: usize,
    script: S,
}

impl<S: FnMut(usize, usize, usize) -> Answer> LogFile for Faulty<S> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let answer = (self.script)(self.calls, self.bytes.len(), bytes.len());
        self.calls += 1;
        match answer {
            Answer::Take(most) => {
                let taken = most.min(bytes.len());
                self.bytes.extend_from_slice(&bytes[..taken]);
                Ok(taken)
            }
            Answer::Fail(kind) => Err(kind.into()),
            Answer::Lie(taken) => Ok(taken),
        }
    }
}

fn faulty<S: FnMut(usize, usize, usize) -> Answer>(script: S) -> Writer<Faulty<S>> {
    Writer::create(Faulty { bytes: Vec::new(), calls: 0, script })
}

/// The records `range` of six, of different lengths.
fn records(range: Range<u64>) -> Batch {
    let series =
        [Template::new("cpu_load", [""; 0]).unwrap(), Template::new("ipc", ["socket1", "core3"]).unwrap()];
    let mut batch = Batch::new();
    for n in range {
        match n {
            0 => batch.push_control(&Control::Segment { generation: 5 }).unwrap(),
            _ => batch.push(&series[usize::from(n % 2 == 0)], n.try_into().unwrap(), 0.5),
        }
    }
    batch
}

/// Two batches of two and four records.
fn batches() -> [Batch; 2] {
    [records(0..2), records(2..6)]
}

/// The log that both batches make.
fn whole_log() -> Vec<u8> {
    let mut log = Writer::create(Vec::new());
    for batch in &batches() {
        log.append(batch).unwrap();
    }
    log.into_file()
}

#[test]
fn each_batch_is_one_call_and_the_header_goes_out_with_the_first() {
    let mut log = faulty(|_, _, _| Answer::Take(usize::MAX));
    log.append(&Batch::new()).unwrap();
    assert_eq!((log.file().calls, log.len_bytes()), (0, 0));
    for (n, batch) in batches().iter().enumerate() {
        log.append(batch).unwrap();
        assert_eq!(log.file().calls, n + 1);
        assert_eq!(log.len_bytes(), log.file().bytes.len() as u64);
    }
    assert_eq!(log.file().bytes, whole_log());
    assert_eq!(read_all(&log.file().bytes).1, [End::Clean]);
}

#[test]
fn short_writes_and_interruptions_are_gone_on_with() {
    type Script = fn(usize, usize, usize) -> Answer;
    let scripts: [Script; 5] = [
        |_, _, _| Answer::Take(1),
        |_, _, _| Answer::Take(7),
        |_, _, left| Answer::Take(if left > 1 { left - 1 } else { 1 }),
        |_, _, left| Answer::Take(left.div_ceil(2)),
        |call, _, _| if call % 3 == 0 { Answer::Take(5) } else { Answer::Fail(io::ErrorKind::Interrupted) },
    ];
    for script in scripts {
        let mut log = faulty(script);
        for batch in &batches() {
            log.append(batch).unwrap();
        }
        assert_eq!(log.file().bytes, whole_log());
        assert_eq!(log.len_bytes(), whole_log().len() as u64);
    }
}

#[test]
fn disk_full_after_any_byte_says_what_got_in_and_the_rest_follows_once_there_is_space() {
    let whole = whole_log();
    for room in 0..whole.len() {
        for step in [1, 7, usize::MAX] {
            disk_full_after(room, step, &whole);
        }
    }
}

/// A disk with room for `room` bytes, taken `step` at a time; then it is cut, has space, and takes the rest.
fn disk_full_after(room: usize, step: usize, whole: &[u8]) {
    let [first, second] = batches();
    let mut log = faulty(|_, held, _| match room.saturating_sub(held).min(step) {
        0 => Answer::Fail(io::ErrorKind::StorageFull),
        most => Answer::Take(most),
    });
    let in_first = room < 4 + first.len_bytes();
    let (batch, records_before, bytes_before) =
        if in_first { (&first, 0, 0) } else { (&second, 2, 4 + first.len_bytes()) };
    if !in_first {
        log.append(&first).unwrap();
    }
    let error = log.append(batch).unwrap_err();
    assert!(error.source().is_some());
    let AppendError::Write { records: got_in, records_bytes, written_bytes, torn, sound_bytes, source } =
        error
    else {
        panic!("{error:?}");
    };
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    assert_eq!(bytes_before + written_bytes, room);
    assert_eq!(log.file().bytes, &whole[..room]);
    assert_eq!(log.len_bytes(), sound_bytes);
    assert_what_a_reader_finds(&log.file().bytes, records_before + got_in, sound_bytes, torn);
    assert_refused_until_cut(&mut log, batch, sound_bytes);

    // The rest of the batch, and what comes behind it, makes the log whole.
    let rest = records(records_before + got_in..if in_first { 2 } else { 6 });
    assert_eq!(rest.bytes(), &batch.bytes()[records_bytes..]);
    let mut log = Writer::reopen(log.into_file().bytes, sound_bytes).unwrap();
    log.append(&rest).unwrap();
    if in_first {
        log.append(&second).unwrap();
    }
    assert_eq!(log.file(), whole);
}

fn assert_what_a_reader_finds(bytes: &[u8], records: u64, sound_bytes: u64, torn: bool) {
    assert_eq!(torn, sound_bytes != bytes.len() as u64);
    if bytes.len() < 4 {
        assert_eq!((records, sound_bytes), (0, 0));
        return;
    }
    let (found, ends) = read_all(bytes);
    assert_eq!(found.len() as u64, records);
    match ends[..] {
        [End::Clean] => assert!(!torn),
        [End::Torn { offset, .. }] => assert_eq!(offset, sound_bytes),
        _ => panic!("{ends:?}"),
    }
}

fn assert_refused_until_cut<S>(log: &mut Writer<Faulty<S>>, batch: &Batch, sound: u64)
where
    S: FnMut(usize, usize, usize) -> Answer,
{
    let calls = log.file().calls;
    let refused = log.append(batch).unwrap_err();
    assert!(matches!(refused, AppendError::Failed { sound_bytes } if sound_bytes == sound), "{refused:?}");
    assert_eq!(log.file().calls, calls);
    let elsewhere = LengthError::NotTheSoundEnd { expected: sound, found: sound + 1 };
    assert_eq!(log.truncated_to(sound + 1), Err(elsewhere));
    assert!(log.has_failed());
    log.file_mut().bytes.truncate(usize::try_from(sound).unwrap());
    log.truncated_to(sound).unwrap();
    assert!(!log.has_failed());
}

#[test]
fn writer_goes_on_in_place_once_it_was_told_of_the_cut() {
    let [first, second] = batches();
    let mut full = true;
    let mut log = faulty(|call, _, _| match call {
        0 => Answer::Take(3),
        1 if std::mem::take(&mut full) => Answer::Fail(io::ErrorKind::StorageFull),
        _ => Answer::Take(usize::MAX),
    });
    log.append(&first).unwrap_err();
    log.file_mut().bytes.clear();
    log.truncated_to(0).unwrap();
    log.append(&first).unwrap();
    log.append(&second).unwrap();
    assert_eq!(log.file().bytes, whole_log());
}

#[test]
fn failing_call_at_any_place_is_reported_with_its_cause() {
    for call in 0..10 {
        let mut log =
            faulty(
                move |n, _, _| {
                    if n == call { Answer::Fail(io::ErrorKind::PermissionDenied) } else { Answer::Take(11) }
                },
            );
        let error = batches().iter().find_map(|batch| log.append(batch).err()).unwrap();
        let AppendError::Write { source, sound_bytes, .. } = error else { panic!("{error:?}") };
        assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
        assert!(sound_bytes <= log.file().bytes.len() as u64);
    }
}

#[test]
fn file_that_is_interrupted_for_ever_does_not_hang_its_caller() {
    let mut log = faulty(|_, _, _| Answer::Fail(io::ErrorKind::Interrupted));
    let error = log.append(&batches()[0]).unwrap_err();
    let AppendError::Write { source, written_bytes: 0, records: 0, torn: false, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.kind(), io::ErrorKind::Interrupted);
    assert_eq!(log.file().calls, 101);
}

#[test]
fn file_that_takes_nothing_or_more_than_there_is_has_failed() {
    for (taken, kind) in [(0, io::ErrorKind::WriteZero), (10_000, io::ErrorKind::Other)] {
        let mut log = faulty(move |_, _, _| Answer::Lie(taken));
        let error = log.append(&batches()[0]).unwrap_err();
        let AppendError::Write { source, written_bytes: 0, sound_bytes: 0, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(source.kind(), kind);
        assert!(log.has_failed());
    }
}

#[test]
fn file_that_says_it_took_a_byte_more_than_was_left_has_failed() {
    // After a short write, less is left than the whole batch.
    let mut log = faulty(|call, _, left| if call == 0 { Answer::Take(5) } else { Answer::Lie(left + 1) });
    let error = log.append(&batches()[0]).unwrap_err();
    let AppendError::Write { source, written_bytes: 5, sound_bytes: 4, torn: true, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.kind(), io::ErrorKind::Other);
    assert!(log.has_failed());
}

#[test]
fn lent_and_boxed_files_take_what_the_files_themselves_take() {
    let mut lent = Vec::new();
    let mut log = Writer::create(&mut lent);
    let mut boxed: Writer<Box<Vec<u8>>> = Writer::create(Box::default());
    for batch in &batches() {
        log.append(batch).unwrap();
        boxed.append(batch).unwrap();
    }
    assert_eq!(lent, whole_log());
    assert_eq!(*boxed.into_file(), whole_log());
}

#[test]
fn reopened_log_goes_on_without_a_second_header() {
    let [first, second] = batches();
    let mut log = Writer::create(Vec::new());
    log.append(&first).unwrap();
    let len_bytes = log.len_bytes();
    let mut log = Writer::reopen(log.into_file(), len_bytes).unwrap();
    log.append(&second).unwrap();
    assert_eq!(log.file(), &whole_log());
    assert_eq!(log.len_bytes(), whole_log().len() as u64);
    for found in 1..4 {
        let error = Writer::reopen(Vec::new(), found).unwrap_err();
        assert_eq!(error, LengthError::InHeader { found });
    }
    let mut empty = Writer::reopen(Vec::new(), 0).unwrap();
    empty.append(&first).unwrap();
    assert_eq!(read_all(empty.file()).1, [End::Clean]);
}

//! One segment of the log, read window by window: a log of any length in the memory of a few records.

use std::io;

use treering_wal::{End, FILE_MAGIC, HeaderError, Limits, PAYLOAD_BYTES_MAX, Reader, Reason, Record};

use crate::program::file::Source;
use crate::program::words::wide;

/// So much of a file is in memory at once.
const WINDOW_BYTES: usize = 8 << 20;
/// What a frame takes beside its payload: magic, length, checksum.
const FRAME_BYTES: u64 = 12;
/// The longest record, with its frame.
const FRAME_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 12;
/// The file's magic. Every window begins with it, so that it is read as a log of its own.
const MAGIC_BYTES: usize = 4;

/// What is met in a segment, in the order of the file. Offsets are those of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    /// The file does not begin as a log does. What follows are the sound records behind that, if there are any.
    Header(HeaderError),
    /// A sound record, from its first byte to behind its last.
    Record { offset: u64, end: u64, record: &'a Record<'a> },
    /// Bytes that are no sound record, up to the next one.
    Corrupt { offset: u64, reason: Reason, next: u64 },
    /// Bytes up to the end that are no sound record. Behind a wrong header there may be nothing else.
    Torn { offset: u64, reason: Reason },
}

/// Where bytes are read from.
trait Bytes {
    fn len_bytes(&self) -> u64;
    /// An offset before which, from this one on, there are only zeros.
    fn data_from(&self, offset: u64) -> u64;
    /// Appends so many bytes from an offset on, fewer at the end.
    fn append(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) -> io::Result<()>;
}

/// Reads a segment as long as it was when it was opened.
///
/// # Errors
/// As the system reports it.
pub(crate) fn read_segment(source: &Source, visit: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
    Windows { bytes: source, window_bytes: WINDOW_BYTES, frame_bytes_max: FRAME_BYTES_MAX }.read(visit)
}

/// Bytes that are no sound record, which may go on in the next window.
#[derive(Clone, Copy)]
struct Pending {
    offset: u64,
    reason: Reason,
    only_zeros: bool,
}

/// How a window ended.
enum Next {
    Done,
    From(u64, Option<Pending>),
}

struct Windows<'a, B> {
    bytes: &'a B,
    window_bytes: usize,
    frame_bytes_max: usize,
}

/// One window: the magic, then the bytes of the file from `at` on.
struct Window<'a> {
    bytes: &'a [u8],
    at: u64,
    is_last: bool,
    /// A record that begins before this lies whole in the window, if it is one.
    judged_to: u64,
}

impl<B: Bytes> Windows<'_, B> {
    fn read(&self, visit: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
        let Some((mut at, mut pending)) = self.begin(visit)? else { return Ok(()) };
        let mut bytes = Vec::new();
        loop {
            if let Some(first) = pending {
                // No record begins with a zero.
                at = at.max(self.bytes.data_from(at));
                if at >= self.bytes.len_bytes() {
                    visit(first.to_the_end(self.bytes.len_bytes()));
                    return Ok(());
                }
            }
            bytes.clear();
            bytes.extend_from_slice(&FILE_MAGIC.to_le_bytes());
            self.bytes.append(at, self.window_bytes, &mut bytes)?;
            let end = at + wide(bytes.len() - MAGIC_BYTES);
            // A file that has become shorter ends where it ends.
            let is_last = end >= self.bytes.len_bytes() || bytes.len() < MAGIC_BYTES + self.window_bytes;
            let judged_to = if is_last { u64::MAX } else { end.saturating_sub(wide(self.frame_bytes_max)) };
            match (Window { bytes: &bytes, at, is_last, judged_to }).read(pending, visit) {
                Next::Done => return Ok(()),
                Next::From(next, still) => (at, pending) = (next, still),
            }
        }
    }

    /// Looks at the header. Tells where records begin, or that there are none.
    fn begin(&self, visit: &mut dyn FnMut(Event<'_>)) -> io::Result<Option<(u64, Option<Pending>)>> {
        let mut begin = Vec::new();
        self.bytes.append(0, MAGIC_BYTES, &mut begin)?;
        let error = match Reader::new(&begin, &Limits::default()) {
            Ok(_) => return Ok((!begin.is_empty()).then_some((wide(MAGIC_BYTES), None))),
            Err(error @ HeaderError::Truncated { .. }) => {
                visit(Event::Header(error));
                return Ok(None);
            }
            Err(HeaderError::Zeros { .. }) => {
                if self.is_zero()? {
                    let found = usize::try_from(self.bytes.len_bytes()).unwrap_or(usize::MAX);
                    visit(Event::Header(HeaderError::Zeros { found }));
                    return Ok(None);
                }
                HeaderError::Magic { found: 0 }
            }
            Err(error) => error,
        };
        visit(Event::Header(error));
        let found = begin.first_chunk().map_or(0, |magic| u32::from_le_bytes(*magic));
        let pending = Pending { offset: 0, reason: Reason::Magic { found }, only_zeros: false };
        Ok(Some((0, Some(pending))))
    }

    fn is_zero(&self) -> io::Result<bool> {
        let (mut at, mut bytes) = (0, Vec::new());
        loop {
            at = self.bytes.data_from(at).max(at);
            bytes.clear();
            self.bytes.append(at, self.window_bytes, &mut bytes)?;
            if bytes.is_empty() {
                return Ok(true);
            }
            if !only_zeros(&bytes) {
                return Ok(false);
            }
            at += wide(bytes.len());
        }
    }
}

impl Pending {
    /// Nothing sound has followed.
    fn to_the_end(self, len: u64) -> Event<'static> {
        let left = len.saturating_sub(self.offset);
        let reason = if self.only_zeros { Reason::Zeros { left } } else { self.reason };
        Event::Torn { offset: self.offset, reason }
    }
}

impl Window<'_> {
    fn read(&self, mut pending: Option<Pending>, visit: &mut dyn FnMut(Event<'_>)) -> Next {
        let Ok(mut reader) = Reader::new(self.bytes, &Limits::default()) else { return Next::Done };
        loop {
            for record in reader.by_ref() {
                let offset = self.place(record.offset);
                // What was not sound ended where this window begins.
                if let Some(Pending { offset: from, reason, .. }) =
                    pending.take().filter(|first| first.offset < offset)
                {
                    visit(Event::Corrupt { offset: from, reason, next: offset });
                }
                visit(Event::Record {
                    offset,
                    end: offset + self.frame_bytes(record.offset),
                    record: &record,
                });
            }
            match reader.end() {
                Some(End::Corrupt { offset, reason, next }) => {
                    let (offset, next) = (self.place(offset), self.place(next));
                    if offset >= self.judged_to {
                        return Next::From(offset, pending);
                    }
                    let first = pending.unwrap_or(Pending { offset, reason, only_zeros: false });
                    if next > self.judged_to {
                        // One that is cut by the window may begin before.
                        return Next::From(self.judged_to, Some(Pending { only_zeros: false, ..first }));
                    }
                    pending = None;
                    visit(Event::Corrupt { offset: first.offset, reason: first.reason, next });
                }
                Some(End::Torn { offset, reason }) => {
                    return self.torn(self.place(offset), reason, pending, visit);
                }
                _ if self.is_last => {
                    // The file has become shorter while it was read.
                    if let Some(Pending { offset, reason, .. }) = pending {
                        visit(Event::Torn { offset, reason });
                    }
                    return Next::Done;
                }
                _ => return Next::From(self.place(wide(self.bytes.len())), None),
            }
            if !reader.resume() {
                return Next::Done;
            }
        }
    }

    fn torn(
        &self,
        offset: u64,
        reason: Reason,
        pending: Option<Pending>,
        visit: &mut dyn FnMut(Event<'_>),
    ) -> Next {
        let zeros = matches!(reason, Reason::Zeros { .. });
        let first = pending.unwrap_or(Pending { offset, reason, only_zeros: true });
        let only_zeros = first.only_zeros && zeros;
        if self.is_last {
            visit(Pending { only_zeros, ..first }.to_the_end(self.place(wide(self.bytes.len()))));
            return Next::Done;
        }
        if offset >= self.judged_to {
            return Next::From(offset, pending);
        }
        // That nothing but zeros follows is known only at the end.
        let reason = if matches!(first.reason, Reason::Zeros { .. }) {
            Reason::Magic { found: 0 }
        } else {
            first.reason
        };
        Next::From(self.judged_to, Some(Pending { offset: first.offset, reason, only_zeros }))
    }

    /// The length of the sound frame at an offset of the window.
    fn frame_bytes(&self, offset: u64) -> u64 {
        let len = usize::try_from(offset).ok().and_then(|at| self.bytes.get(at + 4..)?.first_chunk());
        FRAME_BYTES + len.map_or(0, |len| u64::from(u32::from_le_bytes(*len)))
    }

    /// An offset of the window as one of the file.
    fn place(&self, offset: u64) -> u64 {
        self.at + offset.saturating_sub(wide(MAGIC_BYTES))
    }
}

/// In pieces without a way out within them, which is many times faster.
fn only_zeros(bytes: &[u8]) -> bool {
    bytes.chunks(4096).all(|piece| piece.iter().fold(0, |all, byte| all | byte) == 0)
}

impl Bytes for Source {
    fn len_bytes(&self) -> u64 {
        Source::len_bytes(self)
    }

    fn data_from(&self, offset: u64) -> u64 {
        Source::data_from(self, offset)
    }

    fn append(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.append_to(offset, len, bytes)
    }
}

#[cfg(test)]
mod tests;

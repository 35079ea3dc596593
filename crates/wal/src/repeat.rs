//! The checksum of a frame that repeats an earlier one but for time and value.
//!
//! Hosts send the same series in the same order again and again, so most frames of a log have been there before, a round
//! ago, and so has what follows them: one comparison of the names, and the parts of time and value take the place of
//! summing up (see [`linear`](crate::linear)). What is found is the checksum of the payload, whatever the bytes are: a
//! frame that was not expected costs more, and changes nothing.

use crate::format::{FRAME_HEADER_BYTES, FRAME_TRAILER_BYTES, TIME_BYTES, VALUE_BYTES};
use crate::frame::Unverified;
use crate::linear::{TimeParts, value_part};

/// Places for frames that were summed up as a whole. One that is found again is enough to go on from there.
const PLACES: usize = 512;
/// What is mixed into a place: 2^64 divided by the golden ratio, so that near numbers come to lie far apart.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// What is known of the sound frames of a log so far. They follow each other from the file's header on without a gap.
#[derive(Clone, Default)]
pub(crate) struct Repeats {
    /// Where the frame begins that is expected to be repeated next.
    expected: Option<usize>,
    /// Where frames begin that were summed up as a whole, by their names. None of them begins at 0.
    seen: Box<[usize]>,
    /// What the difference of two times adds.
    differences: TimeParts,
    /// A checksum was let pass that is not right: nothing can be concluded from it.
    misled: bool,
}

/// A frame that is long enough to be a sample's.
struct Split<'a> {
    header: [u8; FRAME_HEADER_BYTES],
    time: i64,
    names: &'a [u8],
    value_bits: u32,
    crc32: u32,
}

impl<'a> Split<'a> {
    #[inline]
    fn new(frame: &'a [u8]) -> Option<Self> {
        let (header, rest) = frame.split_first_chunk::<FRAME_HEADER_BYTES>()?;
        let (time, rest) = rest.split_first_chunk::<TIME_BYTES>()?;
        let (rest, crc32) = rest.split_last_chunk::<FRAME_TRAILER_BYTES>()?;
        let (names, value) = rest.split_last_chunk::<VALUE_BYTES>()?;
        let (time, value_bits) = (i64::from_le_bytes(*time), u32::from_le_bytes(*value));
        Some(Self { header: *header, time, names, value_bits, crc32: u32::from_le_bytes(*crc32) })
    }
}

impl Repeats {
    /// The checksum of the frame's payload. All frames before it are sound.
    #[inline]
    pub(crate) fn payload_crc32(&mut self, bytes: &[u8], frame: &Unverified<'_>) -> u32 {
        let repeated = self.expected.and_then(|earlier| self.repeated(bytes, frame, earlier));
        let found = repeated.unwrap_or_else(|| self.unexpected(bytes, frame));
        debug_assert_eq!(found, crc32fast::hash(frame.payload));
        found
    }

    /// A frame was let pass whose checksum is not that of its payload.
    pub(crate) fn mislead(&mut self) {
        *self = Self { misled: true, ..Self::default() };
    }

    /// The checksum, if the frame repeats the earlier one; then the one behind that is expected next.
    #[inline]
    fn repeated(&mut self, bytes: &[u8], frame: &Unverified<'_>, earlier: usize) -> Option<u32> {
        let earlier_end = earlier + (frame.end - frame.offset);
        let then = Split::new(bytes.get(earlier..earlier_end)?)?;
        let now = Split::new(bytes.get(frame.offset..frame.end)?)?;
        // The header, too: a longer frame may begin with these names.
        if now.header != then.header || now.names != then.names {
            return None;
        }
        let without_time = then.crc32 ^ value_part(now.value_bits ^ then.value_bits);
        let difference = now.time ^ then.time;
        let payload_len = frame.payload.len();
        let part = self.differences.get(payload_len, difference).unwrap_or_else(|| {
            let part = crc32fast::hash(frame.payload) ^ without_time;
            self.differences.put(payload_len, difference, part);
            part
        });
        self.expected = Some(earlier_end);
        Some(without_time ^ part)
    }

    /// Not in line with what asks: most frames are expected.
    #[cold]
    fn unexpected(&mut self, bytes: &[u8], frame: &Unverified<'_>) -> u32 {
        self.expected = None;
        if self.misled {
            return crc32fast::hash(frame.payload);
        }
        if self.seen.is_empty() {
            self.seen = vec![0; PLACES].into_boxed_slice();
        }
        let names =
            bytes.get(frame.offset..frame.end).and_then(Split::new).map_or(&[][..], |split| split.names);
        let earlier = std::mem::replace(&mut self.seen[place(names)], frame.offset);
        let known = if earlier == 0 { None } else { self.repeated(bytes, frame, earlier) };
        known.unwrap_or_else(|| crc32fast::hash(frame.payload))
    }
}

/// Spreads names over the places. Two that share one only cost more, as long as not all do.
fn place(names: &[u8]) -> usize {
    let (words, rest) = names.as_chunks();
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain([last]);
    let mixed = words.fold(0, |mixed: u64, word| (mixed.rotate_left(5) ^ word).wrapping_mul(MIX));
    (mixed >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Batch, Control, FILE_MAGIC, Template};

    #[test]
    fn names_of_any_length_are_spread_over_the_places() {
        for common in ["", "cpu", "hwthread", "hwthread_of_core"] {
            let names = (0..1000).map(|number| format!("{common}{number}"));
            let places: std::collections::BTreeSet<_> = names.map(|name| place(name.as_bytes())).collect();
            assert!(places.len() > 300, "{common:?}: {} places", places.len());
        }
    }

    /// Of each frame where it begins, its checksum, and whether the one behind it is expected then.
    fn walk(log: &[u8]) -> Vec<(usize, u32, bool)> {
        let (mut repeats, mut at, mut frames) = (Repeats::default(), 4, Vec::new());
        while let Ok(frame) = Unverified::cut(log, at) {
            let found = repeats.payload_crc32(log, &frame);
            assert_eq!(found, crc32fast::hash(frame.payload), "at {at}");
            frames.push((at, found, repeats.expected.is_some()));
            at = frame.end;
        }
        frames
    }

    fn log_of(batch: &Batch) -> Vec<u8> {
        [&FILE_MAGIC.to_le_bytes(), batch.bytes()].concat()
    }

    fn round(batch: &mut Batch, series: &[Template], time_s: i64) {
        series.iter().for_each(|series| batch.push(series, time_s, 0.5));
    }

    fn all_series() -> Vec<Template> {
        (0..460)
            .map(|n| Template::new(&format!("metric{}", n % 6), [format!("core{}", n / 6)]).unwrap())
            .collect()
    }

    #[test]
    fn from_the_second_round_on_almost_every_frame_is_expected() {
        let (series, mut batch) = (all_series(), Batch::new());
        (0..5).for_each(|number| round(&mut batch, &series, 60 * number));
        let frames = walk(&log_of(&batch));
        assert!(frames[..460].iter().all(|(_, _, expected)| !expected));
        let unexpected = frames[460..].iter().filter(|(_, _, expected)| !expected).count();
        assert!(unexpected < 10, "{unexpected}");
    }

    #[test]
    fn what_comes_between_costs_little() {
        let (series, mut batch) = (all_series(), Batch::new());
        for number in 0..5 {
            round(&mut batch, &series[..200], 60 * number);
            batch.push_control(&Control::Segment { generation: 7 }).unwrap();
            round(&mut batch, &series[200..], 60 * number);
        }
        let frames = walk(&log_of(&batch));
        let unexpected = frames[461..].iter().filter(|(_, _, expected)| !expected).count();
        assert!(unexpected < 20, "{unexpected}");
    }

    #[test]
    fn nothing_is_concluded_from_a_checksum_that_was_let_pass() {
        let (series, mut batch) = (all_series(), Batch::new());
        (0..3).for_each(|number| round(&mut batch, &series, 60 * number));
        let log = log_of(&batch);
        let (mut repeats, mut at) = (Repeats::default(), 4);
        for number in 0.. {
            let Ok(frame) = Unverified::cut(&log, at) else { break };
            assert_eq!(repeats.payload_crc32(&log, &frame), crc32fast::hash(frame.payload));
            if number >= 700 {
                assert_eq!((repeats.expected, repeats.seen.len()), (None, 0));
            }
            if number == 699 {
                assert!(repeats.expected.is_some());
                repeats.mislead();
            }
            at = frame.end;
        }
    }

    #[test]
    fn a_longer_frame_that_begins_alike_is_not_repeated() {
        let frame = |payload: &[u8]| {
            let len = u32::try_from(payload.len()).unwrap().to_le_bytes();
            let magic = crate::RECORD_MAGIC.to_le_bytes();
            [&magic[..], &len, payload, &crc32fast::hash(payload).to_le_bytes()].concat()
        };
        let short = [&[0; 8][..], &[1, 0, b'm', 0], &[1; 4]].concat();
        let long = [&short[..], b"and what a later writer adds"].concat();
        // The second time it is the long one that is expected behind the first.
        let first = frame(&[&[0; 8][..], &[1, 0, b'n', 0], &[1; 4]].concat());
        let log = [&FILE_MAGIC.to_le_bytes()[..], &first, &frame(&long), &first, &frame(&short)].concat();
        assert_eq!(walk(&log).len(), 4);
    }

    proptest! {
        #[test]
        fn prop_of_any_frame_behind_sound_ones_it_is_the_checksum_of_its_payload(
            samples in prop::collection::vec((0..6_usize, 0..3_i64, any::<u32>()), 1..40),
            (which, byte, bit) in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u32),
        ) {
            let series: Vec<_> = ["a", "b", "aa", "ab", "abcdefgh", "abcdefgi"]
                .map(|metric| Template::new(metric, [""; 0]).unwrap())
                .into();
            let mut batch = Batch::new();
            for (which, time_s, bits) in samples {
                batch.push(&series[which], time_s, f32::from_bits(bits));
            }
            let mut log = log_of(&batch);
            let frames = walk(&log);
            // One bit of one payload is another one: all before it is sound, and nothing behind it is asked for.
            let (at, crc32, _) = frames[which.index(frames.len())];
            let end = Unverified::cut(&log, at).unwrap().end;
            let payload = at + FRAME_HEADER_BYTES..end - FRAME_TRAILER_BYTES;
            log[payload.start + byte.index(payload.len())] ^= 1 << bit;
            log.truncate(end);
            let damaged = walk(&log);
            prop_assert_ne!(damaged.last().map(|(_, crc32, _)| *crc32), Some(crc32));
        }
    }
}

//! The checksum of a payload as a sum of parts, so that a record which differs from a known one only in time and value
//! need not be summed up again.
//!
//! CRC-32 is linear: of payloads of one length, `crc(a ^ b ^ c) == crc(a) ^ crc(b) ^ crc(c)`. So a payload's checksum is
//! that of its names with time and value 0, changed by what the value adds, which always stands at the end, and by what the
//! time adds, which depends on how far from the end it stands. The first record of each time and length is summed up as a
//! whole, and tells what its time adds; `crc32fast` on whole payloads is what the tests hold all of it against.

/// The polynomial of CRC-32 (IEEE), lowest bit first.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// What a byte adds that has so many bytes behind it.
static BYTE_PARTS: [[u32; 256]; 4] = byte_parts();

const fn byte_parts() -> [[u32; 256]; 4] {
    let mut parts = [[0; 256]; 4];
    let mut byte: u32 = 0;
    while byte < 256 {
        let mut behind = 0;
        // A byte with another one behind it is shifted by that one's eight bits.
        let mut part = byte;
        while behind < 4 {
            let mut bit = 0;
            while bit < 8 {
                part = if part & 1 == 1 { (part >> 1) ^ POLYNOMIAL } else { part >> 1 };
                bit += 1;
            }
            parts[behind][byte as usize] = part;
            behind += 1;
        }
        byte += 1;
    }
    parts
}

/// What a value that ends a payload adds to its checksum.
pub(crate) fn value_part(bits: u32) -> u32 {
    let [first, second, third, last] = bits.to_le_bytes().map(usize::from);
    BYTE_PARTS[3][first] ^ BYTE_PARTS[2][second] ^ BYTE_PARTS[1][third] ^ BYTE_PARTS[0][last]
}

/// Lengths that are told apart. Records of one host have some ten different ones; two that share a place only cost more.
const LENGTHS: usize = 32;

/// What the time of the latest records adds to their checksums, by their length.
#[derive(Clone, Default, Debug)]
pub(crate) struct TimeParts {
    /// None, or one for each place.
    parts: Box<[TimePart]>,
}

#[derive(Clone, Copy, Default, Debug)]
struct TimePart {
    time_s: i64,
    /// Bytes of the payload; 0 where nothing is known, as no payload is empty.
    payload_len: u32,
    part: u32,
}

impl TimeParts {
    /// What this time adds to the checksum of a payload of this length, if its place still knows.
    pub(crate) fn get(&self, payload_len: usize, time_s: i64) -> Option<u32> {
        let found = self.parts.get(payload_len % LENGTHS)?;
        (found.time_s == time_s && found.payload_len as usize == payload_len).then_some(found.part)
    }

    /// Bytes of memory on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.parts)
    }

    /// Not in line with what asks: runs once for each time and length.
    #[cold]
    pub(crate) fn put(&mut self, payload_len: usize, time_s: i64, part: u32) {
        if self.parts.is_empty() {
            self.parts = vec![TimePart::default(); LENGTHS].into_boxed_slice();
        }
        // Payloads have less than 4 GiB.
        let payload_len_u32 = u32::try_from(payload_len).unwrap_or(0);
        self.parts[payload_len % LENGTHS] = TimePart { time_s, payload_len: payload_len_u32, part };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_the_end_adds_the_same_whatever_stands_before_it() {
        let values = [0, 1, 0x80, 0x100, 0x8000_0000, 0x3F80_0000, 0x7FC0_0000, u32::MAX, 0x1234_5678];
        for before in [&b""[..], b"x", b"\xCC\xF6\x00\x00mem_used\x01\x07socket0"] {
            let crc32 = |bits: u32| crc32fast::hash(&[before, &bits.to_le_bytes()].concat());
            for bits in values {
                assert_eq!(crc32(bits), crc32(0) ^ value_part(bits), "{bits:#x} behind {before:?}");
            }
        }
    }

    #[test]
    fn a_part_is_known_for_its_own_time_and_length_only() {
        let mut parts = TimeParts::default();
        assert_eq!((parts.get(0, 0), parts.memory_bytes()), (None, 0));
        parts.put(40, 7, 1);
        assert_eq!(parts.memory_bytes(), LENGTHS * size_of::<TimePart>());
        parts.put(41, 7, 2);
        assert_eq!([parts.get(40, 7), parts.get(41, 7)], [Some(1), Some(2)]);
        for (payload_len, time_s) in [(40, 8), (42, 7), (39, 0), (40 + LENGTHS, 7)] {
            assert_eq!(parts.get(payload_len, time_s), None, "{payload_len} bytes at {time_s}");
        }
        parts.put(40 + LENGTHS, 7, 3);
        assert_eq!([parts.get(40, 7), parts.get(40 + LENGTHS, 7)], [None, Some(3)]);
        parts.put(40, 8, 4);
        assert_eq!([parts.get(40, 7), parts.get(40, 8)], [None, Some(4)]);
    }
}

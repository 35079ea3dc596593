//! The format once more, slow and simple and sharing no code with the crate: what the tests compare with.

/// A record's frame.
pub(crate) struct Plain<'a> {
    pub(crate) time_s: i64,
    pub(crate) metric: &'a [u8],
    pub(crate) levels: &'a [&'a [u8]],
    pub(crate) value_bits: u32,
    /// Bytes behind the value.
    pub(crate) behind: &'a [u8],
}

pub(crate) const MAGIC: [u8; 4] = [0xA1, 0xA7, 0x1D, 0xCC];
pub(crate) const HEADER: [u8; 4] = [0x01, 0xA7, 0x1D, 0xCC];

impl Plain<'_> {
    pub(crate) fn frame(&self) -> Vec<u8> {
        let mut payload = self.time_s.to_le_bytes().to_vec();
        payload.extend(u16::try_from(self.metric.len()).unwrap().to_le_bytes());
        payload.extend(self.metric);
        payload.push(u8::try_from(self.levels.len()).unwrap());
        for level in self.levels {
            payload.push(u8::try_from(level.len()).unwrap());
            payload.extend(*level);
        }
        payload.extend(self.value_bits.to_le_bytes());
        payload.extend(self.behind);
        frame_of(&payload)
    }
}

/// A frame around any payload.
pub(crate) fn frame_of(payload: &[u8]) -> Vec<u8> {
    let mut frame = MAGIC.to_vec();
    frame.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    frame.extend(payload);
    frame.extend(crc32(payload).to_le_bytes());
    frame
}

/// A frame of the metric `m` on the host itself.
pub(crate) fn simple(time_s: i64) -> Vec<u8> {
    Plain { time_s, metric: b"m", levels: &[], value_bits: 0x3F80_0000, behind: &[] }.frame()
}

/// Where all sound records of a file begin and end: at each offset whatever is sound is taken, and the search
/// goes on behind it.
pub(crate) fn sound_records(file: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 4;
    while at < file.len() {
        match sound_end(&file[at..]) {
            Some(len) => {
                found.push((at, at + len));
                at += len;
            }
            None => at += 1,
        }
    }
    found
}

/// The length of the sound frame that `bytes` begins with.
fn sound_end(bytes: &[u8]) -> Option<usize> {
    let payload_len = u32::from_le_bytes(bytes.strip_prefix(&MAGIC)?.get(..4)?.try_into().ok()?) as usize;
    let payload = bytes[8..].get(..payload_len).filter(|_| payload_len <= 1 << 20)?;
    let stored = u32::from_le_bytes(bytes[8 + payload_len..].get(..4)?.try_into().ok()?);
    if stored != crc32(payload) {
        return None;
    }
    let metric_len = usize::from(u16::from_le_bytes(payload.get(8..10)?.try_into().ok()?));
    let mut rest = payload.get(10 + metric_len..)?;
    let levels = *rest.first()?;
    rest = &rest[1..];
    for _ in 0..levels {
        rest = rest.get(1 + usize::from(*rest.first()?)..)?;
    }
    (rest.len() >= 4 && levels <= 64).then_some(payload_len + 12)
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn checksum_is_the_one_of_the_standard() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}

//! A buffer of whole frames, and where they end.

use zerocopy::FromBytes;

use crate::control::Control;
use crate::format::{FRAME_HEADER_BYTES, FRAME_TRAILER_BYTES, FrameHeader};
use crate::linear::TimeParts;
use crate::template::{RecordError, Template};

/// Whole frames in the order they were pushed, ready to be appended to a log. Taking it with `mem::take` or
/// swapping it for a cleared one costs nothing.
#[derive(Clone, Default, Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    records: u64,
    times: TimeParts,
}

/// By their frames: what was learned while they were pushed does not count.
impl PartialEq for Batch {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Batch {}

/// How many records lie wholly within the first bytes of a batch.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct WholeRecords {
    /// Records that lie wholly within.
    pub records: u64,
    /// Where the last of them ends, in bytes from the batch's start.
    pub len_bytes: usize,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the record of one sample. The value's bits are kept, also those of a NaN.
    pub fn push(&mut self, series: &Template, time_s: i64, value: f32) {
        series.push_onto(&mut self.bytes, &mut self.times, time_s, value);
        self.records += 1;
    }

    /// Appends a control record.
    ///
    /// # Errors
    /// [`RecordError::MetricEmpty`], [`RecordError::MetricTooLong`], [`RecordError::MetricReserved`] and
    /// [`RecordError::IntervalZero`] for a [`Control::Metric`]; the batch is as it was.
    pub fn push_control(&mut self, control: &Control<'_>) -> Result<(), RecordError> {
        control.push_onto(&mut self.bytes)?;
        self.records += 1;
        Ok(())
    }

    /// The frames, one behind the other.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Records held, control records counted in.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Bytes of all frames.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// True if there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of memory that the batch has reserved on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.times.memory_bytes()
    }

    /// Drops all records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records = 0;
    }

    /// The records that lie wholly within the first `len_bytes` bytes, found by walking over their lengths.
    #[must_use]
    pub fn whole_within(&self, len_bytes: usize) -> WholeRecords {
        let mut whole = WholeRecords::default();
        while let Ok((header, _)) = FrameHeader::ref_from_prefix(&self.bytes[whole.len_bytes..]) {
            let payload_len = usize::try_from(header.payload_len.get()).unwrap_or(usize::MAX);
            let frame_len = payload_len.saturating_add(FRAME_HEADER_BYTES + FRAME_TRAILER_BYTES);
            let end = whole.len_bytes.saturating_add(frame_len);
            if end > len_bytes.min(self.bytes.len()) {
                break;
            }
            whole.records += 1;
            whole.len_bytes = end;
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_records_are_counted_up_to_every_byte() {
        let series =
            [Template::new("a", [""; 0]).unwrap(), Template::new("mem_used", ["socket0", "core12"]).unwrap()];
        let mut batch = Batch::new();
        let mut ends = vec![0];
        for n in 0..5 {
            batch.push(&series[n % 2], 7, 0.5);
            ends.push(batch.len_bytes());
        }
        batch.push_control(&Control::Segment { generation: 3 }).unwrap();
        ends.push(batch.len_bytes());
        assert_eq!(batch.records(), 6);
        for len_bytes in 0..batch.len_bytes() + 10 {
            let records = ends.iter().filter(|&&end| end <= len_bytes).count() - 1;
            let expected = WholeRecords { records: records as u64, len_bytes: ends[records] };
            assert_eq!(batch.whole_within(len_bytes), expected, "{len_bytes} bytes");
        }
    }

    #[test]
    fn batches_are_equal_by_their_frames() {
        let series = Template::new("a", ["b"]).unwrap();
        let of = |times: &[i64]| {
            let mut batch = Batch::new();
            times.iter().for_each(|time_s| batch.push(&series, *time_s, 0.5));
            batch
        };
        let mut again = of(&[1, 2, 3]);
        again.clear();
        again.push(&series, 7, 0.5);
        assert_eq!(again, of(&[7]));
        assert_ne!(again, of(&[8]));
    }

    #[test]
    fn cleared_batch_keeps_its_memory() {
        let mut batch = Batch::new();
        assert_eq!(batch.memory_bytes(), 0);
        batch.push(&Template::new("a", ["b"]).unwrap(), 7, 0.5);
        let reserved = batch.memory_bytes();
        let of_frames = reserved - batch.times.memory_bytes();
        assert!((batch.len_bytes()..1000).contains(&of_frames), "{of_frames} bytes for one frame");
        batch.clear();
        assert!(batch.is_empty() && batch.records() == 0);
        assert_eq!(batch.memory_bytes(), reserved);
    }

    #[test]
    fn refused_control_record_leaves_the_batch_as_it_was() {
        let mut batch = Batch::new();
        batch.push(&Template::new("a", ["b"]).unwrap(), 7, 0.5);
        let before = batch.clone();
        let none = crate::Aggregation::None;
        for (name, interval_s) in
            [("", 60), ("treering.control", 60), ("a", 0), ("m".repeat(65_536).as_str(), 60)]
        {
            let control = Control::Metric { name: name.into(), interval_s, aggregation: none };
            assert!(batch.push_control(&control).is_err());
            assert_eq!(batch, before);
        }
    }
}

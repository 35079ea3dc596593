//! A series' complete frame, in which only time, value and checksum remain to be set.

use thiserror::Error;
use zerocopy::IntoBytes;

use crate::format::{
    CONTROL_METRIC, FRAME_HEADER_BYTES, FRAME_TRAILER_BYTES, FrameHeader, FrameTrailer, LEVEL_BYTES_MAX,
    LEVELS_MAX, METRIC_BYTES_MAX, PAYLOAD_HEADER_BYTES, PayloadHeader, RECORD_MAGIC, TIME_BYTES, VALUE_BYTES,
    Value,
};
use crate::limits::Limits;
use crate::linear::{TimeParts, value_part};

/// Everything of one series' record but time, value and checksum. Built once per series; pushing it into a
/// [`Batch`](crate::Batch) is a copy and three patches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// Frame header, payload with time and value 0, trailer. The value is the payload's last four bytes.
    frame: Box<[u8]>,
    /// The payload's checksum, with time and value 0.
    crc32: u32,
}

/// Why a record cannot be written. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The metric has no name.
    #[error("the metric's name is empty")]
    MetricEmpty,
    /// The metric's name does not fit its length field.
    #[error("the metric's name has {found} bytes, at most {max} fit into a record")]
    MetricTooLong {
        /// Bytes of the name.
        found: usize,
        /// The most that fit.
        max: usize,
    },
    /// The metric's name belongs to control records.
    #[error("the metric's name {CONTROL_METRIC} is reserved")]
    MetricReserved,
    /// A level has no name.
    #[error("the name of level {level} is empty")]
    LevelEmpty {
        /// Which one, counted from 0.
        level: usize,
    },
    /// A level's name does not fit its length field.
    #[error("the name of level {level} has {found} bytes, at most {max} fit into a record")]
    LevelTooLong {
        /// Which one, counted from 0.
        level: usize,
        /// Bytes of the name.
        found: usize,
        /// The most that fit.
        max: usize,
    },
    /// The path has more levels than the limits allow.
    #[error("more than {max} levels")]
    TooDeep {
        /// The most that are allowed.
        max: usize,
    },
    /// The interval of a metric is 0.
    #[error("the metric's interval is 0")]
    IntervalZero,
}

impl Template {
    /// A template for the series `metric` at `levels` below its host, within [`Limits::default`].
    ///
    /// # Errors
    /// As [`Template::with_limits`].
    pub fn new<S: AsRef<str>>(
        metric: &str,
        levels: impl IntoIterator<Item = S>,
    ) -> Result<Self, RecordError> {
        Self::with_limits(metric, levels, &Limits::default())
    }

    /// A template for the series `metric` at `levels` below its host. A path of no levels is the host itself.
    /// Characters are not judged: that is for whoever takes samples in.
    ///
    /// # Errors
    /// - [`RecordError::MetricEmpty`], [`RecordError::MetricTooLong`]: 1 to 65,535 bytes fit;
    /// - [`RecordError::MetricReserved`]: the name is [`CONTROL_METRIC`];
    /// - [`RecordError::LevelEmpty`], [`RecordError::LevelTooLong`]: 1 to 255 bytes fit;
    /// - [`RecordError::TooDeep`]: more levels than `limits` allows, or than the format can say.
    pub fn with_limits<S: AsRef<str>>(
        metric: &str,
        levels: impl IntoIterator<Item = S>,
        limits: &Limits,
    ) -> Result<Self, RecordError> {
        let metric_len = check_metric(metric)?;
        let depth_max = limits.depth_max.min(LEVELS_MAX);
        let mut path = Vec::new();
        let mut depth: u8 = 0;
        for (level, name) in levels.into_iter().enumerate() {
            let name = name.as_ref();
            let too_deep = RecordError::TooDeep { max: depth_max };
            if level >= depth_max {
                return Err(too_deep);
            }
            if name.is_empty() {
                return Err(RecordError::LevelEmpty { level });
            }
            let too_long = RecordError::LevelTooLong { level, found: name.len(), max: LEVEL_BYTES_MAX };
            path.push(u8::try_from(name.len()).map_err(|_| too_long)?);
            path.extend_from_slice(name.as_bytes());
            depth = depth.checked_add(1).ok_or(too_deep)?;
        }
        let mut frame = Vec::new();
        let start = begin_frame(&mut frame, 0, metric, metric_len);
        frame.push(depth);
        frame.extend_from_slice(&path);
        frame.extend_from_slice(Value { value: 0.0.into() }.as_bytes());
        let crc32 = end_frame(&mut frame, start);
        Ok(Self { frame: frame.into_boxed_slice(), crc32 })
    }

    /// Bytes of one record of this series in a log.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.frame.len()
    }

    /// The bytes that name the series in each of its records: equal to those of
    /// [`Record::series_bytes`](crate::Record::series_bytes) exactly if the names are equal.
    #[must_use]
    pub fn series_bytes(&self) -> &[u8] {
        let payload_end = self.frame.len() - FRAME_TRAILER_BYTES;
        &self.frame[FRAME_HEADER_BYTES + TIME_BYTES..payload_end - VALUE_BYTES]
    }

    /// Appends the frame of one sample. What its time adds to the checksum is taken from `times`, or left there.
    pub(crate) fn push_onto(&self, bytes: &mut Vec<u8>, times: &mut TimeParts, time_s: i64, value: f32) {
        let start = bytes.len();
        bytes.extend_from_slice(&self.frame);
        let (_, payload_and_trailer) = bytes[start..].split_at_mut(FRAME_HEADER_BYTES);
        let payload_len = payload_and_trailer.len() - FRAME_TRAILER_BYTES;
        let (payload, trailer) = payload_and_trailer.split_at_mut(payload_len);
        payload[..TIME_BYTES].copy_from_slice(&time_s.to_le_bytes());
        payload[payload_len - VALUE_BYTES..].copy_from_slice(&value.to_bits().to_le_bytes());
        let without_time = self.crc32 ^ value_part(value.to_bits());
        let time_part = times.get(payload_len, time_s).unwrap_or_else(|| {
            let part = crc32fast::hash(payload) ^ without_time;
            times.put(payload_len, time_s, part);
            part
        });
        trailer.copy_from_slice(&(without_time ^ time_part).to_le_bytes());
    }
}

/// Checks a metric's name and gives its length as the length field holds it.
pub(crate) fn check_metric(metric: &str) -> Result<u16, RecordError> {
    if metric.is_empty() {
        return Err(RecordError::MetricEmpty);
    }
    if metric == CONTROL_METRIC {
        return Err(RecordError::MetricReserved);
    }
    u16::try_from(metric.len())
        .map_err(|_| RecordError::MetricTooLong { found: metric.len(), max: METRIC_BYTES_MAX })
}

/// Begins a frame up to the metric's name; gives its offset in `bytes`, for [`end_frame`].
pub(crate) fn begin_frame(bytes: &mut Vec<u8>, time_s: i64, metric: &str, metric_len: u16) -> usize {
    let start = bytes.len();
    bytes.extend_from_slice(FrameHeader { magic: RECORD_MAGIC.into(), payload_len: 0.into() }.as_bytes());
    bytes
        .extend_from_slice(PayloadHeader { time_s: time_s.into(), metric_len: metric_len.into() }.as_bytes());
    bytes.extend_from_slice(metric.as_bytes());
    start
}

/// Sets the payload's length of the frame begun at `start`, and appends its checksum, which it gives.
pub(crate) fn end_frame(bytes: &mut Vec<u8>, start: usize) -> u32 {
    let payload = &bytes[start + FRAME_HEADER_BYTES..];
    debug_assert!(payload.len() >= PAYLOAD_HEADER_BYTES && payload.len() <= crate::PAYLOAD_BYTES_MAX);
    // Names that were checked cannot make a payload of 4 GiB: the format's constants assert far less.
    let payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let crc32 = crc32fast::hash(payload);
    bytes[start..start + FRAME_HEADER_BYTES].copy_from_slice(
        FrameHeader { magic: RECORD_MAGIC.into(), payload_len: payload_len.into() }.as_bytes(),
    );
    bytes.extend_from_slice(FrameTrailer { crc32: crc32.into() }.as_bytes());
    crc32
}

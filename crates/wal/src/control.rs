//! Control records: what a log says about itself, behind the value of records that others skip.

use std::borrow::Cow;

use thiserror::Error;
use zerocopy::{FromBytes, IntoBytes};

use crate::format::{
    CONTROL_METRIC, CONTROL_TIME_S, CONTROL_VALUE_BITS, CONTROL_VERSION, ControlHeader, KIND_METRIC,
    KIND_SEGMENT, MetricControl, SegmentControl, Value,
};
use crate::record::lossy;
use crate::template::{RecordError, begin_frame, check_metric, end_frame};

/// How the series of one metric combine into the series of a level above.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// They do not.
    #[default]
    None,
    /// By their sum.
    Sum,
    /// By their average.
    Avg,
}

/// What a control record says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control<'a> {
    /// The first record of a segment: its number.
    Segment {
        /// The segment's number; each segment of a host has a higher one than the one before.
        generation: u64,
    },
    /// Written before a metric's first sample in a segment, so that the log can be read without a
    /// configuration.
    Metric {
        /// The metric's name. When read, what is not UTF-8 has become U+FFFD.
        name: Cow<'a, str>,
        /// Seconds between two samples, not 0.
        interval_s: u32,
        /// How its series combine.
        aggregation: Aggregation,
    },
}

/// Why the content of a control record was not understood. The record itself is sound, and reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// A version or kind of a later writer: to be skipped.
    #[error("control record of unknown version {version}, kind {kind}")]
    Unknown {
        /// Its version.
        version: u8,
        /// Its kind.
        kind: u8,
    },
    /// The content ends early.
    #[error("content of a control record needs {needed} bytes, {found} found")]
    Truncated {
        /// Bytes that its version and kind ask for.
        needed: usize,
        /// Bytes that stand behind the value.
        found: usize,
    },
    /// The interval of a metric is 0.
    #[error("control record with an interval of 0")]
    IntervalZero,
    /// An aggregation that this version does not have.
    #[error("control record with aggregation {found}, expected 0 to 2")]
    Aggregation {
        /// The byte found.
        found: u8,
    },
}

impl Aggregation {
    fn to_byte(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Sum => 1,
            Self::Avg => 2,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::None),
            1 => Some(Self::Sum),
            2 => Some(Self::Avg),
            _ => None,
        }
    }
}

impl<'a> Control<'a> {
    /// Appends the frame of this control record; `bytes` stays as it is on an error.
    pub(crate) fn push_onto(&self, bytes: &mut Vec<u8>) -> Result<(), RecordError> {
        match self {
            Self::Segment { generation } => {
                let start = begin_control(bytes, KIND_SEGMENT);
                bytes.extend_from_slice(SegmentControl { generation: (*generation).into() }.as_bytes());
                end_frame(bytes, start);
            }
            Self::Metric { name, interval_s, aggregation } => {
                let name_len = check_metric(name)?.into();
                if *interval_s == 0 {
                    return Err(RecordError::IntervalZero);
                }
                let start = begin_control(bytes, KIND_METRIC);
                let interval_s = (*interval_s).into();
                let aggregation = aggregation.to_byte();
                bytes.extend_from_slice(MetricControl { interval_s, aggregation, name_len }.as_bytes());
                bytes.extend_from_slice(name.as_bytes());
                end_frame(bytes, start);
            }
        }
        Ok(())
    }

    /// Reads what stands behind the value of a control record. Bytes behind the content are ignored.
    pub(crate) fn parse(content: &'a [u8]) -> Result<Self, ControlError> {
        let truncated = |needed| ControlError::Truncated { needed, found: content.len() };
        let header_len = size_of::<ControlHeader>();
        let (header, body) = ControlHeader::ref_from_prefix(content).map_err(|_| truncated(header_len))?;
        match (header.version, header.kind) {
            (CONTROL_VERSION, KIND_SEGMENT) => {
                let needed = header_len + size_of::<SegmentControl>();
                let (segment, _) = SegmentControl::ref_from_prefix(body).map_err(|_| truncated(needed))?;
                Ok(Self::Segment { generation: segment.generation.get() })
            }
            (CONTROL_VERSION, KIND_METRIC) => {
                let needed = header_len + size_of::<MetricControl>();
                let (metric, rest) = MetricControl::ref_from_prefix(body).map_err(|_| truncated(needed))?;
                let name_len = usize::from(metric.name_len.get());
                let name = rest.get(..name_len).ok_or_else(|| truncated(needed + name_len))?;
                let interval_s = metric.interval_s.get();
                if interval_s == 0 {
                    return Err(ControlError::IntervalZero);
                }
                let aggregation = Aggregation::from_byte(metric.aggregation)
                    .ok_or(ControlError::Aggregation { found: metric.aggregation })?;
                Ok(Self::Metric { name: lossy(name), interval_s, aggregation })
            }
            (version, kind) => Err(ControlError::Unknown { version, kind }),
        }
    }
}

/// Begins a control record up to its content.
fn begin_control(bytes: &mut Vec<u8>, kind: u8) -> usize {
    const METRIC_LEN: u16 = 16;
    const _: () = assert!(CONTROL_METRIC.len() == METRIC_LEN as usize);
    let start = begin_frame(bytes, CONTROL_TIME_S, CONTROL_METRIC, METRIC_LEN);
    bytes.push(0);
    bytes.extend_from_slice(Value { value: f32::from_bits(CONTROL_VALUE_BITS).into() }.as_bytes());
    bytes.extend_from_slice(ControlHeader { version: CONTROL_VERSION, kind }.as_bytes());
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: &[u8] = &[1, 1, 9, 0, 0, 0, 0, 0, 0, 0];
    const METRIC: &[u8] = &[1, 2, 60, 0, 0, 0, 2, 3, 0, b'i', b'p', b'c'];

    fn patched(content: &[u8], at: usize, byte: u8) -> Vec<u8> {
        let mut content = content.to_vec();
        content[at] = byte;
        content
    }

    #[test]
    fn both_kinds_are_understood() {
        assert_eq!(Control::parse(SEGMENT), Ok(Control::Segment { generation: 9 }));
        let metric = Control::Metric { name: "ipc".into(), interval_s: 60, aggregation: Aggregation::Avg };
        assert_eq!(Control::parse(METRIC), Ok(metric));
    }

    #[test]
    fn bytes_behind_the_content_are_ignored() {
        for content in [SEGMENT, METRIC] {
            let longer = [content, b"later"].concat();
            assert_eq!(Control::parse(&longer), Control::parse(content));
        }
    }

    #[test]
    fn content_cut_anywhere_says_what_it_needs() {
        for content in [SEGMENT, METRIC] {
            for cut in 0..content.len() {
                let Err(ControlError::Truncated { needed, found }) = Control::parse(&content[..cut]) else {
                    panic!("cut at {cut} was accepted");
                };
                assert!(found == cut && needed > cut && needed <= content.len(), "cut at {cut}: {needed}");
            }
        }
    }

    #[test]
    fn later_versions_and_kinds_are_told_from_damage() {
        let unknown = |version, kind| Err(ControlError::Unknown { version, kind });
        assert_eq!(Control::parse(&patched(SEGMENT, 0, 2)), unknown(2, 1));
        assert_eq!(Control::parse(&patched(SEGMENT, 1, 0)), unknown(1, 0));
        assert_eq!(Control::parse(&[7, 200]), unknown(7, 200));
    }

    #[test]
    fn interval_of_zero_and_unknown_aggregation_are_errors() {
        assert_eq!(Control::parse(&patched(METRIC, 2, 0)), Err(ControlError::IntervalZero));
        assert_eq!(Control::parse(&patched(METRIC, 6, 3)), Err(ControlError::Aggregation { found: 3 }));
    }

    #[test]
    fn every_aggregation_survives_its_byte() {
        for aggregation in [Aggregation::None, Aggregation::Sum, Aggregation::Avg] {
            assert_eq!(Aggregation::from_byte(aggregation.to_byte()), Some(aggregation));
        }
    }
}

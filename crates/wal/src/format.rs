//! What lies on disk: the fixed parts of a log file and its constants, nothing else. All integers are little
//! endian, and nothing is aligned.

use zerocopy::byteorder::little_endian::{F32, I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The first four bytes of a log file.
pub const FILE_MAGIC: u32 = 0xCC1D_A701;

/// The first four bytes of every frame.
pub const RECORD_MAGIC: u32 = 0xCC1D_A7A1;

/// The longest payload of a frame in bytes. A reader takes a longer one for damage.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// The longest metric name in bytes: its length field has 16 bits.
pub const METRIC_BYTES_MAX: usize = 0xFFFF;

/// The longest level name in bytes: its length field has 8 bits.
pub const LEVEL_BYTES_MAX: usize = 0xFF;

/// The most levels a record can name: their count has 8 bits. [`Limits`](crate::Limits) sets a lower bound.
pub const LEVELS_MAX: usize = 0xFF;

/// The reserved metric name of control records. Readers that do not configure it skip them.
pub const CONTROL_METRIC: &str = "treering.control";

/// NaN as the value of a control record.
pub(crate) const CONTROL_VALUE_BITS: u32 = 0x7FC0_0000;

/// The time of a control record: it says nothing about a time.
pub(crate) const CONTROL_TIME_S: i64 = 0;

/// The version that is written into control records.
pub(crate) const CONTROL_VERSION: u8 = 1;

/// Kind of a control record: [`SegmentControl`] follows.
pub(crate) const KIND_SEGMENT: u8 = 1;

/// Kind of a control record: [`MetricControl`] and a name follow.
pub(crate) const KIND_METRIC: u8 = 2;

pub(crate) const FILE_HEADER_BYTES: usize = size_of::<FileHeader>();
pub(crate) const FRAME_HEADER_BYTES: usize = size_of::<FrameHeader>();
pub(crate) const FRAME_TRAILER_BYTES: usize = size_of::<FrameTrailer>();
pub(crate) const PAYLOAD_HEADER_BYTES: usize = size_of::<PayloadHeader>();
pub(crate) const TIME_BYTES: usize = size_of::<I64>();
pub(crate) const VALUE_BYTES: usize = size_of::<Value>();

/// The start of a log file.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FileHeader {
    /// [`FILE_MAGIC`].
    pub magic: U32,
}

/// The start of a frame; the payload follows.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FrameHeader {
    /// [`RECORD_MAGIC`].
    pub magic: U32,
    /// Bytes between this header and the trailer, at most [`PAYLOAD_BYTES_MAX`].
    pub payload_len: U32,
}

/// The end of a frame.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FrameTrailer {
    /// CRC-32 (IEEE) of the payload, bytes behind the value included.
    pub crc32: U32,
}

/// The start of a payload. The metric's name, the count of levels (`u8`) and per level its length (`u8`) and
/// name follow, then a [`Value`], then bytes that a reader ignores unless it knows them.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct PayloadHeader {
    /// The sample's time in Unix seconds.
    pub time_s: I64,
    /// Bytes of the metric's name.
    pub metric_len: U16,
}

/// The sample's value, behind the last level.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Value {
    /// IEEE-754 single precision, bits kept as they are.
    pub value: F32,
}

/// What stands behind the value of a control record, before its content.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ControlHeader {
    /// Version of what follows, [`CONTROL_VERSION`].
    pub version: u8,
    /// [`KIND_SEGMENT`] or [`KIND_METRIC`].
    pub kind: u8,
}

/// Content of a segment's first record.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SegmentControl {
    /// The segment's number.
    pub generation: U64,
}

/// Content of a metric's first record in a segment; `name_len` bytes of name follow.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct MetricControl {
    /// Seconds between two samples, never 0.
    pub interval_s: U32,
    /// How series of this metric combine: 0 not at all, 1 sum, 2 average.
    pub aggregation: u8,
    /// Bytes of the metric's name.
    pub name_len: U16,
}

const _: () = {
    assert!(size_of::<FileHeader>() == 4);
    assert!(size_of::<FrameHeader>() == 8);
    assert!(size_of::<FrameTrailer>() == 4);
    assert!(size_of::<PayloadHeader>() == 10);
    assert!(size_of::<Value>() == 4);
    assert!(size_of::<ControlHeader>() == 2);
    assert!(size_of::<SegmentControl>() == 8);
    assert!(size_of::<MetricControl>() == 7);
    // Whatever keeps the limits on names also keeps the limit on the payload: no check is needed when writing.
    assert!(
        PAYLOAD_HEADER_BYTES + METRIC_BYTES_MAX + 1 + LEVELS_MAX * (1 + LEVEL_BYTES_MAX) + VALUE_BYTES
            <= PAYLOAD_BYTES_MAX
    );
    assert!(
        PAYLOAD_HEADER_BYTES
            + CONTROL_METRIC.len()
            + 1
            + VALUE_BYTES
            + size_of::<ControlHeader>()
            + size_of::<MetricControl>()
            + METRIC_BYTES_MAX
            <= PAYLOAD_BYTES_MAX
    );
};

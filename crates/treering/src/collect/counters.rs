//! What one reading of the kernel's counters gives; `None` where a source could not be read.

use std::collections::BTreeMap;

/// One reading.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Counters {
    /// Load average of a minute.
    pub(super) load: Option<f32>,
    pub(super) memory: Option<Memory>,
    /// By interface, without `lo`: bytes received and sent.
    pub(super) network: Option<BTreeMap<String, [u64; 2]>>,
    /// By whole disk: bytes read and written.
    pub(super) disks: Option<BTreeMap<String, [u64; 2]>>,
    /// By number of the hardware thread.
    pub(super) threads: Option<BTreeMap<u32, Ticks>>,
}

/// Memory in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Memory {
    pub(super) total_bytes: u64,
    pub(super) free_bytes: u64,
    pub(super) used_bytes: u64,
}

/// What a hardware thread did since boot, in the kernel's ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ticks {
    pub(super) user: u64,
    pub(super) system: u64,
    pub(super) idle: u64,
    /// Taken by other virtual machines.
    pub(super) stolen: u64,
}

//! What a caller may bound: how deep a record's path can be.

/// Levels below the host that a record may name, unless [`Limits`] says otherwise. Real hosts have three or
/// four; whoever builds a tree from records recurses or nests this deep.
pub const DEPTH_MAX: usize = 64;

/// Bounds for writing and reading records. The format's own bounds (names, payload) always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most levels of a record. Values over [`LEVELS_MAX`](crate::LEVELS_MAX) mean that: the format can
    /// say no more.
    pub depth_max: usize,
}

impl Limits {
    /// These limits with another depth.
    #[must_use]
    pub fn with_depth_max(self, depth_max: usize) -> Self {
        Self { depth_max }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: DEPTH_MAX }
    }
}

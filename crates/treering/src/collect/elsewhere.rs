//! No source of measurements is known for this operating system.

use super::counters::Counters;
use super::{CollectError, Unreadable};

pub(super) fn read(_unreadable: &mut dyn FnMut(Unreadable)) -> Result<Counters, CollectError> {
    Err(CollectError::Unsupported)
}

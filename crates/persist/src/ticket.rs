//! How a writer learns what became of its records, when somebody else may have written them.

use treering_wal::Batch;

use crate::error::IoFailure;
use crate::sync::{Arc, OnceLock};

/// Records of one segment that wait to be written, and where their writers look for the result.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) records: Batch,
    pub(crate) ticket: Arc<Ticket>,
}

/// The outcome of one write to the log, shared by all whose records were in it.
#[derive(Default, Debug)]
pub(crate) struct Ticket(OnceLock<Written>);

/// How much of a batch the file took.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// Whole records, from the batch's start.
    pub(crate) records: u64,
    /// Why not all of them.
    pub(crate) failure: Option<IoFailure>,
    /// Where the log's counter of writes stood after it, for those that wait for a sync.
    pub(crate) sequence: u64,
}

/// Where a writer's records end in the batch that they went to.
pub(crate) struct Receipt {
    ticket: Arc<Ticket>,
    end: u64,
}

impl Ticket {
    pub(crate) fn set(&self, written: Written) {
        // Only the holder of the log's lock sets it, and only once.
        let _ = self.0.set(written);
    }
}

impl Pending {
    /// Where a writer finds out what became of all that waits now.
    pub(crate) fn receipt(&self) -> Receipt {
        Receipt { ticket: Arc::clone(&self.ticket), end: self.records.records() }
    }
}

impl Receipt {
    /// `None` while nobody has written the batch; else the sequence to wait for, or what failed.
    pub(crate) fn outcome(&self) -> Option<Result<u64, IoFailure>> {
        let written = self.ticket.0.get()?;
        match &written.failure {
            Some(failure) if self.end > written.records => Some(Err(failure.clone())),
            _ => Some(Ok(written.sequence)),
        }
    }
}

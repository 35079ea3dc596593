//! What can go wrong, one enum an operation. Paths are added here, once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use treering_level::{HostError, MetricError, Outcome, ResolveError};

use crate::storage::LockError;

/// A storage operation that failed, with what it was done to.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {operation} {}", .path.display())]
pub struct IoFailure {
    /// What was tried: a verb, such as "sync".
    pub operation: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// What the system said. Shared, because one failed write is the answer to all that waited for it.
    #[source]
    pub source: Arc<io::Error>,
}

impl IoFailure {
    pub(crate) fn new(operation: &'static str, path: &Path, source: io::Error) -> IoFailure {
        IoFailure { operation, path: path.to_owned(), source: Arc::new(source) }
    }
}

/// Why a store could not be opened. Nothing that stands in a file is a reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The root directory cannot be made or read.
    #[error("cannot use {} as the store's directory", .0.path.display())]
    Root(#[source] IoFailure),
    /// The root directory is in use.
    #[error("cannot lock {}", .path.display())]
    Lock {
        /// The root directory.
        path: PathBuf,
        /// Who has it, or what the system said.
        #[source]
        source: LockError,
    },
    /// A configured metric breaks a rule.
    #[error(transparent)]
    Metrics(#[from] MetricError),
    /// No format was given, so nothing could be written.
    #[error("a store needs at least one snapshot format")]
    NoFormat,
}

/// Why samples could not be addressed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The cluster or the host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The path or the metric.
    #[error(transparent)]
    Series(#[from] ResolveError),
}

/// Why a write is not as safe as the sync policy promises.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The accepted samples are in memory and will be in the next checkpoint, but not in the log.
    #[error(transparent)]
    NotLogged(Box<NotLogged>),
    /// Nothing was stored: the host's log has failed, and the store is to refuse samples then.
    #[error("{cluster}/{host} takes no samples until its log works again: {why}")]
    Refused {
        /// The cluster.
        cluster: String,
        /// The host.
        host: String,
        /// What failed.
        why: String,
    },
    /// The store was closed; nothing was stored.
    #[error("the store is closed")]
    Closed,
}

/// Samples that are in memory only, because the log could not take them.
#[derive(Debug, Clone, thiserror::Error)]
#[error("samples of {cluster}/{host} are in memory only")]
pub struct NotLogged {
    /// What became of the samples in memory.
    pub outcome: Outcome,
    /// The cluster.
    pub cluster: String,
    /// The host.
    pub host: String,
    /// What failed.
    pub source: IoFailure,
}

/// Why a host could not be checkpointed. What was not written is dirty again, and its log is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A storage operation failed.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// A snapshot could not be encoded.
    #[error("cannot encode {}", .path.display())]
    Encode {
        /// The file that was to be written.
        path: PathBuf,
        /// The codec's reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A snapshot of a single series would be longer than what a start reads.
    #[error("{} would be {found} bytes long, and no more than {max} are read", .path.display())]
    TooLong {
        /// The file that was to be written.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// The longest that is read.
        max: u64,
    },
    /// The number in the newest snapshot's name is the highest there is, so none can follow it.
    #[error("no snapshot can follow {}: rename it to a lower number", .path.display())]
    NoStemLeft {
        /// The snapshot with the highest number.
        path: PathBuf,
    },
    /// An older snapshot must take up late samples, but cannot be read to its end any more.
    #[error("late samples belong into {}, which cannot be read", .path.display())]
    Unreadable {
        /// That snapshot.
        path: PathBuf,
        /// The codec's reason, as text.
        reason: String,
    },
}

/// An error and its causes, as one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

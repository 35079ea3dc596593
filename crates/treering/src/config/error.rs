//! What is wrong with a configuration, or odd about it.

use std::fmt;

/// Why a configuration cannot be used. Lines and columns count from 1, columns in bytes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file is not JSON.
    #[error("not JSON: {reason} (line {line}, column {column})")]
    Syntax {
        /// What the JSON parser says.
        reason: String,
        /// Line of the first byte that does not fit.
        line: usize,
        /// Column of that byte.
        column: usize,
    },
    /// A key is unknown, missing or there twice, or its value has the wrong type or is out of range.
    #[error("{}{reason} (line {line}, column {column})", Prefix(path))]
    Key {
        /// The key, from the file's root: `metrics.cpu_load.frequency`. The object's, if a key is missing from it; empty
        /// for the root.
        path: String,
        /// What is wrong with it.
        reason: String,
        /// Line where the key or value ends.
        line: usize,
        /// Column where it ends.
        column: usize,
    },
}

/// Something in a configuration that is no error, but that its author should hear of.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Warning {
    /// These keys are there, and this version does nothing with them.
    WithoutEffect {
        /// The keys, from the file's root, in the order of the reference's manual.
        keys: Vec<&'static str>,
    },
    /// `metric-store.cleanup.mode` is `archive`, and there is no archive yet.
    ArchiveDeletesNothing,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithoutEffect { keys } => write!(f, "without effect in this version: {}", keys.join(", ")),
            Self::ArchiveDeletesNothing => f.write_str(
                "metric-store.cleanup.mode is archive, which this version cannot do yet: \
                 old files are kept (use delete to have them removed)",
            ),
        }
    }
}

/// A path and a colon, nothing for the root.
struct Prefix<'a>(&'a str);

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

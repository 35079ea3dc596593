//! What a name may look like, checked where samples enter.

use std::fmt;

use thiserror::Error;

use crate::planted::planted;

/// Bytes that the name of a cluster, a host or a level has at most: a directory name holds no more on common
/// file systems, and the log has one byte for the length of a level's name.
pub const SHORT_NAME_BYTES_MAX: usize = 255;

/// Bytes that the name of a metric has at most: log and binary snapshot have two bytes for its length.
pub const METRIC_NAME_BYTES_MAX: usize = 65_535;

/// Characters of a bad name that an error repeats.
const SHOWN_CHARS_MAX: usize = 48;

/// What a name stands for, and so which rules it has to obey.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NameKind {
    /// A cluster: it becomes a directory.
    Cluster,
    /// A host: it becomes a directory.
    Host,
    /// A level below a host.
    Level,
    /// A metric.
    Metric,
}

/// A name as an error shows it: escaped, and cut if it is long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownName(Box<str>);

/// The rule that a name breaks.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name has no bytes.
    #[error("{kind} name is empty, allowed are 1 to {bytes_max} bytes", bytes_max = kind.bytes_max())]
    Empty {
        /// What the name stands for.
        kind: NameKind,
    },
    /// The name has more bytes than log and snapshot can carry.
    #[error(
        "{kind} name {name} has {len_bytes} bytes, allowed are 1 to {bytes_max}",
        bytes_max = kind.bytes_max()
    )]
    TooLong {
        /// What the name stands for.
        kind: NameKind,
        /// The name.
        name: ShownName,
        /// Its length.
        len_bytes: usize,
    },
    /// The name holds a control character: U+0000 to U+001F, or U+007F to U+009F.
    #[error(
        "{kind} name {name} has the control character U+{found:04X} at byte {offset}, none is allowed",
        found = u32::from(*found)
    )]
    ControlCharacter {
        /// What the name stands for.
        kind: NameKind,
        /// The name.
        name: ShownName,
        /// Where the first control character begins, in bytes.
        offset: usize,
        /// The character.
        found: char,
    },
    /// A cluster or host name holds a `/`.
    #[error("{kind} name {name} has a / at byte {offset}, it becomes a directory and may hold none")]
    Separator {
        /// What the name stands for.
        kind: NameKind,
        /// The name.
        name: ShownName,
        /// Where the first `/` is, in bytes.
        offset: usize,
    },
    /// A cluster or host is called `.` or `..`.
    #[error("{kind} name {name} means another directory, any name but . and .. is allowed")]
    Dots {
        /// What the name stands for.
        kind: NameKind,
        /// The name.
        name: ShownName,
    },
    /// The metric's name is kept for the store's own use.
    #[error("metric name {name} is reserved, any other is allowed")]
    Reserved {
        /// The name.
        name: ShownName,
    },
}

impl NameKind {
    /// The longest name of this kind, in bytes.
    #[must_use]
    pub fn bytes_max(self) -> usize {
        match self {
            Self::Cluster | Self::Host | Self::Level => SHORT_NAME_BYTES_MAX,
            Self::Metric => METRIC_NAME_BYTES_MAX,
        }
    }

    /// Checks a name of this kind.
    ///
    /// Clusters and hosts: 1 to 255 bytes, not `.` or `..`, no `/`, no control character. Levels: 1 to 255
    /// bytes, metrics: 1 to 65,535 bytes, both without control characters; `/` is fine there. A control
    /// character is any of Unicode's category Cc, so U+0080 to U+009F too. Reserved metric names are the
    /// business of the [`MetricTable`](crate::MetricTable).
    ///
    /// # Errors
    /// Any variant of [`NameError`] but `Reserved`: the first rule that the name breaks.
    pub fn check(self, name: &str) -> Result<(), NameError> {
        if name.is_empty() {
            return Err(NameError::Empty { kind: self });
        }
        if name.len() > self.bytes_max() && !planted("long-names-taken") {
            return Err(NameError::TooLong { kind: self, name: ShownName::new(name), len_bytes: name.len() });
        }
        if let Some((offset, found)) = name.char_indices().find(|(_, c)| c.is_control()) {
            return Err(NameError::ControlCharacter {
                kind: self,
                name: ShownName::new(name),
                offset,
                found,
            });
        }
        match self {
            Self::Cluster | Self::Host => self.check_directory(name),
            Self::Level | Self::Metric => Ok(()),
        }
    }

    fn check_directory(self, name: &str) -> Result<(), NameError> {
        if let Some(offset) = name.find('/') {
            return Err(NameError::Separator { kind: self, name: ShownName::new(name), offset });
        }
        if (name == "." || name == "..") && !planted("dots-are-a-name") {
            return Err(NameError::Dots { kind: self, name: ShownName::new(name) });
        }
        Ok(())
    }
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster => "cluster",
            Self::Host => "host",
            Self::Level => "level",
            Self::Metric => "metric",
        })
    }
}

impl ShownName {
    /// Escapes the name as a Rust string literal would, and cuts it behind 48 characters.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let cut = name.char_indices().nth(SHOWN_CHARS_MAX).map(|(offset, _)| offset);
        let shown = match cut {
            Some(offset) => format!("\"{}...\"", name[..offset].escape_debug()),
            None => format!("\"{}\"", name.escape_debug()),
        };
        Self(shown.into_boxed_str())
    }
}

impl fmt::Display for ShownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [NameKind; 4] = [NameKind::Cluster, NameKind::Host, NameKind::Level, NameKind::Metric];

    fn is_directory(kind: NameKind) -> bool {
        matches!(kind, NameKind::Cluster | NameKind::Host)
    }

    #[test]
    fn every_name_of_one_byte_is_judged_by_the_rule() {
        for byte in 0..=127_u8 {
            let name = char::from(byte).to_string();
            for kind in ALL {
                let control = byte < 0x20 || byte == 0x7F;
                let directory = is_directory(kind) && (byte == b'/' || byte == b'.');
                assert_eq!(kind.check(&name).is_err(), control || directory, "{kind} {name:?}");
            }
        }
    }

    #[test]
    fn every_name_of_two_ascii_bytes_is_judged_by_the_rule() {
        for (a, b) in (0..=127_u8).flat_map(|a| (0..=127_u8).map(move |b| (a, b))) {
            let name = String::from_utf8(vec![a, b]).unwrap();
            for kind in ALL {
                let control = [a, b].iter().any(|byte| *byte < 0x20 || *byte == 0x7F);
                let directory = is_directory(kind) && (a == b'/' || b == b'/' || name == "..");
                assert_eq!(kind.check(&name).is_err(), control || directory, "{kind} {name:?}");
            }
        }
    }

    #[test]
    fn length_is_counted_in_bytes_and_both_ends_are_allowed() {
        for kind in ALL {
            let max = if kind == NameKind::Metric { 65_535 } else { 255 };
            assert_eq!(kind.check(""), Err(NameError::Empty { kind }));
            assert_eq!(kind.check("x"), Ok(()));
            assert_eq!(kind.check(&"x".repeat(max)), Ok(()));
            let long = "x".repeat(max + 1);
            let error = kind.check(&long).unwrap_err();
            assert!(matches!(error, NameError::TooLong { len_bytes, .. } if len_bytes == max + 1), "{error}");
            let wide = "\u{e4}".repeat(max / 2 + 1);
            assert!(matches!(kind.check(&wide), Err(NameError::TooLong { .. })), "{kind}");
        }
    }

    #[test]
    fn control_characters_of_both_ranges_are_refused_and_their_neighbours_are_not() {
        for kind in ALL {
            for found in ['\0', '\u{1f}', '\u{7f}', '\u{80}', '\u{85}', '\u{9f}'] {
                let name = format!("\u{e4}{found}b");
                let error = kind.check(&name).unwrap_err();
                assert_eq!(
                    error,
                    NameError::ControlCharacter { kind, name: ShownName::new(&name), offset: 2, found }
                );
            }
            for fine in [' ', '!', '~', '\u{a0}', '\u{2028}', '\u{fffd}'] {
                assert_eq!(kind.check(&format!("a{fine}b")), Ok(()), "{kind} {fine:?}");
            }
        }
    }

    #[test]
    fn only_a_directory_may_not_hold_a_slash_or_be_dots() {
        for kind in ALL {
            for (name, refused) in
                [(".", true), ("..", true), ("...", false), (".a", false), ("/", true), ("a/../b", true)]
            {
                assert_eq!(kind.check(name).is_err(), refused && is_directory(kind), "{kind} {name}");
            }
        }
    }

    #[test]
    fn names_that_the_store_uses_for_files_are_fine() {
        for kind in ALL {
            for name in ["quarantine", "current.wal", "1.bin", "mnt/home", "accelerator00000000:49:00.0"] {
                assert_eq!(kind.check(name).is_err(), is_directory(kind) && name.contains('/'), "{name}");
            }
        }
    }

    #[test]
    fn an_error_says_rule_name_and_what_is_allowed_on_one_short_line() {
        let long = "n".repeat(70_000);
        let error = NameKind::Metric.check(&long).unwrap_err().to_string();
        let shown = "n".repeat(48);
        assert_eq!(error, format!("metric name \"{shown}...\" has 70000 bytes, allowed are 1 to 65535"));
        let error = NameKind::Host.check("a\n\u{1b}[2J").unwrap_err().to_string();
        assert_eq!(
            error,
            "host name \"a\\n\\u{1b}[2J\" has the control character U+000A at byte 1, none is allowed"
        );
    }
}

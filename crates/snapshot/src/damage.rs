//! What was wrong in a file and could be stepped over.

use std::fmt;

/// Characters of a name or path that are shown of one that is longer.
const SHOWN_CHARS_MAX: usize = 200;

/// One place in a file that is not as its writer left it, or not acceptable, and was stepped over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong, and so what it costs.
    pub kind: DamageKind,
    /// Where it begins, bytes from the start of the file.
    pub offset: u64,
    /// The level below the host that it is about, if it is about one; empty for the host itself.
    pub path: Option<Vec<String>>,
    /// The metric that it is about, if that is known. Read from damaged bytes it may itself be wrong.
    pub metric: Option<String>,
}

/// What is wrong at one place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamageKind {
    /// A column's bytes do not have the checksum that was written with them. The column was left out.
    ColumnChecksum {
        /// The checksum that was written.
        expected: u32,
        /// The checksum that the bytes have.
        found: u32,
    },
    /// A column has the right checksum, but its name and values do not fill the bytes that it is said to have.
    /// The column was left out.
    ColumnMalformed {
        /// The column's length in bytes, as the file's table has it.
        expected: u64,
    },
    /// A column is not what the format asks for, and so cannot be used. The column was left out.
    ColumnUnusable {
        /// What should have been there.
        expected: &'static str,
    },
    /// A level is not what the format asks for, and so cannot be used. It and all below it, or the part of it that
    /// is named, was left out.
    LevelUnusable {
        /// What should have been there.
        expected: &'static str,
    },
    /// Header, counts or level names do not have their checksum. Nothing was lost: they exist twice.
    StructureChecksum {
        /// The checksum that was written.
        expected: u32,
        /// The checksum that the bytes have.
        found: u32,
    },
    /// The whole file does not have its checksum, in a format that has only one. What was read is unchecked.
    FileChecksum {
        /// The checksum that was written.
        expected: u32,
        /// The checksum that the bytes have.
        found: u32,
    },
    /// The trailer's bytes do not have their checksum. What was read is unchecked.
    TrailerChecksum {
        /// The checksum that was written.
        expected: u32,
        /// The checksum that the bytes have.
        found: u32,
    },
    /// There is a trailer, but it is cut, overwritten in part, or contradicts itself. What was read is unchecked.
    TrailerBroken {
        /// What should have been there.
        expected: &'static str,
    },
    /// The trailer is sound and of a version that this reader does not know. What was read is unchecked.
    TrailerVersion {
        /// The newest version that is known.
        expected: u32,
        /// The version found.
        found: u32,
    },
    /// A level lies too deep. It and all below it were left out.
    Depth {
        /// The limit that was passed.
        max: u64,
    },
    /// A name is too long. Its column, or its level and all below it, were left out.
    NameLength {
        /// The limit that was passed, in bytes.
        max: u64,
        /// The length found, in bytes.
        found: u64,
    },
}

impl DamageKind {
    /// Whether samples of the file did not reach the sink because of this.
    #[must_use]
    pub fn loses_samples(self) -> bool {
        match self {
            Self::ColumnChecksum { .. }
            | Self::ColumnMalformed { .. }
            | Self::ColumnUnusable { .. }
            | Self::LevelUnusable { .. }
            | Self::Depth { .. }
            | Self::NameLength { .. } => true,
            Self::StructureChecksum { .. }
            | Self::FileChecksum { .. }
            | Self::TrailerChecksum { .. }
            | Self::TrailerBroken { .. }
            | Self::TrailerVersion { .. } => false,
        }
    }

    /// Whether the samples that did reach the sink could not be checked because of this.
    #[must_use]
    pub fn leaves_unchecked(self) -> bool {
        matches!(
            self,
            Self::FileChecksum { .. }
                | Self::TrailerChecksum { .. }
                | Self::TrailerBroken { .. }
                | Self::TrailerVersion { .. }
        )
    }
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ColumnChecksum { expected, found } => {
                write!(f, "column left out: checksum {expected:#010x} expected, {found:#010x} found")
            }
            Self::ColumnMalformed { expected } => {
                write!(
                    f,
                    "column left out: {expected} bytes expected, its own fields amount to another length"
                )
            }
            Self::ColumnUnusable { expected } => write!(f, "column left out: {expected} expected"),
            Self::LevelUnusable { expected } => write!(f, "level left out: {expected} expected"),
            Self::StructureChecksum { expected, found } => {
                write!(
                    f,
                    "structure damaged, nothing lost: checksum {expected:#010x} expected, {found:#010x} found"
                )
            }
            Self::FileChecksum { expected, found } => {
                write!(f, "file damaged: checksum {expected:#010x} expected, {found:#010x} found")
            }
            Self::TrailerChecksum { expected, found } => {
                write!(
                    f,
                    "trailer damaged, file unchecked: checksum {expected:#010x} expected, {found:#010x} found"
                )
            }
            Self::TrailerBroken { expected } => {
                write!(f, "trailer broken, file unchecked: {expected} expected")
            }
            Self::TrailerVersion { expected, found } => {
                write!(f, "trailer unknown, file unchecked: version {expected} expected, {found} found")
            }
            Self::Depth { max } => write!(f, "level left out: more than {max} levels deep"),
            Self::NameLength { max, found } => {
                write!(f, "name left out: at most {max} bytes expected, {found} found")
            }
        }
    }
}

impl fmt::Display for Damage {
    /// One line; names stand in it as they are in source code, so that none of them can break it, and long ones are
    /// shortened: in a damaged file a name can be anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.kind)?;
        if let Some(path) = &self.path {
            write!(f, ", level {}", Shown(&path.join("/")))?;
        }
        if let Some(metric) = &self.metric {
            write!(f, ", metric {}", Shown(metric))?;
        }
        Ok(())
    }
}

/// A name or path, up to [`SHOWN_CHARS_MAX`].
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        match name.char_indices().nth(SHOWN_CHARS_MAX) {
            None => write!(f, "{name:?}"),
            Some((end, _)) => write!(f, "{:?} and so on, {} bytes", &name[..end], name.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_line_whatever_the_names_are() {
        let damage = Damage {
            kind: DamageKind::ColumnChecksum { expected: 1, found: 0xFFFF_FFFF },
            offset: 42,
            path: Some(vec!["core\n0".to_owned(), "x".to_owned()]),
            metric: Some("a\tb".to_owned()),
        };
        assert_eq!(
            damage.to_string(),
            "at byte 42: column left out: checksum 0x00000001 expected, 0xffffffff found, \
             level \"core\\n0/x\", metric \"a\\tb\""
        );
    }

    #[test]
    fn a_name_is_shown_up_to_a_length() {
        let damage = |metric: String| Damage {
            kind: DamageKind::Depth { max: 1 },
            offset: 0,
            path: None,
            metric: Some(metric),
        };
        let longest = "é".repeat(200);
        assert!(damage(longest.clone()).to_string().ends_with(&format!("metric \"{longest}\"")));
        let end = format!("metric \"{longest}\" and so on, 402 bytes");
        assert!(damage(longest + "é").to_string().ends_with(&end));
    }

    #[test]
    fn damage_either_loses_samples_or_leaves_them_unchecked_or_costs_nothing() {
        let column = DamageKind::ColumnChecksum { expected: 0, found: 1 };
        let structure = DamageKind::StructureChecksum { expected: 0, found: 1 };
        let trailer = DamageKind::TrailerBroken { expected: "a trailer" };
        assert!(column.loses_samples() && !column.leaves_unchecked());
        assert!(!structure.loses_samples() && !structure.leaves_unchecked());
        assert!(!trailer.loses_samples() && trailer.leaves_unchecked());
        for kind in [
            DamageKind::ColumnUnusable { expected: "an object" },
            DamageKind::LevelUnusable { expected: "an object" },
        ] {
            assert!(kind.loses_samples() && !kind.leaves_unchecked());
        }
    }
}

//! How far things reach in a snapshot, whatever its format.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

use treering_snapshot::{Damage, DamageKind};

use super::bin::{self, Impossible};
use super::json::{self, PassedOver};
use crate::program::words::wide;

/// Where a text has its columns, by level and metric.
type ByName = HashMap<(Vec<String>, String), Range<usize>>;

/// A file as it was before it was decoded.
pub(super) struct Extents<'a> {
    pub(super) extension: &'static str,
    /// All of it, or its two ends.
    pub(super) bytes: &'a [u8],
    pub(super) len: u64,
    is_bin: bool,
    /// Looked up once, and only for a file in which something is wrong.
    columns: OnceCell<Vec<Range<usize>>>,
    by_name: OnceCell<ByName>,
    levels: RefCell<bin::Levels<'a>>,
    /// The trailer was found to be of no use.
    has_no_trailer: Cell<bool>,
}

impl<'a> Extents<'a> {
    pub(super) fn new(extension: &'static str, bytes: &'a [u8], len: u64) -> Extents<'a> {
        let levels = RefCell::new(bin::Levels::new(bytes));
        let (columns, by_name) = (OnceCell::new(), OnceCell::new());
        let (is_bin, has_no_trailer) = (extension == "bin", Cell::new(false));
        Extents { extension, bytes, len, is_bin, columns, by_name, levels, has_no_trailer }
    }

    /// From where to where a report's damage reaches; more than one stretch if that is how it lies.
    pub(super) fn of_damage(&self, damage: &Damage) -> Vec<(u64, u64)> {
        let from = damage.offset;
        let at = usize::try_from(from).unwrap_or(usize::MAX);
        let one = |range: Option<Range<usize>>| vec![range.map_or((from, from), |range| pair(&range))];
        // Decoders say this before they go along the tree.
        self.has_no_trailer.set(self.has_no_trailer.get() || is_of_trailer(damage.kind));
        match damage.kind {
            // Nobody knows which byte.
            DamageKind::StructureChecksum { .. } | DamageKind::FileChecksum { .. } => one(None),
            DamageKind::TrailerChecksum { .. }
            | DamageKind::TrailerBroken { .. }
            | DamageKind::TrailerVersion { .. } => match self.is_bin {
                // Where it begins may be among what is damaged; where the tree ends is not. Where the tree has no end,
                // what follows it is not to be told from the tree.
                true => vec![bin::tree_end(self.bytes).map_or((from, from), |end| (wide(end), self.len))],
                false => one(json::value_end(self.bytes, at).map(|end| at..end)),
            },
            DamageKind::LevelUnusable { .. } if !self.is_bin => {
                let parts = json::unusable_parts(self.bytes, at);
                match parts.is_empty() {
                    true => one(json::member_from(self.bytes, at)),
                    false => parts.iter().map(pair).collect(),
                }
            }
            _ if !self.is_bin => one(json::member_from(self.bytes, at)),
            _ if damage.metric.is_some() || is_of_column(damage.kind) => one(self.column_from(at)),
            _ => one(self.levels.borrow_mut().find(at)),
        }
    }

    /// A column that was read. In a `.bin` it is known by where its values end, or by what came before.
    pub(super) fn column(
        &self,
        path: &[String],
        metric: &str,
        values_to: Option<usize>,
        used_to: Option<u64>,
    ) -> (u64, u64) {
        let nowhere = used_to.unwrap_or(0);
        let found = if self.is_bin {
            let columns = self.columns();
            let before = |place: usize| columns.partition_point(|column| column.end < place);
            let found = match values_to {
                Some(to) => columns.get(before(to)).filter(|column| column.end == to),
                None => columns.iter().find(|column| wide(column.start) >= nowhere),
            };
            found.cloned()
        } else {
            let by_name = self.by_name.get_or_init(|| json::columns(self.bytes));
            by_name.get(&(path.to_vec(), metric.to_owned())).cloned()
        };
        found.map_or((nowhere, nowhere), |range| pair(&range))
    }

    /// From where on nothing is used of a file that cannot be read on from `offset`.
    pub(super) fn unused_from(&self, offset: u64, used_to: Option<u64>) -> u64 {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let used_to = if self.is_bin { used_to.unwrap_or(0) } else { wide(json::sound_end(self.bytes, at)) };
        used_to.min(offset)
    }

    /// The count that is why a file cannot be read on from `offset`.
    pub(super) fn impossible_count(&self, offset: u64) -> Option<Impossible> {
        let at = usize::try_from(offset).ok().filter(|_| self.is_bin)?;
        bin::impossible_count(self.bytes, at)
    }

    /// Where bytes begin that belong to nobody, in a file that was read to its end.
    pub(super) fn foreign_from(&self, has_trailer: bool) -> Option<u64> {
        if self.len != wide(self.bytes.len()) {
            return None;
        }
        let from = match self.is_bin {
            true if has_trailer => None,
            true => bin::tree_end(self.bytes),
            false => {
                let end = json::value_end(self.bytes, 0)?;
                let rest = self.bytes.get(end..)?;
                rest.iter().position(|byte| !b" \t\n\r".contains(byte)).map(|space| end + space)
            }
        };
        from.map(wide).filter(|from| *from < self.len)
    }

    /// Whether the trailer, or what a text has of one, was found to be of no use.
    pub(super) fn has_no_trailer(&self) -> bool {
        self.has_no_trailer.get()
    }

    /// Whether the file is a text that is one whole object of JSON, whatever it says.
    pub(super) fn is_whole_object(&self) -> bool {
        let first = self.bytes.iter().find(|byte| !b" \t\n\r".contains(byte));
        !self.is_bin && first == Some(&b'{') && json::value_end(self.bytes, 0).is_some()
    }

    /// What was passed over before `to`, where it does not lie in one of these stretches anyway.
    pub(super) fn passed_over(&self, to: u64, damaged: &[(u64, u64)]) -> PassedOver {
        let to = usize::try_from(to).unwrap_or(usize::MAX).min(self.bytes.len());
        let is_damaged = |range: &Range<usize>| {
            let (from, to) = pair(range);
            damaged.iter().any(|damaged| damaged.0 <= from && to <= damaged.1)
        };
        if self.is_bin { PassedOver::default() } else { json::passed_over(&self.bytes[..to], &is_damaged) }
    }

    fn column_from(&self, at: usize) -> Option<Range<usize>> {
        let columns = self.columns();
        let found = columns.binary_search_by_key(&at, |column| column.start);
        found.ok().and_then(|index| columns.get(index).cloned()).or_else(|| bin::column_at(self.bytes, at))
    }

    fn columns(&self) -> &[Range<usize>] {
        self.columns.get_or_init(|| {
            let by_trailer =
                if self.has_no_trailer.get() { Vec::new() } else { bin::columns_of_trailer(self.bytes) };
            if by_trailer.is_empty() { bin::columns(self.bytes) } else { by_trailer }
        })
    }
}

fn pair(range: &Range<usize>) -> (u64, u64) {
    (wide(range.start), wide(range.end))
}

fn is_of_column(kind: DamageKind) -> bool {
    matches!(
        kind,
        DamageKind::ColumnChecksum { .. }
            | DamageKind::ColumnMalformed { .. }
            | DamageKind::ColumnUnusable { .. }
    )
}

fn is_of_trailer(kind: DamageKind) -> bool {
    matches!(
        kind,
        DamageKind::TrailerChecksum { .. }
            | DamageKind::TrailerBroken { .. }
            | DamageKind::TrailerVersion { .. }
    )
}

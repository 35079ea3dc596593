//! Where things lie in a `.bin`, along the lengths that its description tells of. Decoders say where a damaged piece
//! begins; how far it reaches is found here. No value is looked at.

use std::ops::Range;

/// Where the root level begins.
const ROOT_AT: usize = 20;
/// The least that a column takes: length of its name, interval, start, count.
const COLUMN_BYTES_MIN: usize = 2 + 8 + 8 + 4;
/// A column's entry in the trailer.
const COLUMN_ENTRY_BYTES: usize = 24;
/// What the trailer begins with, up to the cluster's name.
const HEAD_BYTES: usize = 60;
/// What the trailer ends with.
const TAIL_BYTES: usize = 16;
/// Offsets in the trailer's head.
const CLUSTER_LEN_AT: usize = 48;
const HOST_LEN_AT: usize = 50;
const COLUMN_COUNT_AT: usize = 56;

/// A count that cannot be one: so many do not fit into the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Impossible {
    pub(super) at: usize,
    pub(super) found: u32,
    pub(super) fits: usize,
}

/// What a walk along the tree meets.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Column(Range<usize>),
    /// A level below the root, from its name on.
    Enter(usize),
    /// The end of a level; that of the root is the end of the tree.
    Leave(usize),
}

/// Goes from step to step, and ends where the bytes do.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For each open level the columns and the children that are to come.
    open: Vec<(u32, Option<u32>)>,
    begun: bool,
}

/// Behind the root level, if the tree is whole.
pub(super) fn tree_end(bytes: &[u8]) -> Option<usize> {
    let mut end = None;
    let mut walk = Walk::new(bytes);
    for step in walk.by_ref() {
        if let Step::Leave(at) = step {
            end = Some(at);
        }
    }
    end.filter(|_| walk.begun && walk.open.is_empty())
}

/// All columns in ascending order, along the tree.
pub(super) fn columns(bytes: &[u8]) -> Vec<Range<usize>> {
    let of_step = |step| match step {
        Step::Column(column) => Some(column),
        _ => None,
    };
    Walk::new(bytes).filter_map(of_step).collect()
}

/// The same by the trailer's table; none if there is no trailer that could be sound.
pub(super) fn columns_of_trailer(bytes: &[u8]) -> Vec<Range<usize>> {
    let table = || {
        let (trailer, tail) = trailer(bytes)?;
        let columns = usize::try_from(u32_at(bytes, trailer.checked_add(COLUMN_COUNT_AT)?)?).ok()?;
        bytes.get(tail.checked_sub(columns.checked_mul(COLUMN_ENTRY_BYTES)?)?..tail)
    };
    let (entries, _) = table().unwrap_or_default().as_chunks::<COLUMN_ENTRY_BYTES>();
    let number = |field: &[u8]| {
        let field = field.first_chunk().map(|field| u64::from_le_bytes(*field));
        field.and_then(|number| usize::try_from(number).ok())
    };
    let of_entry = |entry: &[u8; COLUMN_ENTRY_BYTES]| {
        let from = number(&entry[..8])?;
        Some(from..from.checked_add(number(&entry[8..])?)?)
    };
    entries.iter().map_while(of_entry).collect()
}

/// The column that begins here, by its own lengths.
pub(super) fn column_at(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    column(bytes, &mut at).map(|()| from..at)
}

/// Finds levels, which are asked for in the order of the file: one walk for all of them.
pub(super) struct Levels<'a> {
    walk: Walk<'a>,
    entered: usize,
    /// The next entry of the trailer's table of levels.
    entry: Option<(usize, usize)>,
}

impl<'a> Levels<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Levels<'a> {
        Levels { walk: Walk::new(bytes), entered: 0, entry: levels_in_trailer(bytes).map(|at| (at, 0)) }
    }

    /// The level below the root that is reported at this place: that of its name in the tree, or that of its entry in
    /// the trailer.
    pub(super) fn find(&mut self, from: usize) -> Option<Range<usize>> {
        let number = self.number(from);
        while let Some(step) = self.walk.next() {
            let Step::Enter(begin) = step else { continue };
            self.entered += 1;
            if number.map_or(begin == from, |number| number + 1 == self.entered) {
                return self.leave().map(|end| begin..end);
            }
        }
        None
    }

    /// The end of the level that was entered last.
    fn leave(&mut self) -> Option<usize> {
        let depth = self.walk.open.len();
        loop {
            match self.walk.next()? {
                Step::Enter(_) => self.entered += 1,
                Step::Leave(end) if self.walk.open.len() < depth => return Some(end),
                _ => {}
            }
        }
    }

    /// Which of the levels below the root has its entry here.
    fn number(&mut self, from: usize) -> Option<usize> {
        let (at, number) = self.entry.as_mut()?;
        while *at < from {
            let mut end = at.checked_add(2)?;
            name(self.walk.bytes, &mut end)?;
            (*at, *number) = (end, *number + 1);
        }
        (*at == from).then_some(*number)
    }
}

/// The first count before `before` that is larger than what the rest of the file can hold.
pub(super) fn impossible_count(bytes: &[u8], before: usize) -> Option<Impossible> {
    let of_columns = |at: usize| {
        let found = u32_at(bytes, at)?;
        let fits = bytes.len().saturating_sub(at + 8) / COLUMN_BYTES_MIN;
        (usize::try_from(found).ok()? > fits).then_some(Impossible { at, found, fits })
    };
    if before <= ROOT_AT {
        return None;
    }
    let mut names = Walk::new(bytes).take_while(|step| match step {
        Step::Column(column) => column.end <= before,
        Step::Enter(at) | Step::Leave(at) => *at < before,
    });
    of_columns(ROOT_AT).or_else(|| {
        names.find_map(|step| match step {
            Step::Enter(at) => of_columns(at + 2 + usize::from(u16_at(bytes, at)?)),
            _ => None,
        })
    })
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Walk<'a> {
        Walk { bytes, at: ROOT_AT, open: Vec::new(), begun: false }
    }

    fn count(&mut self) -> Option<u32> {
        let count = u32_at(self.bytes, self.at)?;
        self.at += 4;
        Some(count)
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if !std::mem::replace(&mut self.begun, true) {
            let columns = self.count()?;
            self.open.push((columns, None));
        }
        let (columns_left, children_left) = self.open.last().copied()?;
        if let Some(fewer) = columns_left.checked_sub(1) {
            let from = self.at;
            column(self.bytes, &mut self.at)?;
            *self.open.last_mut()? = (fewer, None);
            return Some(Step::Column(from..self.at));
        }
        let children_left = match children_left {
            Some(left) => left,
            None => self.count()?,
        };
        let Some(fewer) = children_left.checked_sub(1) else {
            self.open.pop();
            return Some(Step::Leave(self.at));
        };
        *self.open.last_mut()? = (0, Some(fewer));
        let from = self.at;
        name(self.bytes, &mut self.at)?;
        let columns = self.count()?;
        self.open.push((columns, None));
        Some(Step::Enter(from))
    }
}

fn column(bytes: &[u8], at: &mut usize) -> Option<()> {
    name(bytes, at)?;
    skip(bytes, at, 16)?;
    let values = usize::try_from(u32_at(bytes, *at)?).ok()?;
    skip(bytes, at, 4)?;
    skip(bytes, at, values.checked_mul(4)?)
}

fn name(bytes: &[u8], at: &mut usize) -> Option<()> {
    let len = usize::from(u16_at(bytes, *at)?);
    skip(bytes, at, 2 + len)
}

fn skip(bytes: &[u8], at: &mut usize, len: usize) -> Option<()> {
    *at = at.checked_add(len).filter(|at| *at <= bytes.len())?;
    Some(())
}

/// Where the trailer's table of levels begins.
fn levels_in_trailer(bytes: &[u8]) -> Option<usize> {
    let (trailer, _) = trailer(bytes)?;
    let len_at = |at: usize| u16_at(bytes, trailer.checked_add(at)?).map(usize::from);
    trailer.checked_add(HEAD_BYTES)?.checked_add(len_at(CLUSTER_LEN_AT)?)?.checked_add(len_at(HOST_LEN_AT)?)
}

/// Where the trailer and its tail begin.
fn trailer(bytes: &[u8]) -> Option<(usize, usize)> {
    let tail = bytes.len().checked_sub(TAIL_BYTES)?;
    let len = usize::try_from(u32_at(bytes, tail)?).ok()?;
    // As it ends: whether it is sound is for the decoder to say.
    bytes.ends_with(b">BIN-TR\x55").then_some((bytes.len().checked_sub(len)?, tail))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One column of two values, and a child with one of none.
    fn tree() -> Vec<u8> {
        let mut tree = vec![0; 20];
        tree.extend([1, 0, 0, 0, 1, 0, b'm']);
        tree.extend([0; 16]);
        tree.extend([2, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]);
        tree.extend([1, 0, 0, 0, 1, 0, b'c', 1, 0, 0, 0, 1, 0, b'n']);
        tree.extend([0; 24]);
        tree
    }

    #[test]
    fn every_piece_of_a_tree_is_found() {
        let tree = tree();
        assert_eq!(tree_end(&tree), Some(93));
        assert_eq!(columns(&tree), [24..55, 66..89]);
        assert_eq!((column_at(&tree, 24), column_at(&tree, 93)), (Some(24..55), None));
        assert_eq!(Levels::new(&tree).find(59), Some(59..93));
        assert_eq!(Levels::new(&tree).find(60), None);
        for byte in [0, 1, 255] {
            assert_eq!(tree_end(&[&tree[..], &[byte]].concat()), Some(93), "{byte}");
        }
        for cut in 0..tree.len() {
            assert_eq!(tree_end(&tree[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_count_that_the_file_cannot_hold_is_found() {
        let tree = tree();
        assert_eq!(impossible_count(&tree, 93), None);
        let with = |at: usize| {
            let mut tree = tree.clone();
            tree[at + 2] = 1;
            impossible_count(&tree, 60)
        };
        assert_eq!(with(20), Some(Impossible { at: 20, found: 0x0001_0001, fits: 2 }));
        assert_eq!(with(62), Some(Impossible { at: 62, found: 0x0001_0001, fits: 1 }));
    }
}

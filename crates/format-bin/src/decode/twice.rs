//! Names that come twice in one level: the last one counts, as for the reference, and those before it are left out.
//!
//! No writer makes such a file, and names in the order of their bytes, as ours are, cannot come twice. Where they
//! are in another order, as the reference's are, all names are collected and sorted: 12 bytes of memory for a level
//! or column. What counts is the text that a sink is sent: of names that are not UTF-8 two can become the same.

use std::cmp::Ordering;

use crate::cursor::{Cursor, wide};

/// What is said of a level or column that is left out.
pub(super) const EXPECTED: &str = "the last one of its name in its level";

/// Notices whether names come in the order of their bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Ascending<'a> {
    last: Option<&'a [u8]>,
}

impl<'a> Ascending<'a> {
    /// False if this name may be there already, or be taken for another one.
    pub(super) fn next(&mut self, name: &'a [u8]) -> bool {
        self.last.replace(name).is_none_or(|last| last < name) && is_text(name)
    }
}

/// Names with their parents, by where they stand in the file.
pub(super) struct Names {
    names: Vec<Name>,
}

/// As small as it can be for a file of any length.
#[derive(Clone, Copy)]
struct Name {
    parent: u32,
    /// Upper and lower half of the offset of the name's length.
    at: [u32; 2],
}

/// The offsets of names that are followed by the same one in the same level.
#[derive(Default)]
pub(super) struct Replaced {
    /// Ascending.
    names: Vec<Name>,
}

impl Names {
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { names: Vec::with_capacity(count) }
    }

    /// Takes a name of the level `parent` whose length stands at the offset `at`. Names come in the file's order.
    pub(super) fn push(&mut self, parent: u32, at: u64) {
        self.names.push(Name { parent, at: halves(at) });
    }

    pub(super) fn replaced(mut self, bytes: &[u8]) -> Replaced {
        // Nearly always all of them are text, and then their bytes are its order.
        let all_text = self.names.iter().all(|name| is_text(name_at(bytes, name.at)));
        let order = if all_text { Ord::cmp } else { order_of_texts };
        let key_order = |a: &Name, b: &Name| {
            let names = || order(name_at(bytes, a.at), name_at(bytes, b.at));
            a.parent.cmp(&b.parent).then_with(names)
        };
        self.names.sort_unstable_by(|a, b| key_order(a, b).then(a.at.cmp(&b.at)));
        let mut kept = 0;
        for n in 1..self.names.len() {
            if key_order(&self.names[n - 1], &self.names[n]).is_eq() {
                self.names[kept] = self.names[n - 1];
                kept += 1;
            }
        }
        self.names.truncate(kept);
        self.names.sort_unstable_by_key(|name| name.at);
        Replaced { names: self.names }
    }
}

impl Replaced {
    /// Whether the name whose length stands at this offset is one of them.
    pub(super) fn has(&self, at: u64) -> bool {
        self.names.binary_search_by_key(&halves(at), |name| name.at).is_ok()
    }
}

fn is_text(name: &[u8]) -> bool {
    str::from_utf8(name).is_ok()
}

/// The order of what [`name::text`](crate::name::text) makes of two names, without making it.
fn order_of_texts(a: &[u8], b: &[u8]) -> Ordering {
    texts_bytes(a).cmp(texts_bytes(b))
}

fn texts_bytes(name: &[u8]) -> impl Iterator<Item = u8> {
    name.utf8_chunks().flat_map(|chunk| {
        let bad = if chunk.invalid().is_empty() { "" } else { "\u{FFFD}" };
        chunk.valid().bytes().chain(bad.bytes())
    })
}

fn halves(at: u64) -> [u32; 2] {
    let half = |half: u64| u32::try_from(half).unwrap_or(u32::MAX);
    [half(at >> 32), half(at & u64::from(u32::MAX))]
}

fn whole([upper, lower]: [u32; 2]) -> u64 {
    (u64::from(upper) << 32) + u64::from(lower)
}

fn name_at(bytes: &[u8], at: [u32; 2]) -> &[u8] {
    let rest = usize::try_from(whole(at)).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    // The name was read here before.
    Cursor::at(rest, wide(rest.len())).name("a name").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_of_equal_names_of_one_parent_is_not_replaced() {
        let bytes = b"\x01\0a\x01\0b\x01\0a\x01\0a\x00\0\x00\0";
        let mut names = Names::with_capacity(8);
        for (parent, at) in [(0, 0), (0, 3), (0, 6), (1, 0), (1, 3), (0, 9), (2, 12), (2, 14)] {
            names.push(parent, at);
        }
        let replaced = names.replaced(bytes);
        let found: Vec<u64> = (0..16).filter(|at| replaced.has(*at)).collect();
        assert_eq!(found, [0, 6, 12]);
        assert!(!Replaced::default().has(0));
    }

    #[test]
    fn offsets_beyond_32_bits_keep_their_order() {
        let offsets = [0, 1, u64::from(u32::MAX), 1 << 32, (1 << 32) + 1, u64::MAX];
        assert!(offsets.map(halves).is_sorted());
        assert_eq!(offsets.map(halves).map(whole), offsets);
        assert_eq!(halves(0x1234_5678_9ABC_DEF0), [0x1234_5678, 0x9ABC_DEF0]);
    }

    #[test]
    fn names_that_become_the_same_text_are_one_name() {
        let bytes = b"\x02\0a\xFF\x02\0a\xFE\x01\0a\x04\0a\xEF\xBF\xBD\x02\0b\xFF";
        let mut names = Names::with_capacity(5);
        [0, 4, 8, 11, 17].into_iter().for_each(|at| names.push(0, at));
        let replaced = names.replaced(bytes);
        let found: Vec<u64> = (0..21).filter(|at| replaced.has(*at)).collect();
        assert_eq!(found, [0, 4]);
    }

    #[test]
    fn texts_are_ordered_as_they_are_sent() {
        let names = [&b""[..], b"a", b"a\xFF", b"\xFF", b"\xF0\x9F", b"\xEF\xBF\xBD", b"b", b"\xFF\xFFa"];
        for (a, b) in names.iter().flat_map(|a| names.iter().map(move |b| (a, b))) {
            let texts = crate::name::text(a).cmp(&crate::name::text(b));
            assert_eq!(order_of_texts(a, b), texts, "{a:?} {b:?}");
        }
    }

    #[test]
    fn ascending_names_are_told_from_others() {
        let all = |names: &[&'static str]| {
            let mut ascending = Ascending::default();
            names.iter().all(|name| ascending.next(name.as_bytes()))
        };
        assert!(all(&["", "a", "ab", "b"]));
        assert!(!all(&["a", "a"]));
        assert!(!all(&["b", "a"]));
        assert!(!Ascending::default().next(b"\xFF"));
    }
}

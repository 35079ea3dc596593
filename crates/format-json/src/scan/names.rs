//! Names that come twice in one level: the last one wins, with all that is in it.

use super::{Column, Outline};
use crate::cursor::{index, mark};
use crate::name;

/// Marks what was replaced. Takes four bytes of memory for each column, or each level.
pub(super) fn settle(text: &[u8], out: &mut Outline) {
    let usable = |column: &Column| column.unusable.is_none();
    let columns = &out.columns;
    let replaced = earlier(columns.len(), |n| {
        let column = &columns[n];
        usable(column).then(|| (column.level, column.name.of(text)))
    });
    for n in replaced {
        out.columns[index(n)].replaced = true;
    }
    let levels = &out.levels;
    let replaced = earlier(levels.len(), |n| {
        let level = &levels[n];
        // The root is nobody's child.
        (n > 0 && level.is_entered()).then(|| (level.parent, level.name.of(text)))
    });
    for n in replaced {
        out.levels[index(n)].replaced = true;
    }
}

/// Of `count` items in the order of the text, those that are followed by one of the same parent and name.
fn earlier<'a>(count: usize, of: impl Fn(usize) -> Option<(u32, &'a [u8])>) -> Vec<u32> {
    let usable = (0..count).filter(|n| of(*n).is_some());
    let mut items = Vec::with_capacity(usable.clone().count());
    items.extend(usable.map(mark));
    let compare = |a: u32, b: u32| match (of(index(a)), of(index(b))) {
        (Some((parent_a, name_a)), Some((parent_b, name_b))) => {
            parent_a.cmp(&parent_b).then_with(|| name::compare(name_a, name_b))
        }
        _ => a.cmp(&b),
    };
    items.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
    let mut kept = 0;
    for n in 1..items.len() {
        if compare(items[n - 1], items[n]).is_eq() {
            items[kept] = items[n - 1];
            kept += 1;
        }
    }
    items.truncate(kept);
    items
}

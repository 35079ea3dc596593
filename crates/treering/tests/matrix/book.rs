//! The book on what was sent and acknowledged, and what a store may hold after that.

use std::collections::{BTreeMap, BTreeSet};

/// A slot of a series, as a row of `dump --format tsv` names it.
pub(crate) type Slot = String;

/// What a store held when it was last looked at, and the lines that it was sent since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    held: BTreeMap<Slot, u32>,
    sent: Vec<(Slot, u32)>,
}

impl Book {
    /// The next line was handed over, or may have been.
    pub(crate) fn send(&mut self, slot: Slot, bits: u32) {
        self.sent.push((slot, bits));
    }

    /// Compares what is held now with what may be, if of the lines sent the first `acked` were acknowledged and none
    /// behind the first `begun` has left this process. Then that is what is held.
    pub(crate) fn look(&mut self, now: BTreeMap<Slot, u32>, acked: u64, begun: u64) -> Result<(), String> {
        if acked > begun {
            return Err(format!("{acked} lines are acknowledged, {begun} were sent"));
        }
        let mut writes: BTreeMap<&Slot, Vec<(u64, u32)>> = BTreeMap::new();
        for (number, (slot, bits)) in (0..begun).zip(&self.sent) {
            writes.entry(slot).or_default().push((number, *bits));
        }
        let slots: BTreeSet<&Slot> =
            self.held.keys().chain(now.keys()).chain(writes.keys().copied()).collect();
        for slot in slots {
            let writes = writes.get(slot).map(Vec::as_slice).unwrap_or_default();
            let before = self.held.get(slot).copied();
            check(slot, before, writes, acked, now.get(slot).copied())?;
        }
        self.held = now;
        self.sent.clear();
        Ok(())
    }
}

/// What a slot holds is the newest value that was acknowledged, or one that was sent after it.
fn check(
    slot: &Slot,
    before: Option<u32>,
    writes: &[(u64, u32)],
    acked: u64,
    now: Option<u32>,
) -> Result<(), String> {
    let safe = writes.iter().rposition(|(number, _)| *number < acked);
    let may_be = &writes[safe.unwrap_or(0)..];
    let is_as_before = safe.is_none() && now == before;
    if is_as_before || may_be.iter().any(|(_, bits)| Some(*bits) == now) {
        return Ok(());
    }
    let shown =
        |bits: Option<u32>| bits.map_or("nothing".to_owned(), |bits| f32::from_bits(bits).to_string());
    let told: Vec<String> = writes
        .iter()
        .map(|(number, bits)| format!("{} by line {}", shown(Some(*bits)), number + 1))
        .collect();
    Err(format!(
        "{slot}: {} is held; it held {}, was sent [{}], and {acked} lines are acknowledged",
        shown(now),
        shown(before),
        told.join(", ")
    ))
}

#[test]
fn book_takes_nothing_but_the_newest_acknowledged_value_or_a_later_one() {
    let slot = |name: &str| name.to_owned();
    let mut book = Book::default();
    for (name, bits) in [("a", 1), ("b", 2), ("a", 3), ("a", 4), ("c", 5)] {
        book.send(slot(name), bits);
    }
    let look = |acked: u64, begun: u64, held: &[(&str, u32)]| {
        let held = held.iter().map(|(name, bits)| (slot(name), *bits)).collect();
        book.clone().look(held, acked, begun).is_ok()
    };
    assert!(look(0, 0, &[]));
    assert!(look(0, 5, &[]));
    assert!(look(3, 5, &[("a", 3), ("b", 2)]));
    assert!(look(3, 5, &[("a", 4), ("b", 2), ("c", 5)]));
    // Gone, older than acknowledged, never sent, not sent yet, acknowledged before it was sent.
    assert!(!look(3, 5, &[("a", 3)]));
    assert!(!look(3, 5, &[("a", 1), ("b", 2)]));
    assert!(!look(3, 5, &[("a", 3), ("b", 7)]));
    assert!(!look(0, 5, &[("d", 1)]));
    assert!(!look(3, 4, &[("a", 3), ("b", 2), ("c", 5)]));
    assert!(!look(5, 4, &[("a", 4), ("b", 2), ("c", 5)]));
    // What was held stays until something newer is acknowledged.
    book.look([(slot("a"), 1)].into(), 1, 1).unwrap();
    book.send(slot("a"), 8);
    assert!(book.clone().look([(slot("a"), 1)].into(), 0, 1).is_ok());
    assert!(book.clone().look([(slot("a"), 8)].into(), 0, 1).is_ok());
    assert!(book.clone().look(BTreeMap::new(), 0, 1).is_err());
    assert!(book.clone().look([(slot("a"), 1)].into(), 1, 1).is_err());
}

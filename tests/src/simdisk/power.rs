//! What a medium may hold after the power was cut.

use std::sync::Arc;

use super::change::{Append, Arrived, Change, PAGE_BYTES, SECTOR_BYTES};
use super::image::Image;
use super::random::SplitMix64;

/// What reaches the medium of what was not synced.
///
/// The numbers count the unsynced operations from the oldest, 0; see
/// [`SimDisk::unsynced_operations`](super::SimDisk::unsynced_operations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerCut {
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// One operation; nothing if there is none of this number.
    Only(usize),
    /// All but one operation; everything if there is none of this number.
    AllBut(usize),
    /// All names and lengths, no data: what was appended reads as zeros.
    Zeroed,
    /// All names and lengths, and of the data one half of the blocks.
    Torn {
        /// What is written at once, usually 512 or 4,096. At least 512, and a multiple of it.
        block_bytes: usize,
        /// Which half.
        seed: u64,
    },
    /// A subset of the operations that is sparse, half or dense; an append among them may be whole, cut at a
    /// boundary of 512 bytes or of 4 KiB, have lost blocks of that size, or have left nothing but its length.
    Random(u64),
}

/// What becomes of one append.
enum Fate {
    Lost,
    Arrived(Arrived),
    Blocks(usize),
}

/// The state of a [`PowerCut`] while it goes through the operations.
struct Chooser {
    choice: PowerCut,
    random: SplitMix64,
    keep_of_8: u64,
    block_bytes: usize,
}

impl Image {
    /// The disk that comes up again: what it shows is what the medium holds.
    pub(super) fn after_power_cut(&self, choice: PowerCut) -> Image {
        let mut after = self.without_changes();
        let mut chooser = Chooser::new(choice);
        for (k, change) in self.changes.iter().enumerate() {
            let passes = chooser.passes(k);
            match change {
                Change::Append(append) => chooser.append(&mut after, append, passes),
                change if passes => after.write_back(change),
                _ => {}
            }
        }
        after.come_up();
        after
    }
}

impl Chooser {
    fn new(choice: PowerCut) -> Chooser {
        let (seed, blocks) = match choice {
            PowerCut::Torn { block_bytes, seed } => (seed, Some(block_bytes)),
            PowerCut::Random(seed) => (seed, None),
            _ => (0, None),
        };
        let mut random = SplitMix64::new(seed);
        let keep_of_8 = [1, 4, 7][usize::from(random.chance(4)) + usize::from(random.chance(4))];
        let drawn = if random.chance(4) { SECTOR_BYTES } else { PAGE_BYTES };
        let block_bytes = blocks.unwrap_or(drawn).max(SECTOR_BYTES).next_multiple_of(SECTOR_BYTES);
        Chooser { choice, random, keep_of_8, block_bytes }
    }

    fn passes(&mut self, k: usize) -> bool {
        match self.choice {
            PowerCut::Nothing => false,
            PowerCut::Everything | PowerCut::Zeroed | PowerCut::Torn { .. } => true,
            PowerCut::Only(only) => k == only,
            PowerCut::AllBut(not) => k != not,
            PowerCut::Random(_) => self.random.chance(self.keep_of_8),
        }
    }

    fn append(&mut self, after: &mut Image, append: &Append, passes: bool) {
        let fate = self.fate(append, passes);
        let Some(medium) = after.durable_bytes_mut(append.file) else { return };
        let medium = Arc::make_mut(medium);
        match fate {
            Fate::Lost => {}
            Fate::Arrived(arrived) => append.apply(medium, arrived),
            Fate::Blocks(block_bytes) => append.apply_blocks(medium, block_bytes, || self.random.chance(4)),
        }
    }

    fn fate(&mut self, append: &Append, passes: bool) -> Fate {
        match self.choice {
            PowerCut::Zeroed => Fate::Arrived(Arrived::LengthOnly),
            PowerCut::Torn { .. } => Fate::Blocks(self.block_bytes),
            PowerCut::Random(_) => match (passes, self.random.below(8)) {
                (false, 0 | 1) => Fate::Arrived(Arrived::LengthOnly),
                (false, _) => Fate::Lost,
                (true, 0 | 1) => Fate::Blocks(self.block_bytes),
                (true, 2 | 3) => self.cut(append),
                (true, _) => Fate::Arrived(Arrived::Whole),
            },
            _ if passes => Fate::Arrived(Arrived::Whole),
            _ => Fate::Lost,
        }
    }

    /// Cuts the append at one of the places where it can be cut; whole where there is none.
    fn cut(&mut self, append: &Append) -> Fate {
        let cuts = u64::try_from(append.cuts(self.block_bytes).count()).unwrap_or(u64::MAX);
        let chosen = usize::try_from(self.random.below(cuts)).unwrap_or(0);
        let cut = append.cuts(self.block_bytes).nth(chosen);
        Fate::Arrived(cut.map_or(Arrived::Whole, Arrived::UpTo))
    }
}

//! Which part of what no flush has made durable reaches the disk when the power goes.

use std::fmt;

use treering_tests::SplitMix64;

use crate::block_log::Request;
use crate::image::Image;

/// What a disk writes at once, or not at all.
const SECTOR_BYTES: usize = 512;

/// What becomes of the writes since the last flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// None arrives.
    Nothing,
    /// All arrive.
    Everything,
    /// One arrives.
    Only(usize),
    /// All but one arrive.
    AllBut(usize),
    /// The first so many arrive, of the next one some sectors.
    UpTo(usize, u64),
    /// Any subset, sparse, half or dense.
    Random(u64),
    /// Any subset of sectors of any subset of writes.
    Torn(u64),
}

impl Loss {
    /// One by lot, for so many writes that may be lost.
    pub(crate) fn draw(pending: usize, random: &mut SplitMix64) -> Loss {
        let one = below(random, pending);
        let seed = random.next_u64() >> 40;
        match random.below(16) {
            0 => Loss::Nothing,
            1 => Loss::Everything,
            2..=4 => Loss::Only(one),
            5..=7 => Loss::AllBut(one),
            8 | 9 => Loss::UpTo(one, seed),
            10..=12 => Loss::Random(seed),
            _ => Loss::Torn(seed),
        }
    }

    /// Brings what arrives of these requests onto the disk.
    pub(crate) fn apply(self, image: &mut Image, pending: &[Request]) {
        let mut random = SplitMix64::new(match self {
            Loss::UpTo(_, seed) | Loss::Random(seed) | Loss::Torn(seed) => seed,
            _ => 0,
        });
        let keep_of_8 = [1, 4, 7][below(&mut random, 3)];
        let writes = pending.iter().filter_map(|request| match request {
            Request::Write { offset, bytes } => Some((*offset, bytes)),
            Request::Flush => None,
        });
        for (number, (offset, bytes)) in writes.enumerate() {
            let arrives = match self {
                Loss::Nothing => false,
                Loss::Everything => true,
                Loss::Only(only) => number == only,
                Loss::AllBut(not) => number != not,
                Loss::UpTo(end, _) => number <= end,
                Loss::Random(_) | Loss::Torn(_) => random.below(8) < keep_of_8,
            };
            let is_torn = match self {
                Loss::UpTo(end, _) => number == end,
                Loss::Torn(_) => random.below(2) == 0,
                _ => false,
            };
            match (arrives, is_torn) {
                (false, _) => {}
                (true, false) => image.write(offset, bytes),
                (true, true) => tear(image, offset, bytes, &mut random),
            }
        }
    }
}

/// Some of its sectors arrive.
fn tear(image: &mut Image, offset: u64, bytes: &[u8], random: &mut SplitMix64) {
    let mut at = offset;
    for sector in bytes.chunks(SECTOR_BYTES) {
        if random.below(2) == 0 {
            image.write(at, sector);
        }
        at += u64::try_from(sector.len()).unwrap_or(u64::MAX);
    }
}

fn below(random: &mut SplitMix64, end: usize) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap_or(u64::MAX))).unwrap_or(0)
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Nothing => f.write_str("nothing arrives"),
            Loss::Everything => f.write_str("everything arrives"),
            Loss::Only(number) => write!(f, "only write {number} arrives"),
            Loss::AllBut(number) => write!(f, "all but write {number} arrive"),
            Loss::UpTo(number, seed) => write!(f, "those before write {number} arrive, it in part ({seed})"),
            Loss::Random(seed) => write!(f, "a random part arrives ({seed})"),
            Loss::Torn(seed) => write!(f, "random sectors arrive ({seed})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image_after(loss: Loss) -> Vec<u8> {
        let write = |number: u8| Request::Write {
            offset: 1024 * u64::from(number - 1),
            bytes: vec![number; 1024].into(),
        };
        let mut image = Image::new(4096);
        loss.apply(&mut image, &[write(1), Request::Flush, write(2), write(3)]);
        (0..8).map(|sector| image.read(sector * 512, 1)[0]).collect()
    }

    #[test]
    fn writes_arrive_as_the_loss_says() {
        assert_eq!(image_after(Loss::Nothing), [0; 8]);
        assert_eq!(image_after(Loss::Everything), [1, 1, 2, 2, 3, 3, 0, 0]);
        assert_eq!(image_after(Loss::Only(1)), [0, 0, 2, 2, 0, 0, 0, 0]);
        assert_eq!(image_after(Loss::AllBut(1)), [1, 1, 0, 0, 3, 3, 0, 0]);
    }

    #[test]
    fn only_torn_writes_arrive_in_part_and_one_seed_is_one_image() {
        let is_torn = |sectors: &[u8]| sectors.chunks(2).any(|write| write[0] != write[1]);
        assert!((0..99).any(|seed| is_torn(&image_after(Loss::Torn(seed)))));
        assert!((0..99).any(|seed| is_torn(&image_after(Loss::UpTo(1, seed)))));
        assert!((0..99).all(|seed| image_after(Loss::UpTo(1, seed))[..2] == [1, 1]));
        assert!(!(0..99).any(|seed| is_torn(&image_after(Loss::Random(seed)))));
        assert_eq!(image_after(Loss::Torn(7)), image_after(Loss::Torn(7)));
    }
}

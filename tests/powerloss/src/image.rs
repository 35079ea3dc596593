//! What a disk holds: blocks in memory, of which those that are all zeros are not kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const BLOCK_BYTES: usize = 4096;
const BLOCK: u64 = 4096;

/// The content of a disk. A copy shares all blocks with the original until they are written.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    blocks: BTreeMap<u64, Arc<[u8; BLOCK_BYTES]>>,
    len_bytes: u64,
}

impl Image {
    /// Zeros.
    pub(crate) fn new(len_bytes: u64) -> Image {
        Image { blocks: BTreeMap::new(), len_bytes }
    }

    /// What a file holds.
    pub(crate) fn load(path: &Path) -> io::Result<Image> {
        let mut file = File::open(path)?;
        let mut image = Image::new(file.metadata()?.len());
        let mut bytes = vec![0; 256 * BLOCK_BYTES];
        let mut offset = 0;
        loop {
            let count = file.read(&mut bytes)?;
            if count == 0 {
                return Ok(image);
            }
            image.write(offset, &bytes[..count]);
            offset += length(count);
        }
    }

    /// Writes a file with holes where there are zeros.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let file = File::create(path)?;
        file.set_len(self.len_bytes)?;
        for (block, bytes) in &self.blocks {
            let offset = block * BLOCK;
            let count = self.len_bytes.saturating_sub(offset).min(BLOCK);
            file.write_all_at(&bytes[..index(count)], offset)?;
        }
        Ok(())
    }

    pub(crate) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// What lies behind the end is cut off.
    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let count = self.len_bytes.saturating_sub(offset).min(length(bytes.len()));
        let mut rest = &bytes[..index(count)];
        let mut at = offset;
        while !rest.is_empty() {
            let within = index(at % BLOCK);
            let (part, behind) = rest.split_at(rest.len().min(BLOCK_BYTES - within));
            self.write_block(at / BLOCK, within, part);
            at += length(part.len());
            rest = behind;
        }
    }

    fn write_block(&mut self, block: u64, within: usize, part: &[u8]) {
        let is_zero = part.iter().all(|byte| *byte == 0);
        if is_zero && (part.len() == BLOCK_BYTES || !self.blocks.contains_key(&block)) {
            self.blocks.remove(&block);
            return;
        }
        let bytes = self.blocks.entry(block).or_insert_with(|| Arc::new([0; BLOCK_BYTES]));
        Arc::make_mut(bytes)[within..within + part.len()].copy_from_slice(part);
    }

    /// So many bytes from `offset` on, fewer at the end.
    pub(crate) fn read(&self, offset: u64, count: usize) -> Vec<u8> {
        let count = index(self.len_bytes.saturating_sub(offset).min(length(count)));
        let mut bytes = Vec::with_capacity(count);
        let mut at = offset;
        while bytes.len() < count {
            let within = index(at % BLOCK);
            let part = (count - bytes.len()).min(BLOCK_BYTES - within);
            match self.blocks.get(&(at / BLOCK)) {
                Some(block) => bytes.extend_from_slice(&block[within..within + part]),
                None => bytes.resize(bytes.len() + part, 0),
            }
            at += length(part);
        }
        bytes
    }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// For numbers that come from the length of something in memory.
fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_rest_is_zero() {
        let mut image = Image::new(3 * BLOCK + 100);
        image.write(BLOCK - 2, &[1, 2, 3, 4]);
        image.write(3 * BLOCK + 98, &[5, 6, 7]);
        assert_eq!(image.read(BLOCK - 3, 6), [0, 1, 2, 3, 4, 0]);
        assert_eq!(image.read(3 * BLOCK + 97, 99), [0, 5, 6]);
        image.write(BLOCK, &vec![0; BLOCK_BYTES]);
        assert_eq!(image.read(BLOCK - 3, 6), [0, 1, 2, 0, 0, 0]);
        assert_eq!(image.blocks.len(), 2);
    }

    #[test]
    fn a_copy_keeps_what_the_original_overwrites() {
        let mut image = Image::new(BLOCK);
        image.write(7, &[1]);
        let copy = image.clone();
        image.write(7, &[2]);
        assert_eq!((image.read(7, 1), copy.read(7, 1)), (vec![2], vec![1]));
    }

    #[test]
    fn a_saved_image_is_loaded_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image");
        let mut image = Image::new(5 * BLOCK + 1);
        image.write(BLOCK + 1, &[9; 5000]);
        image.write(5 * BLOCK, &[8]);
        image.save(&path).unwrap();
        let loaded = Image::load(&path).unwrap();
        assert_eq!((loaded.len_bytes, loaded.blocks), (image.len_bytes, image.blocks));
    }
}

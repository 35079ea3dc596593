//! One power cut: the image that it leaves, and whether the store that starts on it keeps its promises.

use std::fmt;
use std::fs;
use std::path::Path;

use treering_persist::Storage;
use treering_tests::{Life, Mismatch, Outcome, ROOT, Safety, SplitMix64, check_clean_stop};

use crate::block_log::Request;
use crate::case::{Case, Script, done_at};
use crate::error::Failure;
use crate::file_system::FileSystem;
use crate::image::Image;
use crate::loss::Loss;
use crate::mounted_disk::MountedDisk;
use crate::recording::Recording;

/// A moment at which nothing can be lost is drawn again, up to so many times in all: there are many such, and all
/// losses are the same there.
const DRAWS_MAX: usize = 3;

/// Where and how the power goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// So many requests came before it.
    pub(crate) position: usize,
    /// The last flush before it: what comes behind it may be lost.
    flushed: usize,
    loss: Loss,
    /// Whether the store goes on after the recovery, up to a clean stop.
    goes_on: bool,
}

/// What came of an image.
pub(crate) enum Verdict {
    Kept,
    Broken(Mismatch),
    /// The file system did not come up: nothing can be said of the store.
    NotMounted(Failure),
}

impl Cut {
    /// The cut of a seed.
    pub(crate) fn draw(recording: &Recording, seed: u64) -> Cut {
        let mut random = SplitMix64::new(seed);
        let moments = u64::try_from(recording.requests.len()).unwrap_or(u64::MAX).saturating_add(1);
        let is_write = |request: &&Request| matches!(request, Request::Write { .. });
        let (mut position, mut flushed, mut pending) = (0, 0, 0);
        for _ in 0..DRAWS_MAX {
            position = usize::try_from(random.below(moments)).unwrap_or(0);
            let before = &recording.requests[..position];
            flushed = before.iter().rposition(|request| *request == Request::Flush).unwrap_or(0);
            pending = before[flushed..].iter().filter(is_write).count();
            if pending > 0 {
                break;
            }
        }
        let loss = Loss::draw(pending, &mut random);
        Cut { position, flushed, loss, goes_on: random.below(2) == 0 }
    }

    /// What the disk holds afterwards.
    fn image(&self, recording: &Recording) -> Image {
        let mut image = recording.base.clone();
        Loss::Everything.apply(&mut image, &recording.requests[..self.flushed]);
        self.loss.apply(&mut image, &recording.requests[self.flushed..self.position]);
        image
    }

    /// Mounts the image, and starts the store on it.
    pub(crate) fn check(
        &self,
        case: &Case,
        script: &Script,
        recording: &Recording,
        file_system: FileSystem,
        work: &Path,
    ) -> Result<Verdict, Failure> {
        let (file, mount_point) = (work.join("cut.img"), work.join("cut"));
        fs::create_dir_all(&mount_point).map_err(Failure::io("cannot make a mount point"))?;
        self.image(recording).save(&file).map_err(Failure::io("cannot write an image"))?;
        let mounted = match file_system.mount(&file, &mount_point) {
            Ok(mounted) => mounted,
            Err(failure) => return Ok(Verdict::NotMounted(failure)),
        };
        let outcome = self.recover(case, script, recording, &mount_point);
        mounted.unmount()?;
        fs::remove_file(&file).map_err(Failure::io("cannot remove an image"))?;
        Ok(match outcome? {
            Ok(()) => Verdict::Kept,
            Err(mismatch) => Verdict::Broken(mismatch),
        })
    }

    fn recover(
        &self,
        case: &Case,
        script: &Script,
        recording: &Recording,
        mount_point: &Path,
    ) -> Result<Result<(), Mismatch>, Failure> {
        let mut moment = case.moment(script, done_at(&recording.operations, self.position))?;
        let disk = MountedDisk::new(mount_point, moment.wall_s);
        let (options, series) = (case.workload.options(), &case.workload.series);
        let mut go = || {
            let start = Life::start(&disk, &options, series, &mut moment.oracle, Safety::Durable)?;
            let Outcome::Alive(mut life) = start else {
                return Err(Mismatch::new("died without being told to"));
            };
            if !self.goes_on {
                return Ok(());
            }
            for step in case.workload.sequel(disk.wall_s()) {
                life.step(&step, &mut moment.oracle).map_err(|mismatch| mismatch.at(format!("{step:?}")))?;
            }
            drop(life);
            check_clean_stop(&disk, ROOT)?;
            // The clean stop made everything durable, so the next start finds everything.
            Life::start(&disk, &options, series, &mut moment.oracle, Safety::Written).map(|_| ())
        };
        Ok(go())
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cut { position, flushed, loss, .. } = self;
        write!(
            f,
            "power cut after {position} requests, the last flush was number {flushed}, of the writes "
        )?;
        write!(f, "behind it {loss}{}", if self.goes_on { "; then on, to a clean stop" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        let write = |number: u8| Request::Write {
            offset: 512 * u64::from(number - 1),
            bytes: vec![number; 512].into(),
        };
        let requests = vec![write(1), write(2), Request::Flush, write(3), write(4), Request::Flush, write(5)];
        Recording { base: Image::new(4096), requests, operations: Vec::new() }
    }

    #[test]
    fn what_a_flush_made_durable_is_in_every_image() {
        let recording = recording();
        let mut lost = [0; 5];
        for seed in 0..500 {
            let cut = Cut::draw(&recording, seed);
            let image = cut.image(&recording);
            let there: Vec<bool> = (0..5).map(|sector| image.read(512 * sector, 1)[0] != 0).collect();
            let durable = [0, 0, 0, 2, 2, 2, 4, 4][cut.position];
            let sent = [0, 1, 2, 2, 3, 4, 4, 5][cut.position];
            assert!(there[..durable].iter().all(|there| *there), "{seed}: {cut}: {there:?}");
            assert!(there[sent..].iter().all(|there| !there), "{seed}: {cut}: {there:?}");
            for sector in durable..sent {
                lost[sector] += u32::from(!there[sector]);
            }
        }
        assert!(lost.iter().all(|lost| *lost > 10), "{lost:?}");
    }
}

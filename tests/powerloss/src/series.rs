//! Many images: runs are recorded, cut, and what the store makes of each is counted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::case::{Case, Script, done_at};
use crate::cut::{Cut, Verdict};
use crate::error::Failure;
use crate::mounted_disk::Kernel;
use crate::recording::Recording;
use crate::{Cli, say};

/// So many images of a case come from one recording: what the kernel does meanwhile is never the same.
const IMAGES_OF_A_RECORDING: usize = 10;
/// So many failures are shown.
const SHOWN_MAX: u64 = 5;

/// What came of all images.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) images: u64,
    pub(crate) failed: u64,
    /// Of these nothing can be said: the file system did not come up.
    pub(crate) unmountable: u64,
    /// Whether nobody interrupted it.
    pub(crate) is_whole: bool,
}

struct Series<'a> {
    cli: &'a Cli,
    work: &'a Path,
    interrupted: Arc<AtomicBool>,
    summary: Summary,
}

/// Tries the images of all seeds.
pub(crate) fn run(cli: &Cli, work: &Path) -> Result<Summary, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))
            .map_err(Failure::io("cannot wait for signals"))?;
    }
    let mut series = Series { cli, work, interrupted, summary: Summary::default() };
    let begin = Instant::now();
    match &cli.recording {
        Some(dir) => series.again(dir)?,
        None => series.anew()?,
    }
    let mut summary = series.summary;
    summary.is_whole = summary.images == cli.images;
    let seconds = begin.elapsed().as_secs_f64();
    let rate = summary.images as f64 / seconds;
    say(&format_args!(
        "{}: {} images in {seconds:.1} s ({rate:.1} a second), {} failed, {} with a file system that did not come up",
        cli.fs.name(),
        summary.images,
        summary.failed,
        summary.unmountable
    ));
    Ok(summary)
}

impl Series<'_> {
    /// Records each case, as often as there are images for it.
    fn anew(&mut self) -> Result<(), Failure> {
        let base = self.cli.fs.make(self.work)?;
        let cases = Case::all();
        let seeds: Vec<u64> = (0..self.cli.images).map(|image| self.cli.seed.saturating_add(image)).collect();
        for (number, case) in (0..).zip(&cases) {
            let of_case = |seed: &u64| seed % (cases.len() as u64) == number;
            let of_case: Vec<u64> = seeds.iter().copied().filter(of_case).collect();
            let script = case.script()?;
            for (round, seeds) in of_case.chunks(IMAGES_OF_A_RECORDING).enumerate() {
                if self.is_interrupted() {
                    return Ok(());
                }
                let begin = Instant::now();
                let kernel = Kernel { syncs: self.cli.syncs(), writes_back: round % 2 == 1 };
                let recording = Recording::make(case, self.cli.fs, &base, kernel, self.work)?;
                script.compare(&recording.operations)?;
                say(&format_args!(
                    "{}, {}: {} operations of the store, {} in {:.1} s{}",
                    self.cli.fs.name(),
                    case.name,
                    recording.operations.len(),
                    recording.describe(),
                    begin.elapsed().as_secs_f64(),
                    if kernel.writes_back { ", data written back at any time" } else { "" }
                ));
                self.images(case, &script, &recording, seeds)?;
            }
        }
        Ok(())
    }

    /// Takes a recording that was kept.
    fn again(&mut self, dir: &Path) -> Result<(), Failure> {
        let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let cases = Case::all();
        let case = cases.iter().find(|case| name.contains(&format!("-{}-", case.name)));
        let case = case.ok_or_else(|| Failure::Usage(format!("the name {name} says no case")))?;
        let recording = Recording::load(dir)?;
        let script = case.script()?;
        script.compare(&recording.operations)?;
        let seeds: Vec<u64> = (0..self.cli.images).map(|image| self.cli.seed.saturating_add(image)).collect();
        self.images(case, &script, &recording, &seeds)
    }

    fn images(
        &mut self,
        case: &Case,
        script: &Script,
        recording: &Recording,
        seeds: &[u64],
    ) -> Result<(), Failure> {
        let mut kept: Option<PathBuf> = self.cli.recording.clone();
        for seed in seeds {
            if self.is_interrupted() {
                return Ok(());
            }
            let cut = Cut::draw(recording, *seed);
            let verdict = cut.check(case, script, recording, self.cli.fs, self.work)?;
            self.summary.images += 1;
            let what = match verdict {
                Verdict::Kept => continue,
                Verdict::Broken(mismatch) => {
                    self.summary.failed += 1;
                    mismatch.to_string()
                }
                Verdict::NotMounted(failure) => {
                    self.summary.unmountable += 1;
                    failure.to_string()
                }
            };
            if self.summary.failed + self.summary.unmountable > SHOWN_MAX {
                continue;
            }
            let dir = match &kept {
                Some(dir) => dir.clone(),
                None => {
                    let name = format!("{}-{}-{}", self.cli.fs.name(), case.name, seed);
                    let dir = self.cli.work.join(name);
                    recording.save(&dir).map_err(Failure::io("cannot keep a recording"))?;
                    kept.insert(dir).clone()
                }
            };
            self.show(case, recording, &cut, *seed, &what, &dir);
        }
        Ok(())
    }

    fn show(&self, case: &Case, recording: &Recording, cut: &Cut, seed: u64, what: &str, dir: &Path) {
        let done = done_at(&recording.operations, cut.position);
        let next = recording.operations.get(done).map_or("none is left", |next| &next.what);
        let name = self.cli.fs.name();
        say(&format_args!(
            "{name}, {}, seed {seed}: {cut}; {done} operations of the store are done, next: {next}\n{what}\n\
             replay: cargo xtask powerloss --fs {name} --recording {} --images 1 --seed {seed}",
            case.name,
            dir.display()
        ));
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

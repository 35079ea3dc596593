//! Row 11 of the matrix: lives one after the other, each with late samples, each ended by a death, a power cut or a
//! clean stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use treering_format_bin::BinFormat;
use treering_persist::{Options, Storage, Store, SyncPolicy};
use treering_snapshot::{Column, Document, Format, Meta, Window};
use treering_tests::{
    Checked, Life, Mismatch, Oracle, Outcome, PowerCut, RETENTION, ROOT, Row, Safety, SeriesName, SimDisk,
    SplitMix64, Step, Workload, check_by_the_reference, check_clean_stop, check_clean_stop_of_mixed, formats,
    held, interval_of, options, series_of,
};

use super::{policy, replay};

/// Sequences in every run of the tests, and in one of the matrix.
const SEQUENCES: u64 = 800;
/// One in so many is also shown to the independent reader, where there is one.
const SHOWN: u64 = 40;

#[test]
fn matrix_11_no_sequence_of_lives_loses_or_moves_what_was_acknowledged_or_found() {
    let unread = AtomicU64::new(0);
    Row::new(11, &replay("matrix_11"), SEQUENCES).run(|seed| {
        // Every other one begins with files of the reference's.
        let sequence = match seed % 2 {
            0 => Sequence::new(seed),
            _ => Sequence::on_files_of_the_reference(seed),
        };
        let checked = sequence.run()?;
        unread.fetch_add(u64::from(checked == Some(Checked::NoReader)), Ordering::Relaxed);
        Ok::<_, Mismatch>(())
    });
    let unread = unread.into_inner();
    if unread > 0 {
        println!(
            "{unread} directories were not shown to the reference's reader: there is none beside the project"
        );
    }
}

/// A random sequence of lives: all of it follows from the seed.
struct Sequence {
    seed: u64,
    random: SplitMix64,
    series: Vec<SeriesName>,
    options: Options,
    /// How late samples may be.
    reach_s: i64,
    oracle: Oracle,
    /// The weakest end since the last start that succeeded.
    survived: Safety,
    /// The disk of the first life, and whether there are files on it that are not ours.
    disk: SimDisk,
    mixed: bool,
    log: Vec<String>,
}

impl Sequence {
    fn new(seed: u64) -> Sequence {
        let mut random = SplitMix64::new(seed);
        let sync = any_policy(&mut random);
        let retention = (random.index(4) > 0).then_some(RETENTION);
        // Without retention some samples come from so long ago that they get a file of their own.
        let hours = if retention.is_some() { 5 } else { [1, 5, 24, 24 * 25][random.index(4)] };
        Sequence {
            seed,
            series: series_of(&[("alpha", "n1"), ("beta", "n1")]),
            options: options(sync, retention),
            reach_s: hours * 3600,
            random,
            oracle: Oracle::new(),
            survived: Safety::Written,
            disk: SimDisk::new(),
            mixed: false,
            log: vec![format!("{sync:?}, retention {retention:?}, late by up to {hours} h")],
        }
    }

    /// The same on a disk with some snapshots of the reference's, whose columns have a phase of their own in each file,
    /// and gaps.
    fn on_files_of_the_reference(seed: u64) -> Sequence {
        let mut sequence = Sequence::new(seed ^ 0xf11e5);
        let random = &mut sequence.random;
        let now_s = sequence.disk.wall_s();
        for host in ["alpha/n1", "beta/n1"] {
            let mut from_s = now_s - 5 * 3600;
            for _ in 0..1 + random.below(4) {
                let length_s = 600 + below(random, 4000);
                let mut document = Document::new();
                for name in
                    sequence.series.iter().filter(|name| host == format!("{}/{}", name.cluster, name.host))
                {
                    if random.below(4) > 0 {
                        let interval_s = i64::from(interval_of(&name.metric));
                        let start_s = from_s + below(random, interval_s);
                        let count = usize::try_from(length_s / interval_s).unwrap();
                        let value = |_| if random.below(5) > 0 { number(random) } else { f32::NAN };
                        let values = (0..count).map(value).collect();
                        document
                            .insert(&name.path, name.metric.as_str(), Column { interval_s, start_s, values })
                            .unwrap();
                    }
                }
                let mut bytes = Vec::new();
                let mut encoder = BinFormat.encoder(&mut bytes);
                document.emit(&mut *encoder).unwrap();
                let window = Window { from_s, to_s: from_s + length_s + 60 };
                encoder.finish(&Meta { window, ours: None }).unwrap();
                sequence.disk.write_file(format!("{ROOT}/{host}/{from_s}.bin"), bytes).unwrap();
                from_s = (from_s + length_s + below(random, 600)).min(now_s);
            }
        }
        sequence.mixed = true;
        let disk = Arc::new(sequence.disk.clone());
        let options = sequence.options.clone();
        let (store, _) = Store::open(disk, options, formats(sequence.options.sync)).unwrap();
        sequence.oracle.adopt(&held(&store));
        drop(store);
        sequence.disk = sequence.disk.crash();
        sequence
    }

    fn run(mut self) -> Result<Option<Checked>, Mismatch> {
        let result = self.lives();
        result.map_err(|mismatch| Mismatch::new(format!("{mismatch}\nlives: {}", self.log.join("; "))))
    }

    fn lives(&mut self) -> Result<Option<Checked>, Mismatch> {
        let mut disk = self.disk.clone();
        for _ in 0..1 + self.random.below(5) {
            disk = self.life(&disk)?;
        }
        // A last life that is stopped cleanly.
        let steps = self.steps(&disk, true);
        self.live(&disk, &steps)?;
        self.check_clean_stop(&disk)?;
        let next = disk.power_cut(PowerCut::Nothing);
        let Outcome::Alive(life) =
            Life::start(&next, &self.options, &self.series, &mut self.oracle, Safety::Durable)?
        else {
            return Err(Mismatch::new("died without being told to"));
        };
        if !(self.seed / 2).is_multiple_of(SHOWN / 2) {
            return Ok(None);
        }
        check_by_the_reference(&next, ROOT, &held(life.store())).map(Some)
    }

    /// One life and its end: gives the disk of the next one.
    fn life(&mut self, disk: &SimDisk) -> Result<SimDisk, Mismatch> {
        if self.random.index(3) == 0 {
            self.options.sync = any_policy(&mut self.random);
            self.log.push(format!("{:?}", self.options.sync));
        }
        let stops = self.random.index(4) == 0;
        let steps = self.steps(disk, stops);
        if self.random.index(3) > 0 {
            let k = self.random.below(150);
            disk.stop_before(k);
            self.log.push(format!("death before operation {k}"));
        }
        let finished = self.live(disk, &steps)?;
        let cuts = self.random.index(2) == 0;
        if finished && stops && !cuts {
            self.check_clean_stop(disk)?;
        }
        if !cuts {
            self.log.push("crash".to_owned());
            return Ok(disk.crash());
        }
        let fixed = disk.power_cuts();
        let cut = match self.random.index(3) {
            0 => fixed[self.random.index(fixed.len())],
            1 => PowerCut::Torn { block_bytes: 512, seed: self.random.next_u64() },
            _ => PowerCut::Random(self.random.next_u64()),
        };
        self.log.push(format!("power cut {cut}"));
        self.survived = Safety::Durable;
        Ok(disk.power_cut(cut))
    }

    fn check_clean_stop(&self, disk: &SimDisk) -> Result<(), Mismatch> {
        if self.mixed { check_clean_stop_of_mixed(disk, ROOT) } else { check_clean_stop(disk, ROOT) }
    }

    fn steps(&mut self, disk: &SimDisk, stops: bool) -> Vec<Step> {
        let mut steps = Workload::random_life(&self.series, disk.wall_s(), self.reach_s, &mut self.random);
        if matches!(self.options.sync, SyncPolicy::Never | SyncPolicy::Unlogged) {
            steps.retain(|step| *step != Step::Sync);
        }
        steps.extend(stops.then_some(Step::Close));
        steps
    }

    /// Whether all steps were done.
    fn live(&mut self, disk: &SimDisk, steps: &[Step]) -> Result<bool, Mismatch> {
        let start = Life::start(disk, &self.options, &self.series, &mut self.oracle, self.survived)?;
        let Outcome::Alive(mut life) = start else {
            self.log.push("died while it started".to_owned());
            return Ok(false);
        };
        self.survived = Safety::Written;
        for step in steps {
            self.log.push(name(step));
            let outcome = life.step(step, &mut self.oracle);
            if let Outcome::Died =
                outcome.map_err(|mismatch| Mismatch::new(format!("at {}: {mismatch}", name(step))))?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn any_policy(random: &mut SplitMix64) -> SyncPolicy {
    policy(["always", "interval", "never", "unlogged"][random.index(4)])
}

fn name(step: &Step) -> String {
    match step {
        Step::Write(batch) => format!("write {}", batch.len()),
        Step::Advance(time) => format!("advance {time:?}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn below(random: &mut SplitMix64, end: i64) -> i64 {
    i64::try_from(random.below(end.unsigned_abs())).unwrap()
}

/// A value that no workload writes.
fn number(random: &mut SplitMix64) -> f32 {
    f32::from_bits(u32::try_from(random.below(1 << 22)).unwrap() | 0xc000_0000)
}

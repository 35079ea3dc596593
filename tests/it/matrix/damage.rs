//! Row 10 of the matrix: blocks zeroed, doubled, swapped, garbage behind an end, files that changed places. What the
//! canonical run left is damaged so, or what the reference left, and started on.
//!
//! What must be so, whatever was done:
//! - The start succeeds, takes no more memory than files of that length may ask for, and leaves every file as it is.
//! - All other hosts hold what they held.
//! - No value turns up that was not written where it is. That is only promised where there are checksums that say so: of
//!   a snapshot of the reference's, of JSON, and of a `.bin` that lost its trailer, nobody can know. A log and a snapshot do
//!   not protect whose they are: a file that changed places gives its samples to the other host.
//! - The same start again gives the same.
//! - A process that dies while it makes safe what was salvaged loses nothing of it.
//! - A clean stop leaves snapshots only, and each damaged file as it was found, in the quarantine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use treering_format_bin::BinFormat;
use treering_persist::{FindingKind, Options, RecoveryReport, Storage, Store, SyncPolicy};
use treering_snapshot::{Document, Format, Limits, Scratch};
use treering_tests::{
    Found, Held, Injury, Life, Mismatch, Oracle, Outcome, PowerCut, ROOT, Row, Safety, SeriesName, SimDisk,
    SplitMix64, Workload, check_clean_stop_of_damaged, fixtures, formats, held, options,
};

use super::moments::run_until;
use super::stage::POLICIES;
use super::{policy, replay};

const CASES: u64 = 5000;
/// What a start may take at one time. The files of a case are some 100 KB in all.
const BYTES_MAX: u64 = 16 << 20;
/// The host that the frozen samples are put into: files that nobody would expect beside each other.
const ODD_HOST: (&str, &str) = ("alpha", "odd");

type All = BTreeMap<SeriesName, Held>;

/// A store that nobody has damaged yet.
struct Base {
    what: String,
    workload: Workload,
    disk: SimDisk,
    oracle: Oracle,
    sound: All,
    /// Files of hosts of the workload, and of the odd one.
    files: Vec<PathBuf>,
}

/// One thing that was done.
#[derive(Debug)]
enum Done {
    Injured(PathBuf, Injury),
    Swapped(PathBuf, PathBuf),
    Copied(PathBuf, PathBuf),
}

#[test]
fn matrix_10_damaged_blocks_and_files_in_wrong_places_cost_no_other_host_anything() {
    let bases = bases();
    let row = Row { number: 10, replay: &replay("matrix_10"), usual: CASES / 10, ci: CASES };
    row.run(|seed| {
        let mut random = SplitMix64::new(seed ^ 0x0010);
        let base = &bases[usize::try_from(seed).unwrap() % bases.len()];
        let disk = base.disk.fork();
        let done: Vec<Done> = (0..1 + random.below(3)).map(|_| base.damage(&disk, &mut random)).collect();
        let lines: Vec<String> = done.iter().map(ToString::to_string).collect();
        base.check(&disk, &done, &mut random)
            .map_err(|mismatch| mismatch.at(format!("{}: {}", base.what, lines.join("; "))))
    });
}

/// What deaths at some places of the canonical run leave, and its end, under each policy; every other time with files of the
/// reference's and odd ones beside.
fn bases() -> Vec<Base> {
    let mut bases = Vec::new();
    for name in POLICIES {
        let workload = Workload::canonical(policy(name));
        let whole = SimDisk::new();
        let mut at_the_end = Oracle::new();
        workload.run(&whole, &mut at_the_end).unwrap();
        for eighths in 2..=8 {
            let k = whole.operations() * eighths / 8;
            let (disk, oracle) = match run_until(&workload, k).unwrap() {
                Some((disk, oracle)) => (disk.crash(), oracle),
                None => (whole.crash(), at_the_end.clone()),
            };
            bases.push(Base::new(format!("{name}, operation {k}"), &workload, &disk, &oracle));
            if eighths % 2 == 0 {
                add_odd_files(&disk, eighths);
                bases.push(Base::new(format!("{name}, operation {k}, odd files"), &workload, &disk, &oracle));
            }
        }
    }
    bases
}

/// Frozen samples of all formats as the files of one host, some of them the reference's.
fn add_odd_files(disk: &SimDisk, seed: u64) {
    let mut random = SplitMix64::new(seed);
    let dir = Path::new(ROOT).join(ODD_HOST.0).join(ODD_HOST.1);
    let all = fixtures::all();
    for number in 1..=6 {
        let fixture = random.pick(&all);
        let extension = fixture.path.rsplit_once('.').unwrap().1;
        let name = match extension {
            "wal" => format!("sealed.{number}.wal"),
            extension => format!("{}.{extension}", 1_699_990_000 + number),
        };
        disk.write_file(dir.join(name), &fixture.bytes).unwrap();
    }
}

impl Base {
    fn new(what: String, workload: &Workload, disk: &SimDisk, oracle: &Oracle) -> Base {
        let sound = held(&open(&disk.fork()).unwrap().0);
        let is_file = |(path, found): (PathBuf, Found)| match found {
            Found::File(len) if len > 0 => Some(path),
            _ => None,
        };
        let files = disk.tree().into_iter().filter_map(is_file).collect();
        let (workload, oracle) = (workload.clone(), oracle.clone());
        Base { what, workload, disk: disk.fork(), oracle, sound, files }
    }

    fn damage(&self, disk: &SimDisk, random: &mut SplitMix64) -> Done {
        let path = random.pick(&self.files).clone();
        let bytes = disk.read(&path).unwrap();
        let same_kind = |other: &&PathBuf| **other != path && other.extension() == path.extension();
        let others: Vec<&PathBuf> = self.files.iter().filter(same_kind).collect();
        let put = |path: &Path, bytes: &[u8]| disk.write_file(path, bytes).unwrap();
        match random.below(8) {
            0 | 1 if !others.is_empty() => {
                let other = (*random.pick(&others)).clone();
                let its = disk.read(&other).unwrap();
                put(&path, &its);
                if random.below(3) == 0 {
                    return Done::Copied(other, path);
                }
                put(&other, &bytes);
                Done::Swapped(path, other)
            }
            _ => {
                let mut injured = bytes;
                let injury = Injury::any(random, injured.len().max(1));
                injury.apply(&mut injured);
                put(&path, &injured);
                Done::Injured(path, injury)
            }
        }
    }

    fn check(&self, disk: &SimDisk, done: &[Done], random: &mut SplitMix64) -> Result<(), Mismatch> {
        let touched: BTreeSet<PathBuf> = done.iter().flat_map(Done::paths).collect();
        let hosts: BTreeSet<(String, String)> = touched.iter().map(|path| host_of(path)).collect();
        let found = disk.tree();
        if std::env::var_os("TREERING_TRACE").is_some() {
            for path in &touched {
                println!("{}: {}", path.display(), disk.read(path).unwrap_or_default().escape_ascii());
            }
        }
        let mut opened = None;
        let memory = allocation_counter::measure(|| opened = Some(open(disk)));
        let (store, report) = opened.ok_or_else(|| Mismatch::new("not opened"))??;
        if memory.bytes_max > BYTES_MAX {
            return Err(Mismatch::new(format!("the start took {} bytes at one time", memory.bytes_max)));
        }
        let now = held(&store);
        self.check_others(&now, &hosts)?;
        self.check_values(disk, &now, done, &touched)?;
        drop(store);
        if disk.tree() != found {
            return Err(Mismatch::new("the start has changed files"));
        }
        let again = disk.crash();
        if held(&open(&again.fork())?.0) != now {
            return Err(Mismatch::new("another start gives something else"));
        }
        let said: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        self.go_on(&again, &now, &report, (done, &hosts), random)
            .map_err(|mismatch| mismatch.at(format!("the start said {said:#?}, and then")))
    }

    /// Hosts whose files nobody has touched.
    fn check_others(&self, now: &All, hosts: &BTreeSet<(String, String)>) -> Result<(), Mismatch> {
        let of_others = |all: &All| -> All {
            let other = |(name, _): &(&SeriesName, &Held)| {
                !hosts.contains(&(name.cluster.clone(), name.host.clone()))
            };
            all.iter().filter(other).map(|(name, held)| (name.clone(), held.clone())).collect()
        };
        let (before, after) = (of_others(&self.sound), of_others(now));
        let differs = |name: &&SeriesName| before.get(*name) != after.get(*name);
        match before.keys().chain(after.keys()).find(differs) {
            Some(name) => Err(Mismatch::new(format!("{name} is of another host, and is not what it was"))),
            None => Ok(()),
        }
    }

    /// Values of hosts of which everything is protected by checksums.
    fn check_values(
        &self,
        disk: &SimDisk,
        now: &All,
        done: &[Done],
        touched: &BTreeSet<PathBuf>,
    ) -> Result<(), Mismatch> {
        let unchecked: BTreeSet<_> = touched
            .iter()
            .filter(|path| !is_checked(path, &disk.read(path).unwrap_or_default()))
            .map(|path| host_of(path))
            .collect();
        let odd = odd_host();
        for (name, held) in now {
            let host = (name.cluster.clone(), name.host.clone());
            let sources = sources(&host, done);
            if sources.iter().any(|source| unchecked.contains(source) || *source == odd) {
                continue;
            }
            let tried = |sample: (i64, u32)| {
                let of = |(cluster, host): &(String, String)| SeriesName {
                    cluster: cluster.clone(),
                    host: host.clone(),
                    ..name.clone()
                };
                sources.iter().any(|source| self.oracle.was_tried(&of(source), held.grid_s, sample))
            };
            if let Some((time_s, bits)) =
                held.samples.iter().map(|(time_s, bits)| (*time_s, *bits)).find(|sample| !tried(*sample))
            {
                let value = f32::from_bits(bits);
                return Err(Mismatch::new(format!(
                    "{name} has {value} at {time_s}, which nobody wrote there"
                )));
            }
        }
        Ok(())
    }

    /// A life that dies on its way, one that goes on and stops, and a start after a power cut.
    fn go_on(
        &self,
        disk: &SimDisk,
        now: &All,
        report: &RecoveryReport,
        (done, hosts): (&[Done], &BTreeSet<(String, String)>),
        random: &mut SplitMix64,
    ) -> Result<(), Mismatch> {
        let damaged = damaged(report, disk);
        let mut oracle = Oracle::new();
        oracle.adopt(now);
        // What a start finds in them is no surprise; what is there was just seen.
        for (cluster, host) in hosts.iter().chain([&odd_host()]) {
            oracle.expect_damage_of_old(cluster, host);
        }
        oracle.expect_torn_logs();
        let dies = disk.fork();
        dies.stop_before(random.below(120));
        let mut after = oracle.clone();
        self.live(&dies, &mut after).map_err(|mismatch| mismatch.at("a life that dies"))?;
        let mut next = dies.crash();
        let mut survived = Safety::Written;
        if random.below(2) == 0 {
            next = dies.power_cut(PowerCut::Random(random.next_u64() >> 40));
            survived = Safety::Durable;
        }
        let start = Life::start(&next, &going_on(), &self.workload.series, &mut after, survived);
        start.map_err(|mismatch| mismatch.at("after a death"))?;

        let stops = disk.fork();
        self.live(&stops, &mut oracle).map_err(|mismatch| mismatch.at("a life that goes on"))?;
        for (path, bytes) in damaged {
            check_set_aside(&stops, &path, &bytes)?;
        }
        match done.iter().any(Done::is_move) || self.what.ends_with("odd files") {
            // A sound file in a wrong place stays there.
            true => check_only_snapshots(&stops)?,
            false => check_clean_stop_of_damaged(&stops, ROOT)?,
        }
        let last = stops.power_cut(PowerCut::Nothing);
        let start = Life::start(&last, &going_on(), &self.workload.series, &mut oracle, Safety::Durable);
        start.map(drop).map_err(|mismatch| mismatch.at("after a clean stop and a power cut"))
    }

    fn live(&self, disk: &SimDisk, oracle: &mut Oracle) -> Result<(), Mismatch> {
        let start = Life::start(disk, &going_on(), &self.workload.series, oracle, Safety::Written)?;
        let Outcome::Alive(mut life) = start else { return Ok(()) };
        for step in self.workload.sequel(disk.wall_s()) {
            let outcome = life.step(&step, oracle);
            let at =
                |mismatch: Mismatch| mismatch.at(format!("{step:?}").chars().take(80).collect::<String>());
            if let Outcome::Died = outcome.map_err(at)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Lives after the damage keep everything, so that nothing is gone for another reason.
fn going_on() -> Options {
    options(SyncPolicy::Always, None)
}

fn open(disk: &SimDisk) -> Result<(Store, RecoveryReport), Mismatch> {
    Store::open(Arc::new(disk.clone()), going_on(), formats(SyncPolicy::Always))
        .map_err(|error| Mismatch::new(format!("the start failed: {error}")))
}

/// What the start called damaged, with the bytes that it had then.
fn damaged(report: &RecoveryReport, disk: &SimDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let damaged = |kind| matches!(kind, FindingKind::DamagedSnapshot | FindingKind::CorruptLog);
    let paths = report.findings.iter().filter(|finding| damaged(finding.kind)).map(|finding| &finding.path);
    let paths: BTreeSet<&PathBuf> = paths.collect();
    paths.into_iter().map(|path| (path.clone(), disk.read(path).unwrap_or_default())).collect()
}

fn check_set_aside(disk: &SimDisk, path: &Path, bytes: &[u8]) -> Result<(), Mismatch> {
    let quarantine = path.parent().unwrap_or(path).join("quarantine");
    let is_it =
        |other: &PathBuf| other.starts_with(&quarantine) && disk.read(other).as_deref() == Some(bytes);
    // A log with records that no series can hold stays where it is, and so do those behind it.
    let stays = host_of(path) == odd_host() && disk.read(path).as_deref() == Some(bytes);
    match stays || disk.tree().keys().any(is_it) {
        true => Ok(()),
        false => Err(Mismatch::new(format!("{} was damaged, and is not in the quarantine", path.display()))),
    }
}

/// No log and nothing unfinished is left where the workload's hosts are.
fn check_only_snapshots(disk: &SimDisk) -> Result<(), Mismatch> {
    let is_left = |path: &PathBuf| {
        let name = path.to_string_lossy();
        path.components().count() == 6
            && host_of(path) != odd_host()
            && (name.ends_with(".wal") || name.ends_with(".tmp"))
    };
    match disk.tree().into_keys().find(is_left) {
        Some(path) => Err(Mismatch::new(format!("{} is left after a clean stop", path.display()))),
        None => Ok(()),
    }
}

/// Whether checksums say of everything in a file whether it is what was written.
fn is_checked(path: &Path, bytes: &[u8]) -> bool {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("wal") => true,
        Some("bin") => {
            let (mut bytes, limits) = (bytes.to_vec(), Limits::default());
            let mut document = Document::new();
            let decoded =
                BinFormat.decode(&mut bytes, &mut Scratch::new(), &limits, &mut document, &mut |_| {});
            decoded.meta.is_some_and(|meta| meta.ours.is_some())
        }
        _ => false,
    }
}

/// The hosts whose samples may be in this one's files now.
fn sources(host: &(String, String), done: &[Done]) -> BTreeSet<(String, String)> {
    let mut sources = BTreeSet::from([host.clone()]);
    // What was moved twice may come from anywhere that it was.
    for _ in done {
        for pair in done.iter().map(Done::paths).filter(|paths| paths.len() == 2) {
            let pair: Vec<_> = pair.iter().map(|path| host_of(path)).collect();
            if pair.iter().any(|host| sources.contains(host)) {
                sources.extend(pair);
            }
        }
    }
    sources
}

fn odd_host() -> (String, String) {
    (ODD_HOST.0.to_owned(), ODD_HOST.1.to_owned())
}

fn host_of(path: &Path) -> (String, String) {
    let names: Vec<_> = path.iter().filter_map(|name| name.to_str()).collect();
    (names[3].to_owned(), names[4].to_owned())
}

impl Done {
    fn is_move(&self) -> bool {
        !matches!(self, Done::Injured(..))
    }

    fn paths(&self) -> Vec<PathBuf> {
        match self {
            Done::Injured(path, _) => vec![path.clone()],
            Done::Swapped(a, b) | Done::Copied(a, b) => vec![a.clone(), b.clone()],
        }
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Done::Injured(path, injury) => write!(f, "{}: {injury}", path.display()),
            Done::Swapped(a, b) => write!(f, "{} and {} have changed places", a.display(), b.display()),
            Done::Copied(from, to) => write!(f, "{} lies over {}", from.display(), to.display()),
        }
    }
}

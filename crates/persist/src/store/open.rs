//! Opening a store: lock, look, recover all hosts in parallel. Nothing in a file can make it fail.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use treering_level::{Host, MetricTable, Tree, Unknown};
use treering_snapshot::Format;

use super::Store;
use super::status::Found;
use crate::barrier::{Target, sync_all};
use crate::checkpoint::Environment;
use crate::dirs::Dirs;
use crate::error::{IoFailure, OpenError, chain};
use crate::health::{announce, damaged_files};
use crate::journal::HostJournal;
use crate::layout::{level_name, sealed_name};
use crate::log::HostDisk;
use crate::options::Options;
use crate::planted::planted;
use crate::read::read_by_name;
use crate::recover::{Buffers, Reading, RecoveredHost, recover_host};
use crate::report::{Finding, FindingKind, RecoveryReport};
use crate::retention::{Moment, RetentionClock};
use crate::storage::{Entry, Storage, make_dirs};
use crate::sync::{Arc, AtomicU64, AtomicUsize, Mutex, Ordering, RwLock, lock, on_threads};
use crate::worker::Nudge;

/// A host's directory.
pub(crate) struct HostDir {
    pub(crate) cluster: String,
    pub(crate) host: String,
}

impl Store {
    /// Opens the store in `options.root`, makes it if it is not there, and reads back what is in it.
    ///
    /// The first of `formats` is written, all are read. The report says what was found, damage included.
    ///
    /// # Errors
    /// [`OpenError::Lock`] if another process has it, [`OpenError::Root`] if the directory cannot be made or read,
    /// [`OpenError::NoFormat`], [`OpenError::Metrics`]. What stands in files is never a reason.
    pub fn open(
        storage: Arc<dyn Storage>,
        options: Options,
        formats: Vec<Box<dyn Format>>,
    ) -> Result<(Store, RecoveryReport), OpenError> {
        if formats.is_empty() {
            return Err(OpenError::NoFormat);
        }
        let root = options.root.clone();
        let opened = Moment { wall_s: storage.wall_s(), monotonic: storage.monotonic() };
        make_dirs(&*storage, &root).map_err(|error| OpenError::Root(IoFailure::new("make", &root, error)))?;
        let held = storage.lock(&root).map_err(|source| OpenError::Lock { path: root.clone(), source })?;
        if let Err(error) = storage.raise_descriptor_limit() {
            tracing::warn!(%error, "the number of open files could not be raised");
        }
        let tree = Tree::new(metric_table(&options)?, options.limits);
        let mut report = RecoveryReport::default();
        let dirs = host_dirs(&*storage, &root, &mut report)?;
        let one_sync_counts = Mutex::new(lie_in_one_file_system(&*storage, &root, &dirs));
        let dirs_in_use = Arc::new(Dirs::new(unusable(&report)));
        let env = Environment { storage, formats, options, one_sync_counts, dirs: dirs_in_use };
        let clock = RetentionClock::new(opened);
        let recovered = recover_all(&env, &tree, &dirs, &mut report);
        for host in &recovered {
            if let Some(newest_s) = host.newest_s {
                clock.recovered(newest_s);
            }
        }
        if !planted("found-not-made-durable") {
            make_found_durable(&env, &tree, &dirs);
        }
        let damaged = damaged_files(&report);
        announce(&report, &damaged);
        report.elapsed = env.storage.monotonic().saturating_sub(opened.monotonic);
        let store = Store {
            tree,
            env,
            clock,
            closed: RwLock::new(false),
            checkpointing: Mutex::new(()),
            last_checkpoint: Mutex::new(None),
            failed_checkpoints: AtomicU64::new(0),
            found: Mutex::new(Found::new(&report, damaged)),
            nudge: Nudge::default(),
            _root: held,
        };
        Ok((store, report))
    }
}

/// A cluster's or host's directory may be a mount point. Directories that are made later lie where their parents do.
fn lie_in_one_file_system(storage: &dyn Storage, root: &Path, dirs: &[HostDir]) -> bool {
    let Ok(of_root) = storage.file_system(root) else { return false };
    dirs.iter().all(|dir| {
        let cluster = root.join(&dir.cluster);
        let host = cluster.join(&dir.host);
        [cluster, host].iter().all(|path| storage.file_system(path).is_ok_and(|of_path| of_path == of_root))
    })
}

/// What stands where a directory should be, or cannot be listed. A store that wrote there would write over what it has
/// not read.
fn unusable(report: &RecoveryReport) -> HashMap<PathBuf, String> {
    report.findings.iter().map(|finding| (finding.path.clone(), finding.what.clone())).collect()
}

/// The configured metrics, without the name that the log keeps for itself.
pub(crate) fn metric_table(options: &Options) -> Result<MetricTable, OpenError> {
    // A table refuses an interval of 0 for what is configured, and panics over it for what is not.
    let mut checked = MetricTable::refusing_unknown();
    checked.configure("default", options.default_metric)?;
    if let Unknown::Take(metric) = options.unknown {
        checked.configure("default", metric)?;
    }
    let mut table = MetricTable::new(options.unknown);
    table.reserve(treering_wal::CONTROL_METRIC);
    for (name, metric) in &options.metrics {
        table.configure(name, *metric)?;
    }
    Ok(table)
}

/// Lists `<root>/<cluster>/<host>`. Only the root must be readable.
pub(crate) fn host_dirs(
    storage: &dyn Storage,
    root: &Path,
    report: &mut RecoveryReport,
) -> Result<Vec<HostDir>, OpenError> {
    let clusters =
        storage.list(root).map_err(|error| OpenError::Root(IoFailure::new("list", root, error)))?;
    let mut dirs = Vec::new();
    for cluster in names(root, clusters, report) {
        let path = root.join(&cluster);
        match storage.list(&path) {
            Ok(hosts) => {
                let hosts = names(&path, hosts, report);
                dirs.extend(hosts.into_iter().map(|host| HostDir { cluster: cluster.clone(), host }));
            }
            Err(error) => report.findings.push(unreadable(&path, &error)),
        }
    }
    Ok(dirs)
}

fn names(dir: &Path, mut entries: Vec<Entry>, report: &mut RecoveryReport) -> Vec<String> {
    entries.sort();
    let mut names = Vec::new();
    for entry in entries {
        match level_name(&entry) {
            Ok(name) => names.push(name.to_owned()),
            Err(why) => report.findings.push(foreign(&dir.join(&entry.name), why)),
        }
    }
    names
}

fn recover_all(
    env: &Environment,
    tree: &Tree<HostJournal>,
    dirs: &[HostDir],
    report: &mut RecoveryReport,
) -> Vec<RecoveredHost> {
    let next = AtomicUsize::new(0);
    let all: Mutex<Vec<(usize, RecoveredHost)>> = Mutex::default();
    let work = || {
        let mut buffers = Buffers::default();
        while let Some((index, dir)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            dirs.get(index).map(|dir| (index, dir))
        } {
            let recovered = recover_one(env, tree, dir, &mut buffers);
            lock(&all).push((index, recovered));
        }
    };
    on_threads(env.options.worker_count().min(dirs.len()), &work);
    let mut all = std::mem::take(&mut *lock(&all));
    all.sort_by_key(|(index, _)| *index);
    let mut recovered: Vec<RecoveredHost> = all.into_iter().map(|(_, host)| host).collect();
    for host in &mut recovered {
        report.add(std::mem::take(&mut host.report));
    }
    recovered
}

fn recover_one(
    env: &Environment,
    tree: &Tree<HostJournal>,
    dir: &HostDir,
    buffers: &mut Buffers,
) -> RecoveredHost {
    let root = &env.options.root;
    let path = root.join(&dir.cluster).join(&dir.host);
    let made = tree.host_or_insert_with(&dir.cluster, &dir.host, || {
        HostJournal::new(Arc::new(HostDisk::new(root, &dir.cluster, &dir.host, &env.dirs)), env.options.sync)
    });
    let host = match made {
        Ok(host) => host,
        Err(error) => {
            let mut recovered = RecoveredHost::default();
            recovered.report.findings.push(foreign(&path, &chain(&error)));
            return recovered;
        }
    };
    let entries = match env.storage.list(&path) {
        Ok(entries) => entries,
        Err(error) => {
            let mut recovered = RecoveredHost::default();
            recovered.report.findings.push(unreadable(&path, &error));
            host.lock().journal().disk.block(&format!("cannot be listed: {}", chain(&error)));
            return recovered;
        }
    };
    let reading = Reading { tree, formats: &env.formats, options: &env.options };
    let mut read = |path: &Path, bytes: &mut Vec<u8>| {
        let file = env.storage.open(path)?;
        read_by_name(&*file, path, &env.formats, bytes, env.options.file_bytes_max)
    };
    let mut recovered = recover_host(&reading, &host, &path, &entries, &mut read, buffers);
    hand_over(&host, &mut recovered);
    recovered
}

/// Tells the host's log and catalog what was found.
fn hand_over(host: &Host<HostJournal>, recovered: &mut RecoveredHost) {
    let mut memory = host.lock();
    let journal = memory.journal();
    journal.start_at(recovered.next_generation);
    let disk = Arc::clone(&journal.disk);
    drop(memory);
    if let Some(generation) = recovered.current {
        disk.found_current(generation);
    }
    if let Some(why) = recovered.degraded.take() {
        disk.set_unreadable(why);
    }
    *lock(&disk.catalog) = std::mem::take(&mut recovered.catalog);
}

/// A process that died may have left writes and names that no power cut would spare. What is built on them from now
/// on must not stand on sand. Below a directory that cannot be synced nothing is written: a later sync proves nothing, and
/// what was found there may be gone with the next power cut.
fn make_found_durable(env: &Environment, tree: &Tree<HostJournal>, dirs: &[HostDir]) {
    let root = &env.options.root;
    let storage = &*env.storage;
    let mut paths: Vec<PathBuf> = dirs.iter().map(|dir| root.join(&dir.cluster)).collect();
    paths.dedup();
    paths.push(root.clone());
    // Whoever made the root may have died before the names above it were durable.
    paths.extend(root.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()).map(Path::to_owned));
    let disks: Vec<_> = tree.hosts().iter().map(|host| Arc::clone(&host.lock().journal().disk)).collect();
    let mut logs = Vec::new();
    for disk in &disks {
        // Also for the names of snapshots: the next checkpoint drops what they cover.
        paths.push(disk.dir.clone());
        for path in found_logs(disk) {
            match storage.open(&path) {
                Ok(file) => logs.push((disk, path, file)),
                Err(error) => disk.set_found_lost(&IoFailure::new("open", &path, error)),
            }
        }
    }
    let targets = paths.iter().map(|path| Target::Dir(path));
    let files = logs.iter().map(|(_, _, file)| Target::File(&**file));
    let targets: Vec<Target<'_>> = files.chain(targets).collect();
    let mut results = sync_all(env.shared(), &targets).into_iter();
    for ((disk, path, _), result) in logs.iter().zip(results.by_ref()) {
        if let Err(error) = result {
            disk.set_found_lost(&IoFailure::new("sync", path, error));
        }
    }
    for (path, result) in paths.iter().zip(results) {
        let Err(error) = result else { continue };
        tracing::error!(dir = %path.display(), %error, "a directory could not be synced");
        // Not everybody may open what lies above the root.
        if path.starts_with(root) || error.kind() != io::ErrorKind::PermissionDenied {
            env.dirs.set_unusable(path, chain(&IoFailure::new("sync", path, error)));
        }
    }
    for disk in &disks {
        match env.dirs.why_unusable(&disk.dir) {
            Some(why) => disk.block(&why),
            None => disk.found_dirs(),
        }
    }
}

/// The logs of a host that no snapshot covers.
fn found_logs(disk: &HostDisk) -> Vec<PathBuf> {
    let catalog = lock(&disk.catalog);
    let sealed = catalog.sealed.range(catalog.covers.saturating_add(1)..);
    let sealed = sealed.map(|generation| disk.dir.join(sealed_name(*generation)));
    sealed.chain(disk.has_found_current().then(|| disk.current_path())).collect()
}

pub(crate) fn foreign(path: &Path, why: &str) -> Finding {
    Finding { kind: FindingKind::Foreign, path: path.to_owned(), offset: None, what: why.to_owned() }
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Finding {
    Finding { kind: FindingKind::Unreadable, path: path.to_owned(), offset: None, what: chain(error) }
}

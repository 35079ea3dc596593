//! From arguments and configuration to the options of a store. Flags win over the file.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use treering::config::{Aggregation as Configured, CleanupMode, Config, DIRECTORY, FileFormat};
use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_level::{Aggregation, Metric, Unknown};
use treering_persist::{OnDiskFull, Options, SyncPolicy};
use treering_snapshot::Format;

use super::cli::{self, Decimals, DiskFull, RunArgs, Sync, To};
use super::exit::{Failure, Outcome, chain};
use super::say;
use super::words::wide;

/// How often the log is synced under `--sync interval`.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// A longer configuration is not read: one with 100,000 metrics has 6 MiB.
const CONFIG_BYTES_MAX: usize = 16 << 20;

const NO_LOG: &str = "there is no log: the file format is json";

/// What `run` opens its store with; the first format is the one that is written.
pub(crate) fn for_run(args: &RunArgs) -> Result<(Options, Vec<Box<dyn Format>>), Failure> {
    let config = args.config.as_deref().map(read_config).transpose()?;
    let file_format = file_format(args, config.as_ref());
    let written = written(args, file_format)?;
    let root = args.dir.clone().or_else(|| config.as_ref().map(|config| config.directory.clone()));
    let mut options = base(root.unwrap_or_else(|| DIRECTORY.into()), args.default_interval, config.as_ref());
    options.sync = match args.sync {
        _ if file_format == FileFormat::Json => SyncPolicy::Unlogged,
        Some(Sync::Always) => SyncPolicy::Always,
        Some(Sync::Interval) | None => SyncPolicy::Interval(SYNC_INTERVAL),
        Some(Sync::Never) => SyncPolicy::Never,
    };
    options.on_disk_full = match args.on_disk_full {
        DiskFull::Memory => OnDiskFull::Memory,
        DiskFull::Refuse => OnDiskFull::Refuse,
    };
    if let Some(interval) = args.checkpoint_interval.and_then(treering::duration::GoDuration::to_std) {
        options.checkpoint_interval = interval;
    }
    if let Some(retention) = args.retention.and_then(treering::duration::GoDuration::to_std) {
        options.retention = (!retention.is_zero()).then_some(retention);
    }
    let extension = written.extension();
    let mut all = vec![written];
    all.extend(formats().into_iter().filter(|format| format.extension() != extension));
    Ok((options, all))
}

fn file_format(args: &RunArgs, config: Option<&Config>) -> FileFormat {
    match args.file_format {
        Some(cli::FileFormat::Wal) => FileFormat::Wal,
        Some(cli::FileFormat::Json) => FileFormat::Json,
        None => config.map_or_else(FileFormat::default, |config| config.file_format),
    }
}

/// The format of the snapshots that `run` writes; arguments that mean nothing with it are refused.
fn written(args: &RunArgs, file_format: FileFormat) -> Result<Box<dyn Format>, Failure> {
    let refused = |argument: &str, why: &str| {
        Err(Failure::new(Outcome::Usage, format!("{argument} makes no sense where {why}")))
    };
    match file_format {
        FileFormat::Wal if args.decimals.is_some() => refused("--decimals", "the snapshots are binary")
            .map_err(|failure| failure.hint("add --file-format json")),
        FileFormat::Wal => Ok(format(To::Bin, None)),
        FileFormat::Json if args.sync.is_some() => refused("--sync", NO_LOG),
        FileFormat::Json if args.acks => refused("--acks", NO_LOG),
        FileFormat::Json => Ok(format(To::Json, args.decimals)),
    }
}

/// The options under which `dump` looks at a store: what the files say counts, nothing is too old.
pub(crate) fn for_dump(root: &Path, config: Option<&Path>, default: NonZeroU32) -> Result<Options, Failure> {
    let config = config.map(read_config).transpose()?;
    let mut options = base(root.to_owned(), default, config.as_ref());
    options.retention = None;
    // What the files say goes before what is configured.
    options.hints = std::mem::take(&mut options.metrics);
    options.unknown = Unknown::Take(options.default_metric);
    Ok(options)
}

/// All formats, the one that is written first.
pub(crate) fn formats() -> Vec<Box<dyn Format>> {
    vec![Box::new(BinFormat), Box::new(JsonFormat::exact())]
}

/// The format to write that the user has named.
pub(crate) fn format(name: To, decimals: Option<Decimals>) -> Box<dyn Format> {
    match (name, decimals) {
        (To::Bin, _) => Box::new(BinFormat),
        (To::Json, None) => Box::new(JsonFormat::exact()),
        (To::Json, Some(Decimals::One)) => Box::new(JsonFormat::one_decimal()),
    }
}

fn base(root: PathBuf, default: NonZeroU32, config: Option<&Config>) -> Options {
    let default_metric = Metric { interval_s: default.get(), aggregation: Aggregation::Avg };
    let mut options = Options::new(root);
    options.default_metric = default_metric;
    options.unknown = Unknown::Take(default_metric);
    let Some(config) = config else { return options };
    options.unknown = Unknown::Refuse;
    options.metrics = config
        .metrics
        .iter()
        .map(|(name, metric)| {
            let aggregation = aggregation(metric.aggregation);
            (name.clone(), Metric { interval_s: metric.interval_s.get(), aggregation })
        })
        .collect();
    options.retention = Some(config.retention);
    options.checkpoint_interval = config.checkpoint_interval;
    options.log_bytes_max = config.max_wal_bytes.map_or(0, std::num::NonZero::get);
    options.workers =
        config.workers.map_or(0, |workers| usize::try_from(workers.get()).unwrap_or(usize::MAX));
    options.delete_expired = config.cleanup.mode == CleanupMode::Delete;
    options
}

/// The store's word for a configured aggregation.
pub(crate) fn aggregation(configured: Configured) -> Aggregation {
    match configured {
        Configured::None => Aggregation::None,
        Configured::Sum => Aggregation::Sum,
        Configured::Avg => Aggregation::Avg,
    }
}

/// The whole file, or one byte more than the limit.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(wide(CONFIG_BYTES_MAX) + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn read_config(path: &Path) -> Result<Config, Failure> {
    let text = read_bounded(path).map_err(|error| {
        Failure::new(Outcome::Usage, format!("cannot read the configuration {}: {error}", path.display()))
    })?;
    if text.len() > CONFIG_BYTES_MAX {
        let max = CONFIG_BYTES_MAX >> 20;
        let what = format!("configuration {}: longer than {max} MiB, which is the limit", path.display());
        return Err(Failure::new(Outcome::Usage, what));
    }
    let (config, warnings) = Config::from_slice(&text).map_err(|error| {
        Failure::new(Outcome::Usage, format!("configuration {}: {}", path.display(), chain(&error)))
    })?;
    for warning in warnings {
        say(&format!("configuration {}: {warning}", path.display()));
    }
    Ok(config)
}

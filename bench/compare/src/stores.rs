//! Batches of samples into a store that survives a restart, and the next start, until everything can be answered from memory.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use treering_bench::Result;
use treering_bench::context::{Context, Written, files_below};
use treering_bench::measure::{Spread, timed};
use treering_bench::storage::Without;
use treering_bench::workload::SERIES;
use treering_persist::SyncPolicy;

use crate::table::{OURS, Row};

/// Host, series, time: in this order one series is one range.
const SAMPLES: TableDefinition<'_, (u16, u16, i64), f32> = TableDefinition::new("samples");

/// Both, in turns.
pub(crate) fn run(context: &Context) -> Result<Vec<Row>> {
    let mut times = [(); 4].map(|()| Vec::new());
    let mut bytes = [0; 2];
    for round in 0..=context.rounds {
        let ours = ours(context)?;
        bytes[0] = size(&context.dir.join("ours"))?;
        let other = other(context)?;
        bytes[1] = size(&context.dir.join("redb"))?;
        if round > 0 {
            for (times, took) in times.iter_mut().zip([ours.0, other.0, ours.1, other.1]) {
                times.push(took);
            }
        }
    }
    let names = [("log-append", OURS), ("log-append", "redb"), ("log-replay", OURS), ("log-replay", "redb")];
    let rows = names.into_iter().zip(times).enumerate();
    Ok(rows
        .map(|(number, ((row, with), times))| Row {
            row,
            with,
            spread: Spread::new(times),
            bytes: bytes[number % 2],
        })
        .collect())
}

fn ours(context: &Context) -> Result<(Duration, Duration)> {
    let write = context.ingest("ours", SyncPolicy::Never)?;
    let read = timed(|| {
        let store =
            context.open(&context.dir.join("ours"), SyncPolicy::Never, Written::Bin, Without::Syncs)?;
        black_box(&store);
        Ok(())
    })?;
    Ok((write, read))
}

fn other(context: &Context) -> Result<(Duration, Duration)> {
    let path = context.empty_dir("redb")?.join("samples.redb");
    let write = timed(|| write(context, &path))?;
    let read = timed(|| {
        let columns = read(context, &path)?;
        let held = columns.iter().map(Vec::len).sum::<usize>();
        context.check_count("read back", u64::try_from(black_box(held))?)
    })?;
    Ok((write, read))
}

/// A transaction for all hosts at one time. None waits for the disk but one at the end, without which nothing would be
/// there at the next start.
fn write(context: &Context, path: &Path) -> Result<()> {
    let database = Database::create(path)?;
    for row in 0..context.fritz.samples() {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        {
            let mut table = transaction.open_table(SAMPLES)?;
            for host in 0..context.fritz.hosts() {
                for (series, value) in context.fritz.row(host, row).iter().enumerate() {
                    if !value.is_nan() {
                        let key = (u16::try_from(host)?, u16::try_from(series)?, context.fritz.time_s(row));
                        table.insert(key, value)?;
                    }
                }
            }
        }
        transaction.commit()?;
    }
    database.begin_write()?.commit()?;
    Ok(())
}

fn read(context: &Context, path: &Path) -> Result<Vec<Vec<f32>>> {
    let database = Database::open(path)?;
    let mut columns = vec![Vec::new(); context.fritz.hosts() * SERIES];
    for entry in database.begin_read()?.open_table(SAMPLES)?.iter()? {
        let (key, value) = entry?;
        let (host, series, _) = key.value();
        columns[usize::from(host) * SERIES + usize::from(series)].push(value.value());
    }
    Ok(columns)
}

fn size(dir: &Path) -> Result<u64> {
    Ok(files_below(dir)?.iter().map(|(_, len)| len).sum())
}

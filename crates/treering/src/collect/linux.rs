//! The counters as Linux gives them, in `/proc`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use procfs::net::InterfaceDeviceStatus;
use procfs::{DiskStats, FromRead, LoadAverage, Meminfo};

use super::counters::{Counters, Memory, Ticks};
use super::{CollectError, Unreadable};

/// `/proc/diskstats` counts in sectors of this size, whatever the disk's own is.
const SECTOR_BYTES: u64 = 512;

/// Reads every source, and tells of each that cannot be read.
#[expect(clippy::unnecessary_wraps, reason = "the same signature as where nothing can be read")]
pub(super) fn read(unreadable: &mut dyn FnMut(Unreadable)) -> Result<Counters, CollectError> {
    Ok(Counters {
        load: source(unreadable, "load", "/proc/loadavg", |file| {
            LoadAverage::from_read(file).map(|load| load.one)
        }),
        memory: source(unreadable, "memory", "/proc/meminfo", |file| {
            Meminfo::from_read(file).map(|info| memory(&info))
        }),
        network: source(unreadable, "network", "/proc/net/dev", |file| {
            InterfaceDeviceStatus::from_read(file).map(network)
        }),
        disks: source(unreadable, "disks", "/proc/diskstats", |file| {
            DiskStats::from_read(file).map(|stats| disks(stats, is_whole_disk))
        }),
        threads: source(unreadable, "hardware threads", "/proc/stat", |file| threads(BufReader::new(file))),
    })
}

fn source<T, E: Display + From<io::Error>>(
    unreadable: &mut dyn FnMut(Unreadable),
    what: &'static str,
    path: &'static str,
    parse: impl FnOnce(File) -> Result<T, E>,
) -> Option<T> {
    match File::open(path).map_err(E::from).and_then(parse) {
        Ok(value) => Some(value),
        Err(error) => {
            unreadable(Unreadable { what, path, reason: error.to_string() });
            None
        }
    }
}

/// Kernels before 3.14 do not say what is available; then what caches hold counts as reclaimable.
fn memory(info: &Meminfo) -> Memory {
    let reclaimable = info.buffers.saturating_add(info.cached).saturating_add(info.mem_free);
    Memory {
        total_bytes: info.mem_total,
        free_bytes: info.mem_free,
        used_bytes: info.mem_total.saturating_sub(info.mem_available.unwrap_or(reclaimable)),
    }
}

fn network(interfaces: InterfaceDeviceStatus) -> BTreeMap<String, [u64; 2]> {
    let interfaces = interfaces.0.into_iter().filter(|(name, _)| name != "lo");
    interfaces.map(|(name, status)| (name, [status.recv_bytes, status.sent_bytes])).collect()
}

fn disks(stats: DiskStats, is_whole_disk: impl Fn(&str) -> bool) -> BTreeMap<String, [u64; 2]> {
    let disks = stats.0.into_iter().filter(|disk| is_whole_disk(&disk.name));
    disks
        .map(|disk| {
            let sectors = [disk.sectors_read, disk.sectors_written];
            (disk.name, sectors.map(|sectors| sectors.saturating_mul(SECTOR_BYTES)))
        })
        .collect()
}

/// Partitions are not listed in `/sys/block`, and stacked or virtual devices (dm, md, loop, zram) have no hardware behind
/// them; their bytes are counted at the disks below. A `/` in a device's name is a `!` there.
fn is_whole_disk(name: &str) -> bool {
    Path::new("/sys/block").join(name.replace('/', "!")).join("device").exists()
}

/// The lines `cpu0`, `cpu1`, ... of `/proc/stat`. Threads that are offline have none, so the number in the name counts,
/// which procfs drops. Guests' time is part of user time.
fn threads(stat: impl BufRead) -> io::Result<BTreeMap<u32, Ticks>> {
    let mut threads = BTreeMap::new();
    for line in stat.lines() {
        let line = line?;
        // The lines of threads stand first.
        let Some(rest) = line.strip_prefix("cpu") else { break };
        let mut fields = rest.split_ascii_whitespace();
        let number = if rest.starts_with(' ') { None } else { fields.next() };
        let Some(number) = number else { continue };
        threads.insert(parsed(number)?, ticks(fields)?);
    }
    if threads.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it lists no hardware thread"));
    }
    Ok(threads)
}

/// user nice system idle iowait irq softirq steal guest guest_nice; old kernels end earlier.
fn ticks<'a>(fields: impl Iterator<Item = &'a str>) -> io::Result<Ticks> {
    let fields: Vec<u64> = fields.map(parsed).collect::<io::Result<_>>()?;
    let sum = |indices: &[usize]| {
        indices
            .iter()
            .filter_map(|index| fields.get(*index))
            .fold(0u64, |sum, ticks| sum.saturating_add(*ticks))
    };
    Ok(Ticks { user: sum(&[0, 1]), system: sum(&[2, 5, 6]), idle: sum(&[3, 4]), stolen: sum(&[7]) })
}

fn parsed<T: std::str::FromStr>(field: &str) -> io::Result<T> {
    field.parse().map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, format!("expected a number, found {field:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_keep_their_numbers_when_one_is_offline() {
        let stat =
            "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 4 8 16 32 64 128 256 512\ncpu3 1 0 0 5\nintr 7 7\ncpu9 1\n";
        let threads = threads(stat.as_bytes()).unwrap();
        let expected = [
            (0, Ticks { user: 3, system: 100, idle: 24, stolen: 128 }),
            (3, Ticks { user: 1, system: 0, idle: 5, stolen: 0 }),
        ];
        assert_eq!(threads, expected.into());
    }

    #[test]
    fn a_stat_file_that_makes_no_sense_is_an_error() {
        for stat in
            ["", "cpu  1 2 3\n", "cpu0 1 x\n", "cpux 1 2\n", "cpu0 -1\n", "cpu0 99999999999999999999\n"]
        {
            assert!(threads(stat.as_bytes()).is_err(), "{stat}");
        }
    }

    #[test]
    fn the_loopback_is_not_counted() {
        let text = "Inter-|   Receive |  Transmit\n face |bytes\n\
            \x20   lo:    3345      32    0    0    0     0          0         0     3345      32    0    0    0     0       0          0\n\
            \x20 eth0: 36189515    2903    0    0    0     0          0         0   312464    2583    0    0    0     0       0          0\n";
        let network = network(InterfaceDeviceStatus::from_read(text.as_bytes()).unwrap());
        assert_eq!(network, [("eth0".to_owned(), [36_189_515, 312_464])].into());
    }

    #[test]
    fn disks_are_counted_in_bytes_and_only_whole() {
        let text = " 254 0 vda 46621 21616 3546322 127622 4082 20527 1110632 13026 0 55024 142827 3497 79 54896 2141 137 36\n \
            254 1 vda1 1 1 1 1 1 1 1 1 0 1 1\n";
        let stats = DiskStats::from_read(text.as_bytes()).unwrap();
        let disks = disks(stats, |name| name == "vda");
        assert_eq!(disks, [("vda".to_owned(), [3_546_322 * 512, 1_110_632 * 512])].into());
    }

    #[test]
    fn memory_that_is_available_is_not_used() {
        let text = "MemTotal: 100 kB\nMemFree: 20 kB\nMemAvailable: 50 kB\nBuffers: 1 kB\nCached: 2 kB\nSwapCached: 0 kB\n\
            Active: 0 kB\nInactive: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nDirty: 0 kB\nWriteback: 0 kB\nMapped: 0 kB\n\
            Slab: 0 kB\nCommitted_AS: 0 kB\nVmallocTotal: 0 kB\nVmallocUsed: 0 kB\nVmallocChunk: 0 kB\n";
        let info = Meminfo::from_read(text.as_bytes()).unwrap();
        let expected = Memory { total_bytes: 102_400, free_bytes: 20_480, used_bytes: 51_200 };
        assert_eq!(memory(&info), expected);
        let older = Meminfo::from_read(text.replace("MemAvailable: 50 kB\n", "").as_bytes()).unwrap();
        assert_eq!(memory(&older).used_bytes, (100 - 23) * 1024);
    }
}

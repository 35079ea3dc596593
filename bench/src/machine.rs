//! Where a run was made: figures of two machines are not to be compared.

use std::fs;

use serde::Serialize;

/// What there is to know of a machine without asking anybody.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// The vector instructions that matter here.
    pub vectors: &'static str,
    /// Version of the kernel.
    pub kernel: String,
    /// Whether new memory may come in huge pages.
    pub huge_pages: String,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Hosts of the workload.
    pub hosts: usize,
    /// Samples a series.
    pub samples: usize,
    /// Threads that recover and checkpoint.
    pub workers: usize,
    /// Rounds that counted.
    pub rounds: usize,
}

impl Machine {
    /// This one, with the size of the run.
    #[must_use]
    pub fn here(context: &crate::context::Context) -> Self {
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            vectors: vectors(),
            kernel: read("/proc/sys/kernel/osrelease"),
            huge_pages: chosen(&read("/sys/kernel/mm/transparent_hugepage/enabled")),
            memory_bytes: memory_bytes(),
            hosts: context.fritz.hosts(),
            samples: context.fritz.samples(),
            workers: context.workers,
            rounds: context.rounds,
        }
    }
}

/// Bytes of memory that this process has.
#[must_use]
pub fn resident_bytes() -> u64 {
    kilobytes("/proc/self/status", "VmRSS")
}

fn memory_bytes() -> u64 {
    kilobytes("/proc/meminfo", "MemTotal")
}

fn kilobytes(path: &str, name: &str) -> u64 {
    let number = field(path, name).and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let of_line = |line: &str| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    };
    text.lines().find_map(of_line)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

/// Of `always [madvise] never` the one in brackets.
fn chosen(text: &str) -> String {
    let inner = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    inner.map_or_else(|| text.to_owned(), |(chosen, _)| chosen.to_owned())
}

/// The vector instructions that matter here.
#[must_use]
#[cfg(target_arch = "x86_64")]
pub fn vectors() -> &'static str {
    if std::is_x86_feature_detected!("avx512bw") {
        "avx512"
    } else if std::is_x86_feature_detected!("avx2") {
        "avx2"
    } else {
        "sse2"
    }
}

/// The vector instructions that matter here.
#[must_use]
#[cfg(not(target_arch = "x86_64"))]
pub fn vectors() -> &'static str {
    std::env::consts::ARCH
}

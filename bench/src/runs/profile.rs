//! Where a row's time goes: a sampling profiler's stacks, told apart by what the store was at.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::page::Page;

/// Samples a second: no multiple of what timers do.
const FREQUENCY: &str = "1499";
/// So much of each stack is taken along.
const STACK: &str = "dwarf,8192";
/// A row is measured for so many rounds: more samples, and files beyond what anybody wants to keep.
const ROUNDS: &str = "5";

/// What a row's profile is made of.
struct Profile {
    row: &'static str,
    /// Only stacks with one of these functions in them count: the rest fills the store, or is the floor. Compilers write a
    /// method's name in one of two ways.
    below: &'static [&'static str],
    /// A stack belongs to the first of these that one of its functions' names contains.
    parts: &'static [Part],
}

struct Part {
    what: &'static str,
    functions: &'static [&'static str],
}

const fn part(what: &'static str, functions: &'static [&'static str]) -> Part {
    Part { what, functions }
}

const STORE_WRITE: &[&str] = &["Store>::write", "Store::write"];

const FAULTS: Part = part("new pages", &["asm_exc_page_fault"]);
const WRITES: Part = part("`write`: copying into the page cache", &["sys_write", "vfs_write"]);
const READS: Part = part("`read`: copying from the page cache", &["sys_read", "sys_pread64", "vfs_read"]);
const SYNCS: Part = part("syncing", &["sys_syncfs", "sys_fsync", "sys_fdatasync"]);
const NAMES: Part = part("creating, renaming and closing files", &["entry_SYSCALL_64", "do_syscall_64"]);
const ALLOCATOR: Part = part("the allocator", &["malloc", "realloc", "cfree", "_int_free", "unlink_chunk"]);
const LETS_GO: Part = part(
    "letting go of frozen columns",
    &["drop_in_place", "FrozenSeries::release", "FrozenSeries>::release"],
);
const FREEZE: &[&str] =
    &["treering_level::freeze::<impl", "HostGuard<H>>::freeze", "HostGuard<H>>::dirty_series"];
const FREEZES: Part = part("freezing", FREEZE);
const PLANS: Part = part("which slots are held: waiting for each chunk", &["plan::held"]);
const CHECKSUMS: Part = part("checksums", &["crc32fast"]);

/// What the rows of `.bin` checkpoints do.
const WRITES_BIN: &[Part] = &[
    FAULTS,
    WRITES,
    SYNCS,
    NAMES,
    ALLOCATOR,
    LETS_GO,
    FREEZES,
    PLANS,
    CHECKSUMS,
    part("encoding: copying the values", &["encode::encode", "BinEncoder"]),
];

const PROFILES: &[Profile] = &[
    Profile {
        row: "ingest",
        below: STORE_WRITE,
        parts: &[
            FAULTS,
            ALLOCATOR,
            part("a chunk that grows or is sealed", &["write_anywhere"]),
            part("appending", STORE_WRITE),
        ],
    },
    Profile { row: "bin-write", below: &["checkpoint_batch"], parts: WRITES_BIN },
    Profile { row: "bin-durable", below: &["checkpoint_batch"], parts: WRITES_BIN },
    Profile {
        row: "bin-load",
        below: &["recover_host"],
        parts: &[
            FAULTS,
            READS,
            NAMES,
            ALLOCATOR,
            CHECKSUMS,
            part("copying the values into chunks", &["restore_blocks", "Ring>::restore", "Ring::restore"]),
            part("finding and making series", &["restore_series", "RestoreSink"]),
            part("reading the format", &["treering_format_bin"]),
        ],
    },
    Profile {
        row: "json-decimal",
        below: &["checkpoint_batch"],
        parts: &[
            FAULTS,
            WRITES,
            NAMES,
            ALLOCATOR,
            LETS_GO,
            FREEZES,
            PLANS,
            part("numbers as text", &["treering_format_json"]),
        ],
    },
    Profile {
        row: "log-append",
        below: STORE_WRITE,
        parts: &[
            FAULTS,
            WRITES,
            NAMES,
            ALLOCATOR,
            part("making the records", &["treering_wal", "Journal"]),
            part("storing the samples: waiting for memory", STORE_WRITE),
        ],
    },
    Profile {
        row: "stall",
        below: FREEZE,
        parts: &[
            FAULTS,
            ALLOCATOR,
            part("freezing: copying the newest chunk", &["from_header_and_slice"]),
            part("freezing: waiting for the series and its chunks", FREEZE),
        ],
    },
];

/// The rows that have a profile.
#[must_use]
pub fn rows() -> Vec<&'static str> {
    PROFILES.iter().map(|profile| profile.row).collect()
}

/// Runs rows, or all that have a profile, under `perf`, and prints what their time went to; `record` writes it into the page.
///
/// # Errors
/// If `perf` is not there, may not look, or has seen nothing of a row.
pub fn run(page: &Page, names: &[String], hosts: u32, dir: &Path, record: bool) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !rows().contains(&name.as_str())) {
        return Err(format!("`{unknown}` has no profile; these have: {}", rows().join(", ")).into());
    }
    let mut text = "| row | share of its time | at what |\n|---|---|---|\n".to_owned();
    for profile in
        PROFILES.iter().filter(|profile| names.is_empty() || names.iter().any(|name| name == profile.row))
    {
        let data = dir.join("perf.data");
        record_row(profile, hosts, &data)?;
        let shares = shares(profile, &data)?;
        std::fs::remove_file(&data)?;
        for (what, share) in shares {
            println!("{:<14} {:>5.1} %  {what}", profile.row, share * 100.0);
            // A string takes it all.
            let _ = writeln!(text, "| `{}` | {:.1} % | {what} |", profile.row, share * 100.0);
        }
    }
    if record { page.fill_in("profile", &text) } else { Ok(()) }
}

fn record_row(profile: &Profile, hosts: u32, data: &Path) -> Result<()> {
    let status = Command::new("perf")
        .args([
            "record",
            "--quiet",
            "--event",
            "cpu-clock",
            "--freq",
            FREQUENCY,
            "--call-graph",
            STACK,
            "--output",
        ])
        .arg(data)
        .arg(std::env::current_exe()?)
        .args([profile.row, "--rounds", ROUNDS, "--hosts", &hosts.to_string()])
        .stdout(Stdio::null())
        .status()
        .map_err(|error| {
            format!("perf does not start: {error}; install it, for example with apt: linux-perf")
        })?;
    if status.success() { Ok(()) } else { Err(format!("{} under perf: {status}", profile.row).into()) }
}

/// What each part takes of a row's time, the largest first.
fn shares(profile: &Profile, data: &Path) -> Result<Vec<(&'static str, f64)>> {
    let mut script = Command::new("perf")
        .args(["script", "--fields", "ip,sym", "--input"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let output = script.stdout.take().ok_or("perf says nothing")?;
    let counted = count(profile, BufReader::new(output))?;
    script.wait()?;
    let all: u64 = counted.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return Err(format!("perf has seen nothing of {}", profile.row).into());
    }
    let mut shares: Vec<_> = counted
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| (what, count as f64 / all as f64))
        .collect();
    shares.sort_by(|one, other| other.1.total_cmp(&one.1));
    Ok(shares)
}

/// Stacks by part. Each stack is a block of lines, from the innermost function on, `ADDRESS NAME`.
fn count(profile: &Profile, script: impl BufRead) -> Result<Vec<(&'static str, u64)>> {
    let mut counted: Vec<_> = profile.parts.iter().map(|part| (part.what, 0)).collect();
    counted.push(("the rest", 0));
    let mut stack: Vec<String> = Vec::new();
    let mut take = |stack: &mut Vec<String>| {
        // What is outside of what is asked about says nothing about it.
        if let Some(end) = stack.iter().rposition(|name| contains(name, profile.below)) {
            let inner = &stack[..=end];
            let has = |part: &Part| inner.iter().any(|name| contains(name, part.functions));
            let at = profile.parts.iter().position(has).unwrap_or(profile.parts.len());
            counted[at].1 += 1;
        }
        stack.clear();
    };
    for line in script.lines() {
        let line = line?;
        match line.trim().split_once(' ') {
            Some((_, name)) => stack.push(name.to_owned()),
            None => take(&mut stack),
        }
    }
    take(&mut stack);
    Ok(counted)
}

fn contains(name: &str, functions: &[&str]) -> bool {
    functions.iter().any(|function| name.contains(function))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::ROWS;

    #[test]
    fn a_stack_belongs_to_the_first_part_that_knows_one_of_its_functions() {
        const PARTS: &[Part] = &[part("a", &["alpha"]), part("b", &["beta", "gamma"])];
        let profile = Profile { row: "x", below: &["work"], parts: PARTS };
        let script = "
            10 memcpy
            11 my::beta::copy
            12 my::work::all
            13 main::alpha

            10 alpha_1
            11 gamma
            12 work

            10 nothing known
            12 work

            10 alpha
            13 main
        ";
        let counted = count(&profile, script.as_bytes()).unwrap();
        assert_eq!(counted, vec![("a", 1), ("b", 1), ("the rest", 1)]);
    }

    #[test]
    fn profiles_are_of_rows_that_there_are() {
        for profile in PROFILES {
            assert!(ROWS.iter().any(|row| row.name == profile.row), "{}", profile.row);
        }
    }
}

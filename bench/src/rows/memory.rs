//! Resident bytes per sample, each in a process of its own: memory that was used before does not show.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::context::{Context, Written};
use crate::report::{Line, Target};
use crate::runs::resident::Resident;
use crate::workload::Fritz;

/// Sizes of a series, in samples: the first one, half a day, two days.
const SIZES: [usize; 3] = [1, 720, 2880];
/// What a sample may cost after a load of half a day.
const BYTES_MAX: f64 = 4.6;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for samples in SIZES {
        // Two days of as many hosts are gigabytes, and cost the same for each sample.
        let hosts = if samples > 720 { context.fritz.hosts().div_ceil(4) } else { context.fritz.hosts() };
        let sized = Context {
            fritz: Fritz::new(hosts, samples),
            dir: context.dir.clone(),
            workers: context.workers,
            rounds: context.rounds,
        };
        let dir = sized.checkpointed_dir("memory", Written::Bin)?;
        for what in [Resident::Load, Resident::Ingest] {
            let grown = grown_bytes(&sized, what, &dir)?;
            let target = match (what, samples) {
                (Resident::Load, 720) => Target::AtMost(BYTES_MAX),
                _ => Target::None,
            };
            let count = sized.fritz.count();
            let name = format!("memory-{}-{samples}", what.word());
            lines.push(Line::of_value(&name, "B/sample", grown as f64 / count as f64, target));
            if samples == 1 && what == Resident::Ingest {
                let of_node = grown as f64 / hosts as f64 / 1024.0;
                lines.push(Line::of_value("memory-new-node", "KiB", of_node, Target::None));
            }
        }
        if samples == 720 {
            let again = grown_bytes(&sized, Resident::Again, &dir)?;
            let once = grown_bytes(&sized, Resident::Ingest, &dir)?;
            let name = "memory-used-again";
            lines.push(Line::of_value(name, "of once", again as f64 / once as f64, Target::AtMost(1.1)));
        }
    }
    Ok(lines)
}

/// What a process of its own grows by.
fn grown_bytes(context: &Context, what: Resident, dir: &Path) -> Result<u64> {
    let output = Command::new(std::env::current_exe()?)
        .args(["resident", what.word()])
        .arg(dir)
        .args(["--hosts", &context.fritz.hosts().to_string()])
        .args(["--samples", &context.fritz.samples().to_string()])
        .args(["--workers", &context.workers.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

//! Row 16 of the matrix: the program is killed at random under load, again and again on one directory.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::book::Book;
use crate::life::{Ended, live, program};
use crate::plan::Plan;
use crate::row::Row;
use crate::store::{files_below, held, in_memory, start_and_stop, write_config};

/// What kills left behind: a row that never meets a checkpoint tries nothing.
#[derive(Debug, Default)]
struct Traces {
    kills: AtomicU64,
    unfinished: AtomicU64,
    sealed: AtomicU64,
    unacknowledged: AtomicU64,
}

#[test]
fn matrix_16_program_that_is_killed_at_random_under_load_loses_nothing_acknowledged() {
    let traces = Traces::default();
    let row =
        Row { number: 16, replay: "cargo test -p treering --test matrix matrix_16_", usual: 24, ci: 100 };
    row.run_counting(|seed| {
        let plan = Plan::new(seed);
        let what = format!(
            "--sync {}, checkpoints every {}, logs of {} bytes, {} workers",
            plan.policy, plan.checkpoint_interval, plan.log_bytes_max, plan.workers
        );
        kill_again_and_again(plan, &traces).map_err(|error| format!("{what}, {error}"))
    });
    println!("{traces:?}");
}

/// The number of lives that were killed. One that was over before its moment came counts for nothing.
fn kill_again_and_again(mut plan: Plan, traces: &Traces) -> Result<u64, String> {
    let at = if plan.on_disk { tempfile::tempdir().unwrap() } else { in_memory() };
    let dir = at.path().join("store");
    let config = write_config(at.path(), plan.log_bytes_max, plan.workers);
    let interval = plan.checkpoint_interval.clone();
    let arguments = ["--sync", plan.policy, "--checkpoint-interval", &interval];
    let mut book = Book::default();
    let mut killed = 0;
    for life in 0..plan.kills {
        let mut load = plan.load(false, &mut book);
        let moment = plan.moment(&mut load);
        let ended = live(&mut program(&dir, &config, &arguments), &load, Some(moment));
        let place = |error: String| format!("life {life}, killed at {moment:?}: {error}");
        match ended.was_killed() {
            true => ended.says_no_error(),
            false => ended.is_clean(load.lines()),
        }
        .map_err(place)?;
        killed += u64::from(ended.was_killed());
        traces.add(&dir, &ended);
        let now = held(&dir).map_err(place)?;
        book.look(now, ended.acked, ended.begun).map_err(place)?;
    }
    let last = plan.load(true, &mut book);
    let ended = live(&mut program(&dir, &config, &arguments), &last, None);
    ended.is_clean(last.lines()).map_err(|error| format!("the last life: {error}"))?;
    held(&dir)
        .and_then(|now| book.look(now, ended.acked, ended.begun))
        .and_then(|()| start_and_stop(&dir, &config, &mut book))
        .map_err(|error| format!("after a clean stop: {error}"))?;
    Ok(killed)
}

impl Traces {
    fn add(&self, dir: &Path, ended: &Ended) {
        if !ended.was_killed() {
            return;
        }
        let files = files_below(dir);
        let some = |what: fn(&str) -> bool| {
            u64::from(files.iter().any(|file| what(&file.file_name().unwrap().to_string_lossy())))
        };
        self.kills.fetch_add(1, Ordering::Relaxed);
        self.unfinished.fetch_add(some(|name| name.ends_with(".tmp")), Ordering::Relaxed);
        self.sealed.fetch_add(some(|name| name.starts_with("sealed.")), Ordering::Relaxed);
        self.unacknowledged.fetch_add(u64::from(ended.acked < ended.begun), Ordering::Relaxed);
    }
}

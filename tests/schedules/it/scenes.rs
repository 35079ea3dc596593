//! What goes on at once in the store, one test for each kind of it.

use std::time::Duration;

use shuttle::thread;
use treering_persist::{OnDiskFull, Options, SyncPolicy};
use treering_tests::{Errno, Fault, Faults, Operation, Rule, SplitMix64};

use crate::actors::host_name;
use crate::explore::row;
use crate::plan::{Batch, SERIES, Size, draw};
use crate::stage::{Stage, any_policy, options};

const ONE_HOST: Size = Size { hosts: 1, batches: 3, samples_max: 3 };
const SHORT: Size = Size { hosts: 1, batches: 2, samples_max: 2 };
const INTERVAL: SyncPolicy = SyncPolicy::Interval(Duration::from_secs(1));

#[test]
fn matrix_15_writers_that_share_syncs_against_a_checkpoint() {
    row("matrix_15_writers_that_share_syncs_against_a_checkpoint", |random| {
        let stage = Stage::new(options(SyncPolicy::Always))?;
        let plans = prepare(&stage, random, 2, ONE_HOST);
        let checkpoints = 1 + random.below(2);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| (0..checkpoints).for_each(|_| stage.checkpoint()));
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_writers_against_syncs_and_a_checkpoint() {
    row("matrix_15_writers_against_syncs_and_a_checkpoint", |random| {
        let stage = Stage::new(options(INTERVAL))?;
        let plans = prepare(&stage, random, 2, ONE_HOST);
        let syncs = 1 + random.below(3);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| (0..syncs).for_each(|_| stage.sync()));
            scope.spawn(|| stage.checkpoint());
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_writers_against_close() {
    row("matrix_15_writers_against_close", |random| {
        let stage = Stage::new(options(any_policy(random)))?;
        let plans = prepare(&stage, random, 2, ONE_HOST);
        // The background worker may be in the middle of something.
        let other = random.below(3);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| stage.close());
            scope.spawn(|| match other {
                0 => stage.sync(),
                1 => stage.checkpoint(),
                _ => {}
            });
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_two_checkpoints_at_once() {
    row("matrix_15_two_checkpoints_at_once", |random| {
        let workers = 1 + draw(random, 2);
        let stage = Stage::new(Options { workers, ..options(any_policy(random)) })?;
        let plans = prepare(&stage, random, 2, Size { hosts: 2, ..SHORT });
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| stage.checkpoint());
            scope.spawn(|| stage.checkpoint());
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_retention_against_writers_and_a_checkpoint() {
    row("matrix_15_retention_against_writers_and_a_checkpoint", |random| {
        let retention = Some(Duration::from_secs(6 * 3600));
        let stage = Stage::new(Options { retention, ..options(any_policy(random)) })?;
        // Late samples of the past will be too old, and so will be some snapshots.
        let size = Size { samples_max: 1, ..ONE_HOST };
        stage.history(random, 2, size);
        let hours = [2, 5, 7][draw(random, 3)];
        stage.disk.advance(Duration::from_secs(hours * 3600));
        let plans = stage.plans(random, 2, size);
        stage.may_die(random);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| stage.retention());
            scope.spawn(|| stage.checkpoint());
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_healing_after_a_failure_against_writers() {
    row("matrix_15_healing_after_a_failure_against_writers", |random| {
        let on_disk_full = [OnDiskFull::Memory, OnDiskFull::Refuse][draw(random, 2)];
        let policy = any_policy(random);
        let mut stage = Stage::new(Options { on_disk_full, ..options(policy) })?;
        let plans = prepare(&stage, random, 2, ONE_HOST);
        stage.inject(fault(random));
        let syncs = u64::from(policy == INTERVAL) * 2;
        let checkpoints = random.below(2) == 0;
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| (0..syncs).for_each(|_| stage.sync()));
            scope.spawn(|| {
                if checkpoints {
                    stage.checkpoint();
                }
                stage.heal();
            });
        });
        if stage.is_sound_again() {
            stage.make_whole();
        }
        stage.end(random)
    });
}

#[test]
fn matrix_15_syncs_at_once_of_which_one_fails() {
    row("matrix_15_syncs_at_once_of_which_one_fails", |random| {
        let mut stage = Stage::new(options(INTERVAL))?;
        stage.history(random, 1, SHORT);
        let plans = stage.plans(random, 1, SHORT);
        stage.inject(failing_sync(random.below(3)));
        let checkpoints = random.below(2);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| (0..2).for_each(|_| stage.sync()));
            scope.spawn(|| (0..2).for_each(|_| stage.sync()));
            scope.spawn(|| (0..checkpoints).for_each(|_| stage.checkpoint()));
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_directory_syncs_at_once_of_which_one_fails() {
    row("matrix_15_directory_syncs_at_once_of_which_one_fails", |random| {
        let mut stage = Stage::new(options(any_policy(random)))?;
        stage.history(random, 2, SHORT);
        let plans = stage.plans(random, 2, SHORT);
        let rule = Rule::once(random.below(6), Fault::SyncDrops).on(Operation::SyncDir).path(host_name(0));
        stage.inject(rule.into());
        let syncs = random.below(2);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| stage.checkpoint());
            scope.spawn(|| (0..syncs).for_each(|_| stage.sync()));
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_full_log_with_several_writers() {
    row("matrix_15_full_log_with_several_writers", |random| {
        let log_bytes_max = 100 + random.below(300);
        let stage = Stage::new(Options { log_bytes_max, ..options(any_policy(random)) })?;
        let plans = prepare(&stage, random, 3, ONE_HOST);
        let checkpoints = random.below(2);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| (0..checkpoints).for_each(|_| stage.checkpoint()));
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_new_hosts_made_at_once() {
    row("matrix_15_new_hosts_made_at_once", |random| {
        let mut stage = Stage::new(options(any_policy(random)))?;
        let plans = stage.plans(random, 3, Size { hosts: 2, ..SHORT });
        stage.may_die(random);
        if random.below(2) == 0 {
            let rule = Rule::once(random.below(4), Fault::SyncDrops).on(Operation::SyncDir);
            stage.inject(rule.into());
        }
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| stage.checkpoint());
        });
        stage.end(random)
    });
}

#[test]
fn matrix_15_reading_against_writers_and_a_checkpoint() {
    row("matrix_15_reading_against_writers_and_a_checkpoint", |random| {
        let stage = Stage::new(options(any_policy(random)))?;
        let plans = prepare(&stage, random, 2, SHORT);
        let reads = 1 + random.below(4);
        thread::scope(|scope| {
            spawn_writers(scope, &stage, &plans);
            scope.spawn(|| (0..reads).for_each(|read| stage.read(0, usize::from(read % 2 == 1))));
            scope.spawn(|| stage.checkpoint());
        });
        (0..SERIES.len()).for_each(|series| stage.read(0, series));
        stage.end(random)
    });
}

/// A store with a past, or none, whose process may die, and what its writers will write.
fn prepare(stage: &Stage, random: &mut SplitMix64, writers: u64, size: Size) -> Vec<Vec<Batch>> {
    stage.history(random, writers, size);
    let plans = stage.plans(random, writers, size);
    stage.may_die(random);
    plans
}

fn spawn_writers<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    stage: &'scope Stage,
    plans: &'scope [Vec<Batch>],
) {
    for batches in plans {
        scope.spawn(|| stage.write_all(batches));
    }
}

/// One thing that goes wrong with the log of the host.
fn fault(random: &mut SplitMix64) -> Faults {
    let rule = match random.below(4) {
        0 => return failing_sync(random.below(4)),
        1 => Rule::once(0, Fault::Error(Errno::Eio)).on(Operation::Append).path("current.wal"),
        2 => Rule::once(0, Fault::Error(Errno::Enospc)).on(Operation::Append).path("current.wal"),
        _ => Rule::once(0, Fault::SyncDrops).on(Operation::SyncDir).path(host_name(0)),
    };
    rule.after(random.below(4)).times(1 + random.below(2)).into()
}

/// A sync of the log, after so many that succeed.
fn failing_sync(after: u64) -> Faults {
    Rule::once(after, Fault::SyncDrops).on(Operation::Sync).path("current.wal").into()
}

//! One case is one schedule of one scene, by its number.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use shuttle::{Config, FailurePersistence, Runner};
use treering_tests::{Mismatch, Row, SplitMix64};

use crate::choice::Choice;

/// Cases of each test in CI.
const CASES: u64 = 5_000;
/// Of each thread. A checkpoint goes deep.
const STACK_BYTES: usize = 256 << 10;

/// What the threads of a case do; everything that is not left to the schedule is drawn.
pub(crate) type Scene = fn(&mut SplitMix64) -> Result<(), Mismatch>;

/// Runs the cases of a test that the environment asks for, or those of CI.
pub(crate) fn row(test: &str, scene: Scene) {
    let replay = format!(
        "RUSTFLAGS=\"--cfg treering_shuttle\" cargo test -p treering-schedules --target-dir target/schedules {test}"
    );
    Row::new(15, &replay, CASES).run(|seed| explore(seed, scene));
}

/// Runs a scene once. A deadlock is a failure, and so is a panic.
fn explore(seed: u64, scene: Scene) -> Result<(), Mismatch> {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    let found = Arc::new(Mutex::new(None));
    let told = Arc::clone(&found);
    let run = move || {
        let result = scene(&mut SplitMix64::new(seed));
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    };
    let ran = catch_unwind(AssertUnwindSafe(|| Runner::new(Choice::new(seed), config).run(run)));
    ran.map_err(|panic| Mismatch::new(text(&*panic)))?;
    let result = found.lock().unwrap_or_else(PoisonError::into_inner).take();
    result.unwrap_or_else(|| Err(Mismatch::new("the schedule did not come to its end")))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

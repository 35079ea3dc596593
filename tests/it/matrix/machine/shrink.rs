//! Fewer acts that still fail.

use treering_tests::Mismatch;

use super::Act;

/// Runs that may be spent on it.
const RUNS_MAX: usize = 3000;

/// Leaves out, halves first, then single ones, what the failure does not need.
pub(super) fn shrunk(
    mut acts: Vec<Act>,
    mut mismatch: Mismatch,
    fails: impl Fn(&[Act]) -> Option<Mismatch>,
) -> (Vec<Act>, Mismatch) {
    let mut runs = 0;
    let mut len = acts.len() / 2;
    while len > 0 {
        let mut at = 0;
        let mut left_out = false;
        while at < acts.len() && runs < RUNS_MAX {
            let mut fewer = acts.clone();
            fewer.drain(at..(at + len).min(acts.len()));
            runs += 1;
            match fails(&fewer) {
                Some(other) => {
                    (acts, mismatch) = (fewer, other);
                    left_out = true;
                }
                None => at += len,
            }
        }
        if !left_out || runs >= RUNS_MAX {
            len /= 2;
        }
    }
    (acts, mismatch)
}

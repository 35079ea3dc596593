//! Acknowledgements: `ack N` on standard output when the first N input lines are safe.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use treering_persist::Store;

/// Counts lines, and says which are safe.
pub(crate) struct Acks {
    on: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Lines whose fate is decided: stored or refused.
    lines: u64,
    acked: u64,
    /// Some of these lines are in memory only, because a log failed. None is acknowledged before a checkpoint has them.
    in_memory_only: bool,
}

impl Acks {
    pub(crate) fn new(on: bool) -> Acks {
        Acks { on, state: Mutex::default() }
    }

    /// The first `lines` lines are stored or refused; `logged` says whether the log has what was stored.
    pub(crate) fn processed(&self, store: &Store, lines: u64, logged: bool) {
        let mut state = self.lock();
        state.lines = lines;
        state.in_memory_only |= !logged;
        self.settle(store, &mut state);
    }

    /// Tries again what a failed log held up.
    pub(crate) fn retry(&self, store: &Store) {
        self.settle(store, &mut self.lock());
    }

    /// A last checkpoint has everything.
    pub(crate) fn all_safe(&self) {
        let mut state = self.lock();
        state.in_memory_only = false;
        self.print(&mut state);
    }

    fn settle(&self, store: &Store, state: &mut State) {
        if state.in_memory_only {
            store.heal_when_due();
            state.in_memory_only = store.needs_healing();
        }
        if !state.in_memory_only {
            self.print(state);
        }
    }

    fn print(&self, state: &mut State) {
        if self.on && state.acked < state.lines {
            let mut out = std::io::stdout().lock();
            // A reader that is gone gets no acknowledgements; the samples are stored all the same.
            if writeln!(out, "ack {}", state.lines).and_then(|()| out.flush()).is_ok() {
                state.acked = state.lines;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

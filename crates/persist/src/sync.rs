//! Every lock, atomic, thread and channel of this crate comes from here, so that schedules can be explored in tests.
//!
//! Under `cfg(treering_shuttle)` they are shuttle's: then one thread runs at a time, and at each of them a test chooses who
//! goes on. Two stay what they are. A `OnceLock` is only ever set and looked at, which waits for nobody. Channels are between
//! the background threads and whoever stops them, and tests of schedules call what those threads call.

#[cfg(not(treering_shuttle))]
pub(crate) use std::sync::{
    Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize},
};
#[cfg(not(treering_shuttle))]
pub(crate) use std::thread;

#[cfg(treering_shuttle)]
pub(crate) use shuttle::sync::{
    Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize},
};
#[cfg(treering_shuttle)]
pub(crate) use shuttle::thread;

pub(crate) use std::sync::{Arc, OnceLock, PoisonError, atomic::Ordering};

pub(crate) use crossbeam_channel as channel;

/// Locks, also after another thread has panicked: every change under these locks is complete at each step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn read_lock<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write_lock<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on this thread and on others beside it, `count` in all, or fewer if the system gives no more.
pub(crate) fn on_threads(count: usize, work: &(dyn Fn() + Sync)) {
    thread::scope(|scope| {
        for _ in 1..count {
            if let Err(error) = spawn_scoped(scope, work) {
                tracing::warn!(%error, "no thread to be had: fewer are used");
                break;
            }
        }
        work();
    });
}

#[cfg(not(treering_shuttle))]
fn spawn_scoped<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    work: &'scope (dyn Fn() + Sync),
) -> std::io::Result<()> {
    thread::Builder::new().spawn_scoped(scope, work).map(|_| ())
}

/// There is always another thread to be had.
#[cfg(treering_shuttle)]
fn spawn_scoped<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    work: &'scope (dyn Fn() + Sync),
) -> std::io::Result<()> {
    scope.spawn(work);
    Ok(())
}

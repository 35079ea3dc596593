//! Every lock and atomic of this crate, so that a test can put others in their place.
//!
//! Under `cfg(treering_shuttle)` the locks are shuttle's: then one thread runs at a time, and at each lock a test chooses who
//! goes on. Two stay what they are, because they wait for nobody: the metric table, and the atomic, which only gives
//! out numbers that differ and lives longer than any test.
//!
//! Order of locks, outermost first: the map of hosts, one host, the pool of names. The metric table is read
//! without a lock. No two hosts are ever locked by one thread at a time.

#[cfg(treering_shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(not(treering_shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use std::sync::atomic::{AtomicU32, Ordering};
pub(crate) use std::sync::{Arc, PoisonError};

pub(crate) use arc_swap::ArcSwap;

/// Locks; what a thread that panicked left behind is taken as it is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading; what a thread that panicked left behind is taken as it is.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing; what a thread that panicked left behind is taken as it is.
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

//! What a file system asked its disk for, in order: writes and flushes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::image::Image;

/// One request to the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Bytes for an offset.
    Write { offset: u64, bytes: Arc<[u8]> },
    /// All writes before it are durable when it is answered.
    Flush,
}

/// A disk that remembers every request. A clone is the same disk.
#[derive(Debug, Clone)]
pub(crate) struct LoggedDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    live: Image,
    requests: Vec<Request>,
}

impl LoggedDisk {
    pub(crate) fn new(base: Image) -> LoggedDisk {
        LoggedDisk { state: Arc::new(Mutex::new(State { live: base, requests: Vec::new() })) }
    }

    pub(crate) fn len_bytes(&self) -> u64 {
        self.state().live.len_bytes()
    }

    /// How many requests there were.
    pub(crate) fn position(&self) -> usize {
        self.state().requests.len()
    }

    pub(crate) fn read(&self, offset: u64, count: usize) -> Vec<u8> {
        self.state().live.read(offset, count)
    }

    pub(crate) fn write(&self, offset: u64, bytes: &[u8]) {
        let mut state = self.state();
        state.live.write(offset, bytes);
        state.requests.push(Request::Write { offset, bytes: bytes.into() });
    }

    pub(crate) fn flush(&self) {
        self.state().requests.push(Request::Flush);
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

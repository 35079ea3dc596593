//! What a file system asked its disk for, in order: writes and flushes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::image::Image;

/// Among encoded requests, in the place of an offset.
const FLUSH: u64 = u64::MAX;

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

/// Of each request offset, length and bytes, for a file.
pub(crate) fn encode(requests: &[Request]) -> Vec<u8> {
    let mut out = Vec::new();
    for request in requests {
        let (offset, written): (u64, &[u8]) = match request {
            Request::Write { offset, bytes } => (*offset, bytes),
            Request::Flush => (FLUSH, &[]),
        };
        out.extend(offset.to_le_bytes());
        out.extend(u64::try_from(written.len()).unwrap_or(u64::MAX).to_le_bytes());
        out.extend(written);
    }
    out
}

/// What [`encode`] made; `None` if that is not what it is.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Vec<Request>> {
    let mut requests = Vec::new();
    while !bytes.is_empty() {
        let (offset, rest) = bytes.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (written, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
        requests.push(match u64::from_le_bytes(*offset) {
            FLUSH => Request::Flush,
            offset => Request::Write { offset, bytes: written.into() },
        });
        bytes = rest;
    }
    Some(requests)
}

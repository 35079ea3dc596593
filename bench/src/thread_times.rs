//! What a thread's time went to: running, waiting for a core, or blocked.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// Of the thread that made it.
#[derive(Debug)]
pub struct ThreadTimes(File);

/// So far, or between two looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// On a core, with what the system did for it.
    pub ran: Duration,
    /// Ready to run, while all cores were busy.
    pub waited: Duration,
}

impl ThreadTimes {
    /// For the thread that asks.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn of_this_thread() -> Result<Self> {
        Ok(Self(File::open("/proc/thread-self/schedstat")?))
    }

    /// So far.
    ///
    /// # Errors
    /// As the system reports it.
    pub fn now(&self) -> Result<Times> {
        let mut text = [0; 64];
        let len = self.0.read_at(&mut text, 0)?;
        let text = std::str::from_utf8(&text[..len])?;
        let waited_ns: u64 = text.split(' ').nth(1).ok_or("schedstat has one number only")?.parse()?;
        let ran = clock_gettime(ClockId::ThreadCPUTime);
        let ran = Duration::new(u64::try_from(ran.tv_sec)?, u32::try_from(ran.tv_nsec)?);
        Ok(Times { ran, waited: Duration::from_nanos(waited_ns) })
    }
}

impl Times {
    /// Since an earlier look.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self { ran: self.ran.saturating_sub(earlier.ran), waited: self.waited.saturating_sub(earlier.waited) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Instant;

    #[test]
    fn a_thread_that_works_has_run_and_one_that_sleeps_has_not() {
        let times = ThreadTimes::of_this_thread().unwrap();
        let begun = times.now().unwrap();
        let work = Instant::now();
        while times.now().unwrap().since(begun).ran < Duration::from_millis(5) {
            assert!(work.elapsed() < Duration::from_secs(60), "it runs all the time");
        }
        let worked = times.now().unwrap();
        thread::park_timeout(Duration::from_millis(20));
        assert!(times.now().unwrap().since(worked).ran < Duration::from_millis(20));
    }
}

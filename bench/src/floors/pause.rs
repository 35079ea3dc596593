//! How long the machine keeps a thread waiting that waits for nothing.

use std::time::{Duration, Instant};

/// About as long as it takes to freeze all hosts of the standard size.
const LOOKED: Duration = Duration::from_millis(50);

/// The longest time between two looks at the clock of a thread that does nothing else.
#[must_use]
pub fn longest() -> Duration {
    let begun = Instant::now();
    let (mut last, mut longest) = (begun, Duration::ZERO);
    while last.duration_since(begun) < LOOKED {
        let now = Instant::now();
        longest = longest.max(now.duration_since(last));
        last = now;
    }
    longest
}

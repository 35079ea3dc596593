//! Looking at a host's directory while a store may be moving its files.

use std::io;

use treering_persist::Entry;

/// So often a host is looked at that does not hold still.
const TRIES: usize = 20;

/// Whether files were renamed, made or removed during a look.
pub(crate) enum Still<T> {
    Yes(T),
    No,
}

/// Looks until nothing moves meanwhile.
///
/// # Errors
/// Those of `look`, and `ResourceBusy` if something moves each time.
pub(crate) fn hold_still<T>(mut look: impl FnMut() -> io::Result<Still<T>>) -> io::Result<T> {
    for _ in 0..TRIES {
        if let Still::Yes(seen) = look()? {
            return Ok(seen);
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "the files changed each time they were read"))
}

/// Whether two listings of one directory say that no file that counts was renamed, made or removed in between: a name
/// that was given away never comes back with another file, because generations and stems only grow.
pub(crate) fn same_files(before: &[Entry], after: &[Entry]) -> bool {
    let names = |entries: &[Entry]| {
        let unfinished = |entry: &&Entry| entry.name.as_encoded_bytes().ends_with(b".tmp");
        let mut names: Vec<Entry> = entries.iter().filter(|entry| !unfinished(entry)).cloned().collect();
        names.sort();
        names
    };
    names(before) == names(after)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_host_that_never_holds_still_is_given_up() {
        let mut looks = 0;
        let seen = hold_still(|| {
            looks += 1;
            Ok(if looks == TRIES { Still::Yes(looks) } else { Still::No })
        });
        assert_eq!(seen.unwrap(), TRIES);
        let seen: io::Result<()> = hold_still(|| Ok(Still::No));
        assert_eq!(seen.unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    }
}

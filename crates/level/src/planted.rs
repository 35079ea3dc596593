//! Bugs that tests plant on purpose, to see that they are seen. Without the feature `planted` nothing of it is built in.

/// Whether the environment asks for this bug.
#[cfg(feature = "planted")]
pub(crate) fn planted(bug: &str) -> bool {
    static ASKED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ASKED.get_or_init(|| std::env::var("TREERING_PLANTED").ok()).as_deref() == Some(bug)
}

/// No bug is.
#[cfg(not(feature = "planted"))]
pub(crate) const fn planted(_bug: &str) -> bool {
    false
}

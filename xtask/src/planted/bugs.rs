//! The bugs that can be planted, and the row of the fault matrix that has to see each.

/// A bug behind a switch of the tests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bug {
    /// What the code asks for, by `planted("…")`.
    pub(crate) name: &'static str,
    /// What it does, for the table in docs/testing.md.
    pub(crate) what: &'static str,
    /// The row that has to see it.
    pub(crate) row: u32,
    /// The tests of that row which do.
    pub(crate) tests: &'static str,
}

const fn bug(name: &'static str, row: u32, tests: &'static str, what: &'static str) -> Bug {
    Bug { name, what, row, tests }
}

pub(crate) const BUGS: &[Bug] = &[
    bug("no-file-sync", 6, "matrix_06", "no file is synced"),
    bug("no-directory-sync", 6, "matrix_06", "no directory is synced"),
    bug("answer-before-sync", 6, "matrix_06", "under `always` an answer comes before the sync"),
    bug("name-of-new-log-not-synced", 6, "matrix_06", "the name of a new log is not synced"),
    bug("sync-does-nothing", 6, "matrix_06", "`Store::sync` does nothing"),
    bug("unlink-before-rename", 1, "matrix_01", "segments are removed before the new snapshot has its name"),
    bug(
        "commits-first",
        6,
        "matrix_06_power_cut_among",
        "of several new snapshots, the one that commits is renamed first",
    ),
    bug("covers-one-too-many", 1, "matrix_01", "a checkpoint says that it covers the next segment, too"),
    bug(
        "covered-segment-overwrites",
        6,
        "matrix_06_power_cut_among",
        "a segment that a snapshot covers overwrites it",
    ),
    bug(
        "name-given-away-early",
        11,
        "matrix_11",
        "`current.wal` is made anew before the old segment's new name is durable",
    ),
    bug("replay-not-dirty", 1, "matrix_01", "what a log brought back is not dirty"),
    bug("salvage-not-dirty", 10, "matrix_10", "what was salvaged from a damaged snapshot is not dirty"),
    bug(
        "set-aside-before-covered",
        10,
        "matrix_10",
        "a damaged file is set aside before what was in it is safe",
    ),
    bug("damaged-file-deleted", 10, "matrix_10", "a damaged file is deleted instead of set aside"),
    bug("unreadable-is-damaged", 3, "matrix_03", "a snapshot that cannot be read counts as damaged"),
    bug("found-not-made-durable", 11, "matrix_11", "a start makes nothing durable that it found"),
    bug("late-samples-in-no-plan", 1, "matrix_01", "late samples are in no plan"),
    bug(
        "coverage-by-time",
        1,
        "matrix_01",
        "a snapshot takes what is younger than the one before, not what is dirty",
    ),
    bug("rewritten-file-ignores-memory", 1, "matrix_01", "a file that takes up late samples ignores memory"),
    bug("retention-by-name", 1, "matrix_01", "retention deletes files by their names"),
    bug("retention-believes-the-clock", 19, "matrix_19", "retention believes the wall clock"),
    bug(
        "name-by-the-clock",
        19,
        "matrix_19",
        "a file is called by the clock alone, whatever names there are",
    ),
    bug("log-time-of-sample", 1, "matrix_01", "the log has the time of a sample instead of that of its slot"),
    bug("future-not-checked", 13, "matrix_13", "no sample is too far in the future"),
    bug("tail-not-cut", 12, "matrix_12", "a full disk leaves half a record, and appends go on behind it"),
    bug("short-write-is-whole", 4, "matrix_04", "a write that took a part of a snapshot counts as whole"),
    bug("failed-append-is-done", 3, "matrix_03", "a write that the log did not take counts as done"),
    bug("sync-retried", 5, "matrix_05", "a sync that failed is tried again"),
    bug("shared-sync-error-ignored", 5, "matrix_05", "a failed sync of the file system counts as done"),
    bug("log-checksum-not-checked", 10, "matrix_10", "the checksum of a record is not looked at"),
    bug("column-checksum-not-checked", 10, "matrix_10", "the checksum of a column is not looked at"),
    bug("length-is-believed", 10, "matrix_10", "memory is taken for the length that a record states"),
    bug("dots-are-a-name", 17, "matrix_17", "a cluster or host may be called `..`"),
    bug("long-names-taken", 17, "matrix_17", "names may have any length"),
    bug("lock-is-shared", 18, "matrix_18", "the lock on the root is shared"),
    bug(
        "replaced-root-is-locked",
        18,
        "matrix_18_root",
        "a root that was replaced while it was locked counts",
    ),
];

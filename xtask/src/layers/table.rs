//! The table of crates: which edges are allowed, and what may not come in from outside.
//!
//! The same table stands, with the reasons, in `docs/architecture.md`: change both.

use std::fmt;

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) package: &'static str,
    /// Edges inside the workspace, normal and build.
    pub(super) edges: Edges,
    /// What its tests may take besides.
    pub(super) dev_edges: &'static [&'static str],
    /// Outside crates that may not come in by any way, dev-dependencies apart.
    pub(super) denied: &'static [Group],
    /// What the crate does not know, and so what to do instead.
    pub(super) instead: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Edges {
    Only(&'static [&'static str]),
    Any,
}

/// A kind of outside crates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    AsyncRuntime,
    Channel,
    ThreadPool,
    CommandLine,
    TextFormat,
    FileSystem,
}

use Group::{AsyncRuntime, Channel, CommandLine, FileSystem, TextFormat, ThreadPool};

const BELOW_PERSIST: &[Group] = &[AsyncRuntime, Channel, ThreadPool, CommandLine, TextFormat, FileSystem];
/// As `BELOW_PERSIST`; reading and writing text is this one's work.
const TEXT_FORMAT: &[Group] = &[AsyncRuntime, Channel, ThreadPool, CommandLine, FileSystem];

pub(super) const TABLE: &[Row] = &[
    Row {
        package: "treering-buffer",
        edges: Edges::Only(&[]),
        dev_edges: &[],
        denied: BELOW_PERSIST,
        instead: "it is one series and knows no locks, clock, files or names: let the caller hand it values",
    },
    Row {
        package: "treering-level",
        edges: Edges::Only(&["treering-buffer"]),
        dev_edges: &[],
        denied: BELOW_PERSIST,
        instead: "it is the tree in memory and knows no files, formats or logs: let `treering-persist` join them",
    },
    Row {
        package: "treering-snapshot",
        edges: Edges::Only(&[]),
        // Itself, with all its features.
        dev_edges: &["treering-snapshot"],
        denied: BELOW_PERSIST,
        instead: "it is a stream of events and knows no format, tree or thread: put the code into a format or a sink",
    },
    Row {
        package: "treering-format-json",
        edges: Edges::Only(&["treering-snapshot"]),
        dev_edges: &[],
        denied: TEXT_FORMAT,
        instead: "a format knows only the stream of events: drive a `Sink`, or put the test into `tests`",
    },
    Row {
        package: "treering-format-bin",
        edges: Edges::Only(&["treering-snapshot"]),
        dev_edges: &[],
        denied: BELOW_PERSIST,
        instead: "a format knows only the stream of events: drive a `Sink`, or put the test into `tests`",
    },
    Row {
        package: "treering-wal",
        edges: Edges::Only(&[]),
        dev_edges: &[],
        denied: BELOW_PERSIST,
        instead: "it is records over any byte log and knows no paths, threads or tree: let the caller hand it bytes",
    },
    Row {
        package: "treering-persist",
        edges: Edges::Only(&["treering-buffer", "treering-level", "treering-snapshot", "treering-wal"]),
        dev_edges: &["treering-format-json", "treering-format-bin"],
        denied: &[AsyncRuntime, CommandLine, TextFormat],
        instead: "it is handed its formats as `dyn Format` and its settings as `Options`: name a format only in \
                  dev-dependencies, and leave the rest to the program",
    },
    Row {
        package: "treering",
        edges: Edges::Only(&[
            "treering-buffer",
            "treering-level",
            "treering-snapshot",
            "treering-format-json",
            "treering-format-bin",
            "treering-wal",
            "treering-persist",
        ]),
        dev_edges: &[],
        denied: &[],
        instead: "the program needs only the libraries: put whole-store tests into `tests`",
    },
    Row { package: "treering-tests", edges: Edges::Any, dev_edges: &[], denied: &[], instead: "" },
    Row { package: "treering-bench", edges: Edges::Any, dev_edges: &[], denied: &[], instead: "" },
    Row { package: "treering-schedules", edges: Edges::Any, dev_edges: &[], denied: &[], instead: "" },
    Row { package: "xtask", edges: Edges::Any, dev_edges: &[], denied: &[], instead: "" },
];

pub(super) fn row(package: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.package == package)
}

impl Group {
    pub(super) fn holds(self, package: &str) -> bool {
        self.packages().contains(&package)
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::AsyncRuntime => &[
                "actix-rt",
                "async-executor",
                "async-global-executor",
                "async-io",
                "async-std",
                "embassy-executor",
                "futures",
                "futures-executor",
                "glommio",
                "mio",
                "monoio",
                "pollster",
                "smol",
                "tokio",
                "tokio-uring",
            ],
            Self::Channel => &[
                "async-channel",
                "bus",
                "crossbeam",
                "crossbeam-channel",
                "crossfire",
                "flume",
                "futures-channel",
                "kanal",
                "loole",
                "postage",
                "tachyonix",
                "thingbuf",
            ],
            Self::ThreadPool => &[
                "blocking",
                "chili",
                "crossbeam-deque",
                "executors",
                "rayon",
                "rayon-core",
                "rusty_pool",
                "scoped_threadpool",
                "scheduled-thread-pool",
                "switchyard",
                "threadpool",
            ],
            Self::CommandLine => &[
                "argh",
                "bpaf",
                "clap",
                "clap_builder",
                "clap_derive",
                "console",
                "ctrlc",
                "dialoguer",
                "docopt",
                "getopts",
                "gumdrop",
                "indicatif",
                "lexopt",
                "pico-args",
                "signal-hook",
                "structopt",
                "terminal_size",
            ],
            Self::TextFormat => &[
                "json",
                "miniserde",
                "nanoserde",
                "serde_json",
                "serde_yaml",
                "simd-json",
                "sonic-rs",
                "toml",
                "toml_edit",
            ],
            Self::FileSystem => &[
                "camino", "fs-err", "fs2", "fs4", "memmap2", "nix", "notify", "procfs", "rustix", "tempfile",
                "walkdir",
            ],
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsyncRuntime => "an async runtime",
            Self::Channel => "a channel",
            Self::ThreadPool => "a thread pool",
            Self::CommandLine => "a command-line crate",
            Self::TextFormat => "a text format",
            Self::FileSystem => "a file-system crate",
        })
    }
}

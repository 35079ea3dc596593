//! How fast treering is, as ratios to floors: plain loops that move the same bytes to the same memory or files, in the
//! same process, in turns with what they are compared to.
//!
//! A figure in seconds says more about the machine and about what else it does than about the code. A ratio to a floor
//! can be reproduced. Nothing of the project depends on this package; the comparisons with other libraries are in a
//! package of their own beside it, which is built only when somebody asks for them.
//!
//! ```text
//!  workload ──> context: stores filled with it ──> rows, one file each ──> report: table, JSON
//!                                                    └── floors, one file each
//! ```
#![forbid(unsafe_code)]
#![expect(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "what is measured becomes a ratio of floats, and is printed"
)]

pub mod context;
pub mod floors;
pub mod loops;
pub mod machine;
pub mod measure;
pub mod page;
pub mod reference;
pub mod report;
pub mod rows;
pub mod runs;
pub mod storage;
pub mod thread_times;
pub mod workload;

/// Whatever stops a measurement is told to whoever asked for it; nobody tells such errors apart.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What every measurement returns.
pub type Result<T> = std::result::Result<T, Error>;

//! Rows of the fault matrix that run the program itself: killed, and with failing system calls.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it ran"
)]
#![allow(clippy::needless_pass_by_value, reason = "an end of a channel is closed where it is handed to")]
// The program knows no package of the tests, so what they share with its own tests is taken in file by file.
#[allow(dead_code, unreachable_pub, reason = "it is written for another package, which uses all of it")]
#[path = "../../../../tests/src/simdisk/random.rs"]
mod random;
#[allow(dead_code, unreachable_pub, reason = "it is written for another package, which uses all of it")]
#[path = "../../../../tests/src/row.rs"]
mod row;

mod book;
mod killed;
mod life;
mod plan;

mod short;
mod stage;
mod store;
mod strace;
mod traced;

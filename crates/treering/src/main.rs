//! `treering`, the program: what it answers and with which exit code.
#![forbid(unsafe_code)]

mod program;

fn main() -> std::process::ExitCode {
    program::main()
}

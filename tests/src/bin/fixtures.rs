//! Writes the sample files of the formats that are absent, or says which are not as the code makes them.
//!
//! `cargo xtask fixtures` starts it. Exit codes: 0 all is well, 1 some differ, 2 usage, 3 could not finish.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::process::ExitCode;

use treering_tests::fixtures;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => {
            eprintln!("usage: fixtures [--check]");
            return ExitCode::from(2);
        }
    };
    let folder = fixtures::folder();
    if !check {
        match fixtures::write_absent(&folder) {
            Ok(written) => written.iter().for_each(|path| println!("{path}: written")),
            Err(error) => return could_not_finish(&error),
        }
    }
    match fixtures::differences(&folder) {
        Ok(found) if found.is_empty() => {
            println!("{} sample files are as they were", fixtures::all().len());
            ExitCode::SUCCESS
        }
        Ok(found) => {
            found.iter().for_each(|difference| println!("{difference}"));
            ExitCode::from(1)
        }
        Err(error) => could_not_finish(&error),
    }
}

fn could_not_finish(error: &std::io::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(3)
}

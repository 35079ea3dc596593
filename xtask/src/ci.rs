//! What CI runs, in its order.

use std::error::Error;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

use crate::cargo::Cargo;
use crate::workspace::Workspace;
use crate::{layers, say, tidy};

/// The examples that are run, not only built: those of the crate that a library user starts with.
const EXAMPLES_OF: (&str, &str) = ("treering-persist", "crates/persist/examples");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Test,
    Format,
    Clippy,
    Docs,
    Layers,
    Tidy,
    Examples,
}

const STEPS: [Step; 7] =
    [Step::Test, Step::Format, Step::Clippy, Step::Docs, Step::Layers, Step::Tidy, Step::Examples];

/// Why the examples could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum ExamplesError {
    #[error("{folder} cannot be listed")]
    List {
        folder: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("{folder} holds no example: the library's example belongs there")]
    None { folder: &'static str },
}

/// Runs the steps; true if all passed.
pub(crate) fn run(workspace: &Workspace, skip_tests: bool) -> bool {
    let mut times = Vec::new();
    for step in steps(skip_tests) {
        say::line(&format_args!("== {}", step.name()));
        let start = Instant::now();
        let passed = step.run(workspace).unwrap_or_else(|error| {
            say::failure(&*error);
            false
        });
        times.push((step, start.elapsed()));
        if !passed {
            say::line(&format_args!("== {} failed{}", step.name(), summary(&times)));
            return false;
        }
    }
    say::line(&format_args!("== all passed{}", summary(&times)));
    true
}

fn steps(skip_tests: bool) -> impl Iterator<Item = Step> {
    STEPS.into_iter().filter(move |&step| !(skip_tests && step == Step::Test))
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Format => "fmt",
            Self::Clippy => "clippy",
            Self::Docs => "doc",
            Self::Layers => "layers",
            Self::Tidy => "tidy",
            Self::Examples => "examples",
        }
    }

    fn run(self, workspace: &Workspace) -> Result<bool, Box<dyn Error>> {
        Ok(match self {
            Self::Test => Cargo::new(workspace, "test --workspace --locked").run()?,
            Self::Format => Cargo::new(workspace, "fmt --all --check").run()?,
            Self::Clippy => {
                Cargo::new(workspace, "clippy --workspace --all-targets --locked -- -D warnings").run()?
            }
            Self::Docs => Cargo::new(workspace, "doc --workspace --no-deps --locked")
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()?,
            Self::Layers => layers::run(workspace)?,
            Self::Tidy => tidy::run(workspace)?,
            Self::Examples => run_examples(workspace)?,
        })
    }
}

fn run_examples(workspace: &Workspace) -> Result<bool, Box<dyn Error>> {
    let (package, folder) = EXAMPLES_OF;
    for example in examples(workspace, folder)? {
        let arguments = format!("run --locked --package {package} --example {example}");
        if !Cargo::new(workspace, &arguments).run()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The names of the examples in `folder`, sorted.
fn examples(workspace: &Workspace, folder: &'static str) -> Result<Vec<String>, ExamplesError> {
    let entries = match fs::read_dir(workspace.root().join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ExamplesError::None { folder }),
        entries => entries.map_err(|source| ExamplesError::List { folder, source })?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| ExamplesError::List { folder, source })?;
        if let Some(name) = entry.file_name().to_string_lossy().strip_suffix(".rs") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    if names.is_empty() { Err(ExamplesError::None { folder }) } else { Ok(names) }
}

/// One line per step.
fn summary(times: &[(Step, Duration)]) -> String {
    let lines = times.iter().map(|(step, time)| format!("\n{:>8.1} s  {}", time.as_secs_f64(), step.name()));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_the_tests_skips_nothing_else() {
        assert_eq!(steps(false).collect::<Vec<_>>(), STEPS);
        assert_eq!(steps(true).collect::<Vec<_>>(), STEPS[1..]);
    }

    #[test]
    fn the_summary_names_each_step_with_its_time() {
        let times = [(Step::Format, Duration::from_millis(1250)), (Step::Docs, Duration::from_secs(100))];
        assert_eq!(summary(&times), "\n     1.2 s  fmt\n   100.0 s  doc");
    }

    #[test]
    fn only_rust_files_are_examples_and_none_at_all_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("Cargo.toml"), "[workspace]\n").unwrap();
        let workspace = Workspace::around(directory.path()).unwrap();
        assert!(matches!(examples(&workspace, "ex"), Err(ExamplesError::None { folder: "ex" })));

        let folder = directory.path().join("ex");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("notes.md"), "").unwrap();
        assert!(matches!(examples(&workspace, "ex"), Err(ExamplesError::None { folder: "ex" })));

        fs::write(folder.join("write_and_read.rs"), "").unwrap();
        fs::write(folder.join("a.rs"), "").unwrap();
        assert_eq!(examples(&workspace, "ex").unwrap(), ["a", "write_and_read"]);
    }
}

//! What CI runs, in its order.

use std::error::Error;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::workspace::Workspace;
use crate::{examples, faults, layers, say, tidy};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Test,
    Format,
    Clippy,
    Docs,
    Layers,
    Tidy,
    Examples,
    Apart,
    Faults,
}

const STEPS: [Step; 9] = [
    Step::Test,
    Step::Format,
    Step::Clippy,
    Step::Docs,
    Step::Layers,
    Step::Tidy,
    Step::Examples,
    Step::Apart,
    Step::Faults,
];

/// Packages that are no members, so that nobody builds them by the way. With `--locked` a lock file that the workspace has
/// left behind is seen, too.
const APART: [&str; 3] = ["tests/powerloss/Cargo.toml", "tests/fuzz/Cargo.toml", "bench/compare/Cargo.toml"];

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
            Self::Apart => "packages apart",
            Self::Faults => "fault matrix",
        }
    }

    fn run(self, workspace: &Workspace) -> Result<bool, Box<dyn Error>> {
        Ok(match self {
            Self::Test => Call::cargo(workspace, "test --workspace --locked").run()?,
            Self::Format => Call::cargo(workspace, "fmt --all --check").run()?,
            Self::Clippy => {
                Call::cargo(workspace, "clippy --workspace --all-targets --locked -- -D warnings").run()?
            }
            Self::Docs => Call::cargo(workspace, "doc --workspace --no-deps --locked")
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()?,
            Self::Layers => layers::run(workspace)?,
            Self::Tidy => tidy::run(workspace)?,
            Self::Examples => examples::run(workspace)?,
            Self::Apart => apart(workspace)?,
            Self::Faults => faults::run(workspace, &faults::Options::of_ci())?,
        })
    }
}

fn apart(workspace: &Workspace) -> Result<bool, Box<dyn Error>> {
    for manifest in APART {
        // The fuzzer is a feature of the targets, and has to be compiled by a C++ compiler.
        let arguments = "--target-dir target --no-default-features --all-targets --locked -- -D warnings";
        if !Call::cargo(workspace, &format!("clippy --manifest-path {manifest} {arguments}")).run()? {
            return Ok(false);
        }
    }
    Ok(true)
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
}

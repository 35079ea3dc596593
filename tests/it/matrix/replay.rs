//! Which cases to run: all, or the one that the environment names.

use std::env;
use std::str::FromStr;

/// A variable of the environment, if it is set.
pub(super) fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) => panic!("{name} cannot be {text:?}"),
    }
}

/// How much is to be tried.
pub(super) fn count(name: &str, usual: u64) -> u64 {
    variable(name).unwrap_or(usual)
}

/// Whether a test about this policy has anything to do.
pub(super) fn wants(policy: &str) -> bool {
    variable::<String>("TREERING_POLICY").is_none_or(|wanted| wanted == policy)
}

/// The command that runs one case again.
pub(super) fn command(test: &str, variables: &[(&str, String)]) -> String {
    let variables: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("replay: {} cargo test -p treering-tests --test it {test}", variables.join(" "))
}

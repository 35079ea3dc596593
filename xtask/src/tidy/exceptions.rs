//! Files that may break a rule, each with its reason. An entry that nothing needs is a finding itself.

use super::Finding;

/// One file may break one rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exception {
    pub(super) rule: &'static str,
    pub(super) path: &'static str,
    pub(super) reason: &'static str,
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        rule: "machine-path",
        path: "xtask/src/tidy/text.rs",
        reason: "the rule itself, and the texts that its tests plant",
    },
    Exception {
        rule: "shared-path",
        path: "xtask/src/tidy/text.rs",
        reason: "the rule itself, and the texts that its tests plant",
    },
];

impl Exception {
    pub(super) fn covers(&self, rule: &str, path: &str) -> bool {
        self.rule == rule && self.path == path
    }

    /// The finding that takes its place when it covers nothing.
    pub(super) fn stale(&self) -> Finding {
        Finding {
            path: "xtask/src/tidy/exceptions.rs".to_owned(),
            line: 1,
            rule: "exception",
            message: format!(
                "`{}` is kept in {} (the exception was: {}): remove the entry",
                self.rule, self.path, self.reason
            ),
        }
    }
}

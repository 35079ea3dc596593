//! `Cargo.lock`, as far as it says which package needs which.

use std::collections::BTreeMap;

/// The locked packages by name; a name can be locked in several versions.
#[derive(Debug, Clone, Default)]
pub(super) struct Lock {
    packages: BTreeMap<String, Vec<Locked>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Locked {
    version: String,
    needs: Vec<Package>,
}

/// A package, or every version of it where none is said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: Option<String>,
}

/// Why a lock file is not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LockError {
    #[error("line {line}: `{found}` is no line of a lock file that this check knows")]
    Line { line: usize, found: String },
    #[error("lock format {found}, this check knows 3 and 4")]
    Format { found: String },
}

impl Lock {
    /// Reads what cargo wrote: one key per line, arrays with one item per line.
    pub(super) fn parse(text: &str) -> Result<Self, LockError> {
        let mut lock = Self::default();
        let mut open: Option<(String, Locked)> = None;
        let mut in_needs = false;
        for (line, text) in (1..).zip(text.lines()) {
            let unknown = || LockError::Line { line, found: text.to_owned() };
            match text.trim() {
                "" => {}
                comment if comment.starts_with('#') => {}
                "[[package]]" => {
                    lock.close(open.take());
                    open = Some((String::new(), Locked { version: String::new(), needs: Vec::new() }));
                }
                "dependencies = [" => in_needs = true,
                "]" if in_needs => in_needs = false,
                item if in_needs => {
                    let (_, locked) = open.as_mut().ok_or_else(unknown)?;
                    let item = item.trim_end_matches(',').trim_matches('"');
                    locked.needs.push(Package::from_item(item));
                }
                // Whatever follows the packages is no package.
                table if table.starts_with('[') => break,
                pair => {
                    let (key, value) = pair.split_once(" = ").ok_or_else(unknown)?;
                    let value = value.trim_matches('"').to_owned();
                    match (key, open.as_mut()) {
                        ("name", Some((name, _))) => *name = value,
                        ("version", Some((_, locked))) => locked.version = value,
                        ("version", None) if value != "3" && value != "4" => {
                            return Err(LockError::Format { found: value });
                        }
                        _ => {}
                    }
                }
            }
        }
        lock.close(open);
        Ok(lock)
    }

    /// What a package needs; `None` if it is not locked.
    pub(super) fn needs(&self, package: &Package) -> Option<Vec<&Package>> {
        let versions = self.packages.get(&package.name)?;
        let matching = versions
            .iter()
            .filter(|locked| package.version.as_ref().is_none_or(|version| *version == locked.version));
        Some(matching.flat_map(|locked| &locked.needs).collect())
    }

    fn close(&mut self, open: Option<(String, Locked)>) {
        if let Some((name, locked)) = open {
            self.packages.entry(name).or_default().push(locked);
        }
    }
}

impl Package {
    pub(super) fn any_version(name: &str) -> Self {
        Self { name: name.to_owned(), version: None }
    }

    /// `name`, `name version`, or `name version (source)`.
    fn from_item(item: &str) -> Self {
        let mut words = item.split(' ');
        let name = words.next().unwrap_or_default().to_owned();
        Self { name, version: words.next().map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_VERSIONS: &str = r#"# generated
version = 4

[[package]]
name = "a"
version = "1.0.0"
source = "registry+somewhere"
checksum = "00"
dependencies = [
 "b 2.0.0",
 "c",
]

[[package]]
name = "b"
version = "1.0.0"
dependencies = [
 "old",
]

[[package]]
name = "b"
version = "2.0.0"
dependencies = [
 "new 3.0.0 (registry+somewhere)",
]

[[package]]
name = "c"
version = "0.1.0"

[metadata]
anything = "here"
"#;

    fn needs(lock: &Lock, name: &str, version: Option<&str>) -> Option<Vec<String>> {
        let package = Package { name: name.to_owned(), version: version.map(str::to_owned) };
        let needs = lock.needs(&package)?;
        Some(needs.into_iter().map(|package| package.name.clone()).collect())
    }

    #[test]
    fn a_version_is_followed_where_the_lock_names_one() {
        let lock = Lock::parse(TWO_VERSIONS).unwrap();
        assert_eq!(
            lock.needs(&Package::any_version("a")).unwrap(),
            [&Package { name: "b".into(), version: Some("2.0.0".into()) }, &Package::any_version("c")]
        );
        assert_eq!(needs(&lock, "b", Some("2.0.0")).unwrap(), ["new"]);
        assert_eq!(needs(&lock, "b", None).unwrap(), ["old", "new"]);
        assert_eq!(needs(&lock, "c", None).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_not_locked_is_not_found() {
        let lock = Lock::parse(TWO_VERSIONS).unwrap();
        assert_eq!(needs(&lock, "old", None), None);
    }

    #[test]
    fn an_unknown_lock_is_an_error_and_not_an_empty_graph() {
        let found = "5".to_owned();
        assert_eq!(Lock::parse("version = 5\n").unwrap_err(), LockError::Format { found });
        let error = Lock::parse("version = 4\n\n[[package]]\nname\n").unwrap_err();
        assert_eq!(error, LockError::Line { line: 4, found: "name".to_owned() });
    }
}

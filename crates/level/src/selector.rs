//! Which names a query means.

/// One step of a query's path.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Selector {
    /// The level of this name.
    Exact(String),
    /// The levels of these names; a name that is said twice counts once.
    Group(Vec<String>),
    /// All levels.
    Any,
}

/// A selector with its names sorted and each held once: what it selects comes out in path order.
#[derive(Clone, Debug)]
pub(crate) enum Names<'a> {
    Some(Vec<&'a str>),
    All,
}

impl Selector {
    /// The names in byte order.
    pub(crate) fn names(&self) -> Names<'_> {
        match self {
            Self::Exact(name) => Names::Some(vec![name]),
            Self::Group(names) => {
                let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
                sorted.sort_unstable();
                sorted.dedup();
                Names::Some(sorted)
            }
            Self::Any => Names::All,
        }
    }
}

impl From<&str> for Selector {
    fn from(name: &str) -> Self {
        Self::Exact(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_sorted_and_says_each_name_once() {
        let group = Selector::Group(["b", "a", "b", "B"].map(str::to_owned).to_vec());
        assert!(matches!(group.names(), Names::Some(names) if names == ["B", "a", "b"]));
        assert!(matches!(Selector::from("x").names(), Names::Some(names) if names == ["x"]));
        assert!(matches!(Selector::Any.names(), Names::All));
    }
}

//! A series' name within its host, as a key.

/// Path and metric: each name behind its length, so that no two series have the same bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Series(Box<[u8]>);

impl Series {
    pub(crate) fn new(path: &[impl AsRef<str>], metric: &str) -> Series {
        let mut key = Vec::new();
        for name in path.iter().map(AsRef::as_ref).chain([metric]) {
            key.extend_from_slice(&name.len().to_le_bytes());
            key.extend_from_slice(name.as_bytes());
        }
        Series(key.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_have_the_same_key() {
        let none: [&str; 0] = [];
        let keys = [
            Series::new(&["a", "b"], "m"),
            Series::new(&["ab"], "m"),
            Series::new(&["a"], "bm"),
            Series::new(&none, "abm"),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().filter(|other| *other == key).count(), 1, "{index}");
        }
    }
}

//! A line's prefix taken apart: which series its tags name.

use std::borrow::Cow;
use std::fmt;

use super::LineError;
use super::scan::{find_unescaped, unescape};

/// The series that metric and tags name.
///
/// - `cluster` is the cluster; `hostname`, or `host`, the host.
/// - `type` and `type-id` name the level below the host: their texts one behind the other, `hwthread17`. A `type`
///   without an id is a level of that name; an id without a type names nothing. `type=node`, with or without an id, is
///   the host itself.
/// - `stype` and `stype-id` name the level below that one by the same rules. Where there is no level above they are
///   ignored.
/// - All other tags are ignored, whatever bytes are in them.
/// - A tag that is there twice with the same text counts once. The order of tags does not matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesName<'a> {
    /// The metric's name.
    pub metric: Cow<'a, str>,
    /// The cluster, if a tag names it.
    pub cluster: Option<Cow<'a, str>>,
    /// The host, if a tag names it.
    pub host: Option<Cow<'a, str>>,
    level: Option<LevelName<'a>>,
    sublevel: Option<LevelName<'a>>,
}

/// One level's name, still in the two parts of its tags. Prints as the name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LevelName<'a> {
    /// The text of `type` or `stype`.
    pub kind: Cow<'a, str>,
    /// The text of `type-id` or `stype-id`, empty if there is none.
    pub id: Cow<'a, str>,
}

/// The tags that matter.
const TAGS: [&str; 6] = ["cluster", "hostname", "type", "type-id", "stype", "stype-id"];

/// The type that stands for the host itself.
const NODE: &str = "node";

impl<'a> SeriesName<'a> {
    /// Takes a prefix apart: metric and tags, without the space behind them.
    ///
    /// # Errors
    /// `NoMetric`, `BadTag`, `TagTwice`, `NotUtf8`; columns count from the prefix's start.
    pub fn parse(prefix: &'a [u8]) -> Result<Self, LineError> {
        Self::parse_at(prefix, 0)
    }

    pub(super) fn parse_at(prefix: &'a [u8], prefix_column: usize) -> Result<Self, LineError> {
        let is_comma = |byte| byte == b',';
        let metric_end = find_unescaped(prefix, 0, is_comma).unwrap_or(prefix.len());
        if metric_end == 0 {
            return Err(LineError::NoMetric { column: prefix_column });
        }
        let metric = unescape(&prefix[..metric_end]).ok_or(LineError::NotUtf8 { column: prefix_column })?;
        let mut found: [Option<Cow<'a, str>>; TAGS.len()] = Default::default();
        let mut at = metric_end;
        while at < prefix.len() {
            // `at` is the comma before the tag.
            let start = at + 1;
            let end = find_unescaped(prefix, start, is_comma).unwrap_or(prefix.len());
            tag(&prefix[start..end], prefix_column + start, &mut found)?;
            at = end;
        }
        let [cluster, host, kind, id, subkind, subid] = found;
        let level = LevelName::new(kind.filter(|kind| kind != NODE), id);
        let sublevel = level.as_ref().and_then(|_| LevelName::new(subkind, subid));
        Ok(Self { metric, cluster, host, level, sublevel })
    }

    /// The levels below the host, none to two, outermost first.
    pub fn levels(&self) -> impl Iterator<Item = &LevelName<'a>> + Clone {
        self.level.iter().chain(&self.sublevel)
    }
}

impl<'a> LevelName<'a> {
    fn new(kind: Option<Cow<'a, str>>, id: Option<Cow<'a, str>>) -> Option<Self> {
        kind.map(|kind| Self { kind, id: id.unwrap_or_default() })
    }
}

impl fmt::Display for LevelName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        f.write_str(&self.id)
    }
}

/// Reads one tag, and keeps its text if it matters.
fn tag<'a>(
    tag: &'a [u8],
    column: usize,
    found: &mut [Option<Cow<'a, str>>; TAGS.len()],
) -> Result<(), LineError> {
    let is_equals = |byte| byte == b'=';
    let equals = find_unescaped(tag, 0, is_equals).ok_or(LineError::BadTag { column })?;
    let (key, text) = (&tag[..equals], &tag[equals + 1..]);
    if key.is_empty() || text.is_empty() || find_unescaped(text, 0, is_equals).is_some() {
        return Err(LineError::BadTag { column });
    }
    let key = if key == b"host" { b"hostname" } else { key };
    let Some(index) = TAGS.iter().position(|known| known.as_bytes() == key) else { return Ok(()) };
    let text = unescape(text).ok_or(LineError::NotUtf8 { column: column + equals + 1 })?;
    match &found[index] {
        Some(earlier) if *earlier != text => Err(LineError::TagTwice { column, tag: TAGS[index] }),
        _ => {
            found[index] = Some(text);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(prefix: &str) -> Vec<String> {
        let series = SeriesName::parse(prefix.as_bytes()).unwrap();
        series.levels().map(ToString::to_string).collect()
    }

    #[test]
    fn type_and_id_make_a_level_and_subtype_and_id_one_below() {
        let table: &[(&str, &[&str])] = &[
            ("m", &[]),
            ("m,type=node", &[]),
            ("m,type=node,type-id=0", &[]),
            ("m,type-id=0,type=node", &[]),
            ("m,type=node,stype=a,stype-id=1", &[]),
            ("m,type-id=7", &[]),
            ("m,stype=a,stype-id=1", &[]),
            ("m,type-id=7,stype=a,stype-id=1", &[]),
            ("m,type=socket,type-id=0", &["socket0"]),
            ("m,type-id=0,type=socket", &["socket0"]),
            ("m,type=fans", &["fans"]),
            ("m,type=core,type-id=1,stype-id=9", &["core1"]),
            ("m,type=core,type-id=1,stype=l2", &["core1", "l2"]),
            (
                "nv,stype=nvlink,stype-id=0,type=accelerator,type-id=00000000:49:00.0",
                &["accelerator00000000:49:00.0", "nvlink0"],
            ),
            (r"m,type=mount\ point,type-id=/a\,b\=c", &["mount point/a,b=c"]),
        ];
        for (prefix, expected) in table {
            assert_eq!(levels(prefix), *expected, "{prefix}");
        }
    }

    #[test]
    fn metric_cluster_and_host_come_without_escapes() {
        let series = SeriesName::parse(br"mem\ used\,x,hostname=f\=1,unit=MB,cluster=fritz").unwrap();
        assert_eq!(series.metric, "mem used,x");
        assert_eq!(series.cluster.as_deref(), Some("fritz"));
        assert_eq!(series.host.as_deref(), Some("f=1"));
        let series = SeriesName::parse(b"m,host=a,hostname=a").unwrap();
        assert_eq!((series.cluster, series.host.as_deref()), (None, Some("a")));
    }

    #[test]
    fn a_prefix_without_escapes_allocates_nothing() {
        let series = SeriesName::parse(b"m,cluster=c,host=h,type=core,type-id=1").unwrap();
        let borrowed = |cow: &Cow<'_, str>| matches!(cow, Cow::Borrowed(_));
        assert!(borrowed(&series.metric));
        assert!(series.cluster.iter().chain(&series.host).all(borrowed));
        assert!(series.levels().all(|level| borrowed(&level.kind) && borrowed(&level.id)));
    }

    #[test]
    fn bad_tags_are_refused_with_their_place() {
        let table: &[(&[u8], LineError)] = &[
            (b"", LineError::NoMetric { column: 0 }),
            (b",a=b", LineError::NoMetric { column: 0 }),
            (b"m,", LineError::BadTag { column: 2 }),
            (b"m,,a=b", LineError::BadTag { column: 2 }),
            (b"m,a", LineError::BadTag { column: 2 }),
            (b"m,a=b,c", LineError::BadTag { column: 6 }),
            (b"m,=b", LineError::BadTag { column: 2 }),
            (b"m,a=", LineError::BadTag { column: 2 }),
            (b"m,a=b=c", LineError::BadTag { column: 2 }),
            (br"m,a\=b", LineError::BadTag { column: 2 }),
            (b"\xff,a=b", LineError::NotUtf8 { column: 0 }),
            (b"m,cluster=\xff", LineError::NotUtf8 { column: 10 }),
            (b"m,host=a,hostname=b", LineError::TagTwice { column: 9, tag: "hostname" }),
            (b"m,type=a,type=b", LineError::TagTwice { column: 9, tag: "type" }),
        ];
        for (prefix, expected) in table {
            assert_eq!(SeriesName::parse(prefix), Err(*expected), "{prefix:?}");
        }
        assert!(SeriesName::parse(b"m,unit=\xb0C").is_ok(), "a tag that is ignored may hold anything");
    }
}

//! The line protocol over whole inputs: any line that follows the grammar says what it was made from, no input panics, and
//! a bad line is its own affair.

use std::io::BufReader;

use proptest::prelude::*;
use treering::line::{Line, LineError, Lines, Piece, SeriesName, Time};

/// What a generated line says.
#[derive(Clone, Debug)]
struct Said {
    metric: String,
    cluster: Option<String>,
    host: Option<String>,
    host_tag: &'static str,
    kind: Option<(String, Option<String>)>,
    subkind: Option<(String, Option<String>)>,
    others: Vec<(String, String)>,
    /// Where the list of tags is cut and its parts swapped.
    turn: usize,
    value: String,
    fields: Vec<(String, String)>,
    /// Other fields before `value`; the rest stand behind it.
    fields_before: usize,
    count: Option<i64>,
    padding: [&'static str; 4],
}

/// Any text that the grammar can say. A backslash at its end would escape what follows, and a break would end the line.
fn text() -> impl Strategy<Value = String> {
    r##"[a-zA-Z0-9_:./,= "#é日\\-]{0,10}[a-zA-Z0-9_,= é]"##
}

/// A metric's first character must not make the line a comment, and blanks in front are not its own.
fn metric() -> impl Strategy<Value = String> {
    (r"[a-z,=é]", text()).prop_map(|(first, rest)| first + &rest)
}

fn level() -> impl Strategy<Value = Option<(String, Option<String>)>> {
    proptest::option::of((
        prop_oneof![1 => Just("node".to_owned()), 4 => text()],
        proptest::option::of(text()),
    ))
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        (-3e38f64..3e38).prop_map(|float| float.to_string()),
        any::<f32>().prop_filter("finite", |float| float.is_finite()).prop_map(|float| format!("{float:e}")),
        any::<i64>().prop_map(|int| format!("{int}i")),
        any::<u64>().prop_map(|int| format!("{int}u")),
    ]
}

fn other_field() -> impl Strategy<Value = (String, String)> {
    let string = r##"[a-z ,=\\"]{0,8}"##
        .prop_map(|text: String| format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"")));
    (
        "v[a-z,= ]{0,4}".prop_filter("another key", |key| key != "value"),
        prop_oneof![value(), string, Just("true".to_owned())],
    )
}

fn padding() -> impl Strategy<Value = [&'static str; 4]> {
    let some = || prop_oneof![Just(""), Just(" "), Just("   ")];
    [
        some().boxed(),
        some().boxed(),
        some().boxed(),
        prop_oneof![Just(""), Just(" "), Just("\r"), Just(" \r")].boxed(),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let names = (
        metric(),
        proptest::option::of(text()),
        proptest::option::of(text()),
        prop_oneof![Just("host"), Just("hostname")],
        level(),
        level(),
        proptest::collection::vec((r"x[a-z,= ]{0,4}", text()), 0..3),
        0usize..8,
    );
    let count = proptest::option::of(any::<i64>());
    let fields = (value(), proptest::collection::vec(other_field(), 0..3), 0usize..3, count, padding());
    (names, fields).prop_map(|(names, fields)| {
        let (metric, cluster, host, host_tag, kind, subkind, others, turn) = names;
        let (value, fields, fields_before, count, padding) = fields;
        let fields_before = fields_before.min(fields.len());
        Said {
            metric,
            cluster,
            host,
            host_tag,
            kind,
            subkind,
            others,
            turn,
            value,
            fields,
            fields_before,
            count,
            padding,
        }
    })
}

fn escape(text: &str) -> String {
    text.replace(',', r"\,").replace('=', r"\=").replace(' ', r"\ ")
}

impl Said {
    fn prefix(&self) -> String {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        tags.extend(self.cluster.as_deref().map(|text| ("cluster", text)));
        tags.extend(self.host.as_deref().map(|text| (self.host_tag, text)));
        for (level, keys) in [(&self.kind, ["type", "type-id"]), (&self.subkind, ["stype", "stype-id"])] {
            if let Some((kind, id)) = level {
                tags.push((keys[0], kind));
                tags.extend(id.as_deref().map(|id| (keys[1], id)));
            }
        }
        tags.extend(self.others.iter().map(|(key, text)| (key.as_str(), text.as_str())));
        let turn = self.turn.min(tags.len());
        tags.rotate_left(turn);
        let tags: String =
            tags.iter().map(|(key, text)| format!(",{}={}", escape(key), escape(text))).collect();
        escape(&self.metric) + &tags
    }

    fn line(&self) -> String {
        let [before, behind_prefix, behind_fields, end] = self.padding;
        let mut fields: Vec<_> =
            self.fields.iter().map(|(key, text)| format!("{}={text}", escape(key))).collect();
        fields.insert(self.fields_before, format!("value={}", self.value));
        let time = self.count.map(|count| format!(" {behind_fields}{count}")).unwrap_or_default();
        format!("{before}{} {behind_prefix}{}{time}{end}", self.prefix(), fields.join(","))
    }

    fn levels(&self) -> Vec<String> {
        let name = |level: &Option<(String, Option<String>)>| {
            level.as_ref().map(|(kind, id)| kind.clone() + id.as_deref().unwrap_or_default())
        };
        match &self.kind {
            Some((kind, _)) if kind != "node" => {
                name(&self.kind).into_iter().chain(name(&self.subkind)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn value(&self) -> f32 {
        self.value.trim_end_matches(['i', 'u']).parse::<f64>().unwrap() as f32
    }
}

/// What became of one line: its number, and its prefix and value.
type Outcome = (u64, Result<(Vec<u8>, f32), LineError>);

/// All that comes out of an input, in order: the number and the outcome of every line that is not empty.
fn outcomes(input: &[u8], chunk_bytes: usize) -> Vec<Outcome> {
    let mut lines = Lines::with_limit(BufReader::with_capacity(chunk_bytes, input), 4096);
    let mut outcomes = Vec::new();
    while lines
        .read_chunk(|number, piece| {
            let outcome = match piece {
                Piece::Line(bytes) => Line::parse(bytes).and_then(|line| {
                    line.map(|line| line.series().map(|_| (line.prefix.to_vec(), line.value))).transpose()
                }),
                Piece::TooLong { len_bytes_max } => Err(LineError::TooLong { len_bytes_max }),
            };
            outcomes.extend(outcome.transpose().map(|outcome| (number, outcome)));
        })
        .unwrap()
    {}
    outcomes
}

#[test]
fn the_reference_clients_lines_name_what_they_mean() {
    let input = b"# a batch\n\
        cpu_load,cluster=fritz,hostname=f0201,type=node value=35.0 1725827464\n\
        cpu_user,cluster=alex,hostname=a0603,type=hwthread,type-id=17,unit=Percent value=3.25 1725827464\r\n\
        \n\
        nv_nvlink_crc_errors,cluster=alex,hostname=a0603,stype=nvlink,stype-id=0,type=accelerator,type-id=00000000:49:00.0 value=4u 1725827464";
    let mut seen = Vec::new();
    let mut lines = Lines::new(&input[..]);
    while lines
        .read_chunk(|number, piece| {
            let Piece::Line(bytes) = piece else { panic!("no line is long") };
            let Some(line) = Line::parse(bytes).unwrap() else { return };
            let SeriesName { metric, cluster, host, .. } = line.series().unwrap();
            let levels: Vec<_> = line.series().unwrap().levels().map(ToString::to_string).collect();
            assert_eq!(line.time, Some(Time::from_count(1_725_827_464)));
            let (cluster, host, levels, value) =
                (cluster.unwrap(), host.unwrap(), levels.join("/"), line.value);
            seen.push(format!("{number} {cluster} {host} [{levels}] {metric} {value}"));
        })
        .unwrap()
    {}
    let expected = [
        "2 fritz f0201 [] cpu_load 35",
        "3 alex a0603 [hwthread17] cpu_user 3.25",
        "5 alex a0603 [accelerator00000000:49:00.0/nvlink0] nv_nvlink_crc_errors 4",
    ];
    assert_eq!(seen, expected);
}

proptest! {
    #[test]
    fn prop_a_line_says_what_it_was_made_from(said in said()) {
        let text = said.line();
        let line = Line::parse(text.as_bytes()).unwrap().unwrap();
        let prefix = said.prefix();
        prop_assert_eq!(line.prefix, prefix.as_bytes());
        prop_assert_eq!(line.value.to_bits(), said.value().to_bits());
        prop_assert_eq!(line.time, said.count.map(Time::from_count));
        let series = line.series().unwrap();
        prop_assert_eq!(&series.metric, &said.metric);
        prop_assert_eq!(series.cluster.as_deref(), said.cluster.as_deref());
        prop_assert_eq!(series.host.as_deref(), said.host.as_deref());
        prop_assert_eq!(series.levels().map(ToString::to_string).collect::<Vec<_>>(), said.levels());
        prop_assert_eq!(SeriesName::parse(line.prefix).unwrap(), series);
    }

    #[test]
    fn prop_a_bad_line_leaves_its_neighbours_alone(
        first in said(),
        bad in proptest::collection::vec(any::<u8>().prop_filter("one line", |byte| *byte != b'\n'), 0..60),
        second in said(),
        chunk_bytes in 1usize..64,
    ) {
        let input = [first.line().as_bytes(), &bad, second.line().as_bytes()].join(&b'\n');
        let seen = outcomes(&input, chunk_bytes);
        let good = |number, said: &Said| (number, Ok((said.prefix().into_bytes(), said.value())));
        prop_assert_eq!(seen.first(), Some(&good(1, &first)));
        prop_assert_eq!(seen.last(), Some(&good(3, &second)));
        prop_assert!(seen.len() <= 3);
    }

    #[test]
    fn prop_a_line_with_one_byte_wrong_is_another_line_or_an_error_in_it(
        said in said(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut text = said.line().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        match Line::parse(&text).and_then(|line| line.map(|line| line.series()).transpose()) {
            Ok(_) => {}
            Err(error) => prop_assert!(error.column() <= text.len(), "{}", error),
        }
    }

    #[test]
    fn prop_no_bytes_panic(bytes in proptest::collection::vec(prop::sample::select(&b" \\,=\"#\r\n\tmvalue019.-iut\x00\xff"[..]), 0..40)) {
        let _ = outcomes(&bytes, 7);
        let _ = SeriesName::parse(&bytes);
    }
}

//! Everything that the reference reads, it or we would never write it.

use treering_snapshot::{DamageKind, DecodeError, Limits};

use crate::build::{decode, decode_with, rows, salvaged};

/// The values of the column `m` of the root, as bits.
fn values(text: impl AsRef<[u8]>) -> Vec<u32> {
    let rows = rows(text.as_ref());
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].path.as_str(), rows[0].metric.as_str()), ("", "m"));
    rows[0].values.clone()
}

fn with_data(data: &str) -> String {
    format!(r#"{{"metrics":{{"m":{{"frequency":60,"start":5,"data":[{data}]}}}},"from":1,"to":2}}"#)
}

fn window(text: &str) -> (i64, i64) {
    let (decoded, _) = decode(text.as_bytes(), &mut treering_snapshot::Counts::default());
    decoded.end.unwrap();
    let meta = decoded.meta.unwrap();
    assert_eq!(meta.ours, None);
    (meta.window.from_s, meta.window.to_s)
}

/// The first damage and the end of a text that has both, or has no damage but ends badly.
fn refused(text: &str) -> (Option<DamageKind>, Option<u64>) {
    let (_, decoded, damage) = salvaged(text.as_bytes());
    (damage.first().map(|damage| damage.kind), decoded.end.err().and_then(|end| end.offset()))
}

fn at(text: &str, what: &str) -> Option<u64> {
    text.find(what).map(|at| u64::try_from(at).unwrap())
}

#[test]
fn children_may_come_before_metrics() {
    let text = r#"{"to":9,"children":{"b":{"children":{"c":{"metrics":{"x":{"data":[1]}}}},"metrics":{"y":{}}},
        "a":{"metrics":{"z":{"data":[2]}}}},"metrics":{"m":{"data":[3]}},"from":7}"#;
    let found: Vec<_> =
        rows(text.as_bytes()).iter().map(|row| format!("{}:{}", row.path, row.metric)).collect();
    assert_eq!(found, [":m", "b:y", "b/c:x", "a:z"]);
    assert_eq!(window(text), (7, 9));
}

#[test]
fn keys_match_in_any_case_and_unknown_ones_are_passed_over() {
    let text = r#"{"Extra":[[{"metrics":{"no":{}}}],{},[],"x\"]}",1e999,true,false,null],"METRICS":{"m":{"unit":"W",
        "FREQUENCY":60,"\u0053tart":5,"dAtA":[1],"Data ":[2],"scope":{"data":[7]}}},"Children":{},"FROM":1,"tO":2}"#;
    let rows = rows(text.as_bytes());
    assert_eq!((rows[0].interval_s, rows[0].start_s, rows[0].values.len()), (60, 5, 1));
    assert_eq!(values(text), [1f32.to_bits()]);
    assert_eq!(window(text), (1, 2));
}

#[test]
fn names_are_told_apart_by_case() {
    let text = r#"{"metrics":{"m":{"data":[1]},"M":{"data":[2]}}}"#;
    assert_eq!(rows(text.as_bytes()).len(), 2);
}

#[test]
fn null_or_absent_means_empty_or_zero() {
    for text in ["{}", "null", "null,", " \t\r\n{ }", r#"{"metrics":null,"children":null,"from":null}"#] {
        assert_eq!(window(text), (0, 0), "{text}");
        assert_eq!(rows(text.as_bytes()), []);
    }
    let text = r#"{"metrics":{"m":{"frequency":null,"start":null,"data":null,"unit":null}}}"#;
    let rows = rows(text.as_bytes());
    assert_eq!((rows[0].interval_s, rows[0].start_s, rows[0].values.len()), (0, 0, 0));
}

#[test]
fn numbers_are_read_in_double_precision_and_then_rounded() {
    let bits = |number: &str| values(with_data(number))[0];
    for (number, value) in [
        ("0", 0.0f32),
        ("-0", -0.0),
        ("-0.0", -0.0),
        ("1e3", 1e3),
        ("-0.5E-2", -0.005),
        ("1E+2", 100.0),
        ("16777217", 16_777_216.0),
        ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ("123456789012345678901234567890", 1.234_567_9e29),
        ("3.5e38", f32::INFINITY),
        ("-1e308", f32::NEG_INFINITY),
        ("1e-999", 0.0),
    ] {
        assert_eq!(bits(number), value.to_bits(), "{number}");
    }
    // Just above the middle between two values of single precision; in double precision it is the middle.
    assert_eq!(bits("1.000000059604644775390625"), 0x3F80_0000, "the middle goes to the even one");
    assert_eq!(bits("1.0000000596046447753906251"), 0x3F80_0000, "rounded twice, as the reference does");
    assert_eq!("1.0000000596046447753906251".parse::<f32>().unwrap().to_bits(), 0x3F80_0001);
}

#[test]
fn duplicate_names_and_keys_are_settled_as_the_reference_does() {
    let one = |text: &str| values(text)[0];
    let last = 2f32.to_bits();
    assert_eq!(one(r#"{"metrics":{"m":{"data":[1]},"m":{"data":[2]}}}"#), last);
    assert_eq!(one(r#"{"metrics":{"m":{"data":[1]},"\u006d":{"data":[2]}}}"#), last);
    assert_eq!(one(r#"{"metrics":{"m":{"data":[1],"DATA":[2]}}}"#), last);
    assert_eq!(one(r#"{"metrics":{"m":{"data":[1]}},"Metrics":{"m":{"data":[2]}}}"#), last);
    assert_eq!(one(r#"{"metrics":{"n":{"data":[1]}},"metrics":null,"metrics":{"m":{"data":[2]}}}"#), last);
    let rows = |text: &str| {
        rows(text.as_bytes()).iter().map(|row| format!("{}:{}", row.path, row.metric)).collect::<Vec<_>>()
    };
    // Two maps are one: only names replace each other.
    assert_eq!(rows(r#"{"metrics":{"b":{},"a":{}},"metrics":{"c":{},"b":{}}}"#), [":a", ":c", ":b"]);
    assert_eq!(
        rows(
            r#"{"children":{"x":{"metrics":{"a":{}}},"y":{"metrics":{"b":{}}}},"children":{"x":{"metrics":{"c":{}}}}}"#
        ),
        ["y:b", "x:c"]
    );
    assert_eq!(rows(r#"{"children":{"x":{"metrics":{"a":{}}}},"children":null}"#), [] as [&str; 0]);
    assert_eq!(
        rows(r#"{"children":{"x":{"children":{"z":{"metrics":{"a":{}}}}},"x":{"metrics":{"c":{}}}}}"#),
        ["x:c"]
    );
    assert_eq!(window(r#"{"from":1,"to":5,"FROM":2,"to":null}"#), (2, 5));
}

#[test]
fn text_that_is_no_unicode_is_read_with_replacement_characters() {
    let mut text = br#"{"metrics":{"a?\ud800\udc00\udfff":{"data":[1],"unit":"?"}},"?":"?"}"#.to_vec();
    text.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xFF);
    assert_eq!(rows(&text)[0].metric, "a\u{FFFD}\u{10000}\u{FFFD}");
}

#[test]
fn white_space_is_what_json_has_and_a_byte_order_mark_is_none() {
    let spaced = |char| match char {
        '{' | '}' | '[' | ']' | ':' | ',' => format!(" \n{char}\t\r"),
        other => other.to_string(),
    };
    assert_eq!(values(with_data("1,2").chars().map(spaced).collect::<String>()).len(), 2);
    for bad in ["\u{FEFF}{}", "\u{A0}{}", "\u{C}{}", "{}".replace('{', "/* */{").as_str()] {
        let (_, decoded, _) = salvaged(bad.as_bytes());
        assert!(matches!(decoded.end, Err(DecodeError::Malformed { offset: 0, .. })), "{bad:?}");
    }
}

#[test]
fn only_the_first_value_is_read() {
    for behind in ["", "\n", "garbage", "}", "\0\0\0", "{\"from\":5}", "\u{FEFF}"] {
        assert_eq!(values(with_data("1") + behind).len(), 1, "{behind:?}");
    }
}

#[test]
fn what_is_not_json_is_malformed_at_its_place() {
    for (text, offset) in [
        ("[1,2]x", 0),
        ("tru", 3),
        ("nul}", 3),
        ("{\"a\" 1}", 5),
        ("{\"a\":1,}", 7),
        ("{\"a\":1 \"b\":2}", 7),
        ("{\"a\":[1,]}", 8),
        ("{\"a\":[,1]}", 6),
        ("{\"a\":01}", 6),
        ("{\"a\":1.}", 7),
        ("{\"a\":.5}", 5),
        ("{\"a\":+1}", 5),
        ("{\"a\":1e}", 7),
        ("{\"a\":-}", 6),
        ("{\"a\":NaN}", 5),
        ("{\"a\":Infinity}", 5),
        ("{\"a\":\"\n\"}", 6),
        ("{\"a\":\"\\x\"}", 7),
        ("{\"a\":\"\\u12g4\"}", 10),
        ("{'a':1}", 1),
        ("{1:1}", 1),
        ("{\"a\":\u{e9}}", 5),
        ("{\"a\":[}]", 6),
        ("{\"a\":{]}", 6),
        ("", 0),
        ("  ", 2),
        ("{", 1),
        ("{\"a", 3),
    ] {
        let (_, decoded, damage) = salvaged(text.as_bytes());
        let end = decoded.end.unwrap_err();
        assert_eq!(end.offset(), Some(offset), "{text}: {end}");
        let cut = usize::try_from(offset).unwrap() == text.len();
        assert_eq!(matches!(end, DecodeError::Truncated { .. }), cut, "{text}: {end}");
        assert_eq!(damage, [], "{text}");
    }
}

#[test]
fn an_array_of_values_is_malformed_at_its_place() {
    for (data, offset) in [
        ("1,]", 2),
        (",1]", 0),
        ("1,,2]", 2),
        ("1 2]", 2),
        ("1}", 1),
        ("01]", 1),
        ("-01]", 2),
        ("1.]", 2),
        ("1.e5]", 2),
        (".5]", 0),
        ("1e]", 2),
        ("1e+]", 3),
        ("-]", 1),
        ("+1]", 0),
        ("nul]", 3),
        ("nulls]", 4),
        ("NaN]", 0),
        ("0x1]", 1),
        ("1,", 2),
        ("1", 1),
        ("-", 1),
        ("nu", 2),
        ("", 0),
    ] {
        let before = r#"{"metrics":{"a":{"data":[1]},"m":{"data":["#;
        let (rows, decoded, _) = salvaged(format!("{before}{data}").as_bytes());
        assert_eq!(rows.len(), 1, "{data}");
        let end = decoded.end.unwrap_err();
        assert_eq!(end.offset(), Some(u64::try_from(before.len() + offset).unwrap()), "{data}: {end}");
        let cut = offset == data.len();
        assert_eq!(matches!(end, DecodeError::Truncated { .. }), cut, "{data}: {end}");
    }
}

#[test]
fn a_value_that_is_no_number_costs_its_column_and_is_an_error() {
    for value in ["\"1\"", "true", "[1]", "{}", "{\"a\":[\"]\"]}", "1e999", "-1e309"] {
        let text = format!(
            r#"{{"metrics":{{"a":{{"data":[1]}},"m":{{"data":[1,null, {value},2]}},"z":{{"data":[3]}}}},"to":4}}"#
        );
        let (rows, decoded, damage) = salvaged(text.as_bytes());
        let found: Vec<_> = rows.iter().map(|row| row.metric.as_str()).collect();
        assert_eq!(found, ["a", "z"], "{value}");
        assert_eq!(damage.len(), 1);
        assert!(matches!(damage[0].kind, DamageKind::ColumnUnusable { .. }));
        assert_eq!((damage[0].metric.as_deref(), damage[0].path.as_deref()), (Some("m"), Some(&[][..])));
        assert_eq!(Some(damage[0].offset), at(&text, "\"m\""));
        let place = at(&text, &format!("null, {value}")).map(|at| at + 6);
        assert_eq!(decoded.end.unwrap_err().offset(), place);
        assert_eq!(decoded.meta.unwrap().window.to_s, 4);
    }
}

#[test]
fn of_two_that_are_no_numbers_the_first_is_told() {
    let text = r#"{"metrics":{"a":{"data":[1e999]},"b":{"data":["x"]},"c":{"data":[1e999]}}}"#;
    let (_, decoded, damage) = salvaged(text.as_bytes());
    assert_eq!(damage.len(), 3);
    assert_eq!(decoded.end.unwrap_err().offset(), at(text, "1e999"));
}

#[test]
fn a_null_metric_or_child_is_damage_and_the_rest_arrives() {
    let text =
        r#"{"metrics":{"a":null,"m":{"data":[1]}},"children":{"c":null,"d":{"metrics":{"n":null,"x":{}}}}}"#;
    let (rows, decoded, damage) = salvaged(text.as_bytes());
    decoded.end.unwrap();
    let found: Vec<_> = rows.iter().map(|row| format!("{}:{}", row.path, row.metric)).collect();
    assert_eq!(found, [":m", "d:x"]);
    let said: Vec<_> = damage.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "at byte 12: column left out: an object expected, level \"\", metric \"a\"",
            "at byte 51: level left out: an object expected, level \"c\"",
            "at byte 76: column left out: an object expected, level \"d\", metric \"n\"",
        ]
    );
    assert!(damage.iter().all(|damage| damage.kind.loses_samples()));
}

#[test]
fn what_is_of_another_kind_is_an_error_and_the_rest_arrives() {
    for (part, lost) in [
        (r#""metrics":{"q":5}"#, true),
        (r#""metrics":{"q":[]}"#, true),
        (r#""metrics":{"q":{"frequency":"60","data":[1]}}"#, true),
        (r#""metrics":{"q":{"frequency":60.0,"data":[1]}}"#, true),
        (r#""metrics":{"q":{"start":1e3,"data":[1]}}"#, true),
        (r#""metrics":{"q":{"start":9223372036854775808}}"#, true),
        (r#""metrics":{"q":{"data":{}}}"#, true),
        (r#""metrics":{"q":{"data":1}}"#, true),
        (r#""metrics":[]"#, true),
        (r#""children":"x""#, true),
        (r#""children":{"q":7}"#, true),
        (r#""children":{"q":{"metrics":7}}"#, true),
        (r#""from":"5""#, false),
        (r#""to":1.5"#, false),
        (r#""children":{"q":{"to":[]}}"#, false),
    ] {
        let text = format!(
            r#"{{"metrics":{{"m":{{"data":[1]}}}},{part},"children":{{"z":{{"metrics":{{"x":{{}}}}}}}}}}"#
        );
        let (rows, decoded, damage) = salvaged(text.as_bytes());
        let found: Vec<_> = rows.iter().map(|row| format!("{}:{}", row.path, row.metric)).collect();
        assert_eq!(found, [":m", "z:x"], "{part}");
        assert_eq!(damage.len(), usize::from(lost), "{part}");
        assert!(matches!(decoded.end, Err(DecodeError::Malformed { .. })), "{part}");
    }
    for root in ["[]", "5", "\"x\"", "true", "[{\"metrics\":{}}]"] {
        assert_eq!(refused(root), (None, Some(0)), "{root}");
    }
}

#[test]
fn limits_cost_what_passes_them_and_no_more() {
    let text = r#"{"metrics":{"long":{},"\u006cg":{}},"children":{"a":{"metrics":{"x":{}},"children":{"b":{"metrics":{"y":{}}},
        "c":{}}},"name":{"metrics":{"z":{}}}}}"#;
    let limits = Limits { depth_max: 1, name_bytes_max: 3, ..Limits::default() };
    let mut sink = crate::build::Rows::default();
    let (decoded, damage) = decode_with(text.as_bytes(), &limits, &mut sink);
    decoded.end.unwrap();
    let found: Vec<_> = sink.rows.iter().map(|row| format!("{}:{}", row.path, row.metric)).collect();
    assert_eq!(found, [":lg", "a:x"], "a name is as long as its text, not as its escapes");
    let said: Vec<_> =
        damage.iter().map(|damage| (damage.kind, damage.path.clone().unwrap().join("/"))).collect();
    assert_eq!(
        said,
        [
            (DamageKind::NameLength { max: 3, found: 4 }, String::new()),
            (DamageKind::Depth { max: 1 }, "a/b".to_owned()),
            (DamageKind::Depth { max: 1 }, "a/c".to_owned()),
            (DamageKind::NameLength { max: 3, found: 4 }, "name".to_owned()),
        ]
    );
}

#[test]
fn a_sink_may_skip_levels_and_stop() {
    use treering_snapshot::{Head, Part, Sink, Stop, Take};
    #[derive(Default)]
    struct Picky(Vec<String>);
    impl Sink for Picky {
        fn column(&mut self, head: Head<'_>, _: &[Part<'_>]) -> Result<(), Stop> {
            self.0.push(head.metric.to_owned());
            if head.metric == "stop" { Err(Stop::enough()) } else { Ok(()) }
        }
        fn enter(&mut self, level: &str) -> Result<Take, Stop> {
            self.0.push(format!("+{level}"));
            Ok(if level == "skip" { Take::Skip } else { Take::Yes })
        }
        fn leave(&mut self) -> Result<(), Stop> {
            self.0.push("-".to_owned());
            Ok(())
        }
    }
    let text = r#"{"children":{"a":{"metrics":{"m":{}}},"skip":{"metrics":{"n":{}},"children":{"x":{"metrics":{"o":{}}}}},
        "b":{"children":{"c":{"metrics":{"stop":{},"p":{}}}}}}}"#;
    let mut sink = Picky::default();
    let (decoded, _) = decode(text.as_bytes(), &mut sink);
    assert_eq!(sink.0, ["+a", "m", "-", "+skip", "+b", "+c", "stop"]);
    assert!(matches!(decoded.end, Err(DecodeError::Stopped(_))));
}

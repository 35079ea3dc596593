//! The rows of a log that the reference wrote, taken apart and written again.

use std::fs;
use std::path::Path;

use treering::tsv;

#[test]
fn the_rows_of_the_reference_come_out_as_they_are() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/reference/expected"));
    let mut rows = 0;
    for file in ["names/0.bin.tsv", "values/1700000000.bin.tsv", "wal/current.wal.tsv"] {
        let expected = fs::read_to_string(root.join(file)).unwrap();
        let mut written = Vec::new();
        for row in expected.lines() {
            rewrite(row, &mut written);
            rows += 1;
        }
        assert!(String::from_utf8(written).unwrap() == expected, "{file}");
    }
    assert!(rows > 20, "{rows}");
}

fn rewrite(row: &str, out: &mut Vec<u8>) {
    let fields: Vec<&str> = row.split('\t').collect();
    match fields[..] {
        ["snapshot", from, to] => tsv::snapshot(out, from.parse().unwrap(), to.parse().unwrap()),
        ["level", path] => tsv::level(out, &levels(path)),
        ["column", path, metric, interval, start, count, values] => {
            let metric = name(metric);
            let head = tsv::ColumnHead {
                metric: &metric,
                interval_s: interval.parse().unwrap(),
                start_s: start.parse().unwrap(),
                count: count.parse().unwrap(),
            };
            tsv::column(out, &levels(path), head, values.split_terminator(' ').map(value))
        }
        ["record", time, metric, path, bits] => {
            tsv::record(out, time.parse().unwrap(), &name(metric), &levels(path), value(bits))
        }
        ["end", "clean"] => tsv::end(out, None),
        _ => panic!("{row}"),
    }
    .unwrap();
}

fn levels(path: &str) -> Vec<String> {
    if path.is_empty() { Vec::new() } else { path.split('/').map(name).collect() }
}

fn name(escaped: &str) -> String {
    let mut parts = escaped.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

fn value(bits: &str) -> f32 {
    if bits == "nan" { f32::NAN } else { f32::from_bits(u32::from_str_radix(bits, 16).unwrap()) }
}

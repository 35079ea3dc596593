//! Which arrays are taken, and that their values are those of the plain way.

use super::*;
use crate::parse::Parser;

const NUMBERS: &str = "0 7 -1 0.0 -0.0 -0 10 99999999 16777217 -1234567 123456.7 0.123456 -0.12345 1234.5678 123456789 \
    0.30000001192092896 9007199254740993 9007199254740992.5 7.038531e-26 3.4028235e38 1e-45 1e39 -1E+5 \
    0e0 123456789012345678901234567890 0.00000000000000000000001 0.0000000000000000000001 null";

/// Between two `~`.
const NO_NUMBERS: &str = "~-~.~-.~.5~-.5~5.~-5.~00~-00~01~-01~00.5~-01.5~1.2.3~--1~1-~1-2~+1~ 1~1 ~\n~1e~1e999~nul~nulll~Null~\
    NaN~true~\"1\"~[~{}~1/2~1:2~\0~\u{0}5~\u{80}~1\u{e9}~0x1~1_000~000000.5~-000000~1e-~12345678.~1.e5";

/// The bits of an array's values and what stands behind it, or nothing.
fn read(array: &str) -> Option<Vec<u32>> {
    // A text in which something stands before and behind it.
    let text = format!("{{\"data\":{array},null]");
    let start = "{\"data\":[".len();
    let mut values = Values::default();
    let read = values.read(text.as_bytes(), start)?;
    assert_eq!(read.end, start - 1 + array.len(), "{array}");
    Some(values.get(read.first, read.first + read.count).iter().map(|value| value.to_bits()).collect())
}

fn plain(array: &str) -> Vec<u32> {
    let mut cursor = Cursor::new(array.as_bytes());
    let minus_zero = cursor.array().unwrap().minus_zero;
    let mut out = Vec::new();
    Parser::default().values(&mut array.to_owned().into_bytes(), minus_zero, &mut out).unwrap();
    out.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn numbers_and_nulls_are_taken_with_the_bits_that_the_plain_way_gives() {
    for number in NUMBERS.split_ascii_whitespace() {
        for count in [1, 2, 3, 40, 300] {
            let array = format!("[{}]", vec![number; count].join(","));
            assert_eq!(read(&array), Some(plain(&array)), "{array}");
            let mixed = format!("[{0}]", vec![number; count].join(",12.5,null,12.5,12.5,7,-3.25,"));
            assert_eq!(read(&mixed), Some(plain(&mixed)), "{mixed}");
        }
    }
    assert_eq!(read("[]"), Some(vec![]));
}

#[test]
fn what_is_not_plain_is_left_as_a_whole() {
    for token in NO_NUMBERS.split('~') {
        for before in
            ["", "1,", "0.5,0.5,", "5,5,5,", "-12.5,", "null,", "12,12,12,12,12,12,12,12,12,12,12,12,"]
        {
            for behind in ["", ",1", ",0.5"] {
                let array = format!("[{before}{token}{behind}]");
                if array == "[]" {
                    continue;
                }
                assert_eq!(read(&array), None, "{array:?}");
            }
        }
    }
    let (mut values, open) = (Values::default(), b"{\"data\":[1,2,3,4,5,6,7");
    assert!(values.read(open, 9).is_none());
    assert_eq!(values.used, 0);
}

#[test]
fn the_next_text_takes_the_place_of_the_last_one() {
    let mut values = Values::default();
    let text = format!("{{\"data\":[{}7]", "1.5,".repeat(3 * ROOM));
    for _ in 0..5 {
        values.clear();
        let read = values.read(text.as_bytes(), 9).unwrap();
        assert_eq!((read.first, read.count, read.end), (0, 3 * ROOM + 1, text.len()));
        let again = values.read(text.as_bytes(), 9).unwrap();
        assert_eq!(again.first, read.count, "two arrays of one text lie behind each other");
        assert_eq!(values.get(again.first, again.first + again.count)[3 * ROOM], 7.0);
    }
}

#[test]
fn digits_of_a_form_are_rounded_once() {
    for decimals in 0..=6u32 {
        let divisor = 10u32.pow(decimals);
        let first = if decimals == 0 { 0 } else { 1 };
        for number in (first..10_000_000u32).step_by(7) {
            let once = number as f32 / divisor as f32;
            let by_way_of_double = rounded(f64::from(number) / f64::from(divisor));
            assert_eq!(once.to_bits(), by_way_of_double.to_bits(), "{number} / {divisor}");
        }
    }
}

#[test]
fn all_forms_give_the_value_that_the_standard_library_gives() {
    let mut count = 0;
    for whole in [0u32, 1, 9, 10, 99, 100, 4_095, 16_383, 99_999, 123_456, 9_999_999, 99_999_999] {
        for decimals in 0..=6usize {
            for last in [0u32, 1, 5, 9, 12, 345, 6_789, 999_999] {
                for sign in ["", "-"] {
                    let behind = format!("{last:0decimals$}");
                    let point =
                        if decimals > 0 { format!(".{}", &behind[..decimals]) } else { String::new() };
                    let token = format!("{sign}{whole}{point}");
                    if token.len() > FORM_BYTES {
                        continue;
                    }
                    let text = format!("{token:>9},");
                    let word = word_of(window(text.as_bytes(), 9).unwrap());
                    let value = Form::of(word, token.len()).and_then(|form| form.value(word));
                    let expected = rounded(token.parse().unwrap());
                    assert_eq!(value.map(f32::to_bits), Some(expected.to_bits()), "{token}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 300, "{count}");
}

//! Files that ask for more than there is: what every format answers, in words and with the place.

use std::fmt::Write;

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_snapshot::{Counts, DecodeError, Format, Limits, NAME_BYTES_MAX, Scratch};
use treering_wal::{End, FILE_MAGIC, Limits as LogLimits, RECORD_MAGIC, Reader};

const NESTED: usize = 10_000;
const NAME: usize = NAME_BYTES_MAX + 1;
const FOUR_BILLION: [u8; 4] = u32::MAX.to_le_bytes();

/// What a decode of these bytes comes to, in a few lines. Every error and every report has its place.
fn answer(format: &dyn Format, limits: &Limits, what: &str, bytes: &[u8]) -> String {
    let (mut counts, mut damage) = (Counts::default(), Vec::new());
    let report = &mut |found| damage.push(found);
    let decoded = format.decode(&mut bytes.to_vec(), &mut Scratch::new(), limits, &mut counts, report);
    let mut text = format!(
        "{} bytes, {what}\n  {} levels, {} columns, {} values\n",
        bytes.len(),
        counts.levels,
        counts.columns,
        counts.values
    );
    let len = u64::try_from(bytes.len()).unwrap();
    for found in damage.iter().take(2) {
        writeln!(text, "  {found}").unwrap();
    }
    assert!(damage.iter().all(|found| found.offset <= len), "{what}");
    if damage.len() > 2 {
        writeln!(text, "  and {} more", damage.len() - 2).unwrap();
    }
    match decoded.end {
        Ok(()) => text.push_str("  read to its end\n"),
        Err(error) => {
            let unread = matches!(error, DecodeError::TooLong { .. });
            assert!(error.offset().map_or(unread, |offset| offset <= len), "{what}: {error}");
            writeln!(text, "  {error}").unwrap();
        }
    }
    text
}

fn bin(what: &str, parts: &[&[u8]]) -> String {
    let window = [1_i64, 2].map(i64::to_le_bytes).concat();
    let bytes = [&treering_format_bin::FILE_MAGIC.to_le_bytes()[..], &window, &parts.concat()].concat();
    answer(&BinFormat, &Limits::default(), what, &bytes)
}

fn json(what: &str, text: &str) -> String {
    answer(&JsonFormat::exact(), &Limits::default(), what, text.as_bytes())
}

fn name(len: u16) -> Vec<u8> {
    [&len.to_le_bytes()[..], &vec![b'n'; len.into()]].concat()
}

/// A column's head with a count, and so many bytes behind it.
fn column(count: [u8; 4], bytes: usize) -> Vec<u8> {
    [&name(1)[..], &60_i64.to_le_bytes(), &5_i64.to_le_bytes(), &count, &vec![0; bytes]].concat()
}

#[test]
fn bin_files_that_ask_for_more_than_there_is_are_answered_with_the_place() {
    let one = 1_u32.to_le_bytes();
    let (none, nested) = ([0; 4], [&[0; 4][..], &one, &name(1)].concat().repeat(NESTED));
    let four_columns = column(one, 4).repeat(4);
    let text = [
        bin("nothing behind the header", &[]),
        bin("4,294,967,295 columns, none there", &[&FOUR_BILLION]),
        bin("4,294,967,295 columns, four there", &[&FOUR_BILLION, &four_columns]),
        bin("4,294,967,295 levels, none there", &[&none, &FOUR_BILLION]),
        bin("a column of 4,294,967,295 values", &[&one, &column(FOUR_BILLION, 100)]),
        bin(
            "the second column has 4,294,967,295 values",
            &[&2_u32.to_le_bytes(), &column(one, 4), &column(FOUR_BILLION, 100)],
        ),
        bin("a name of 65,535 bytes, half of it there", &[&one, &name(u16::MAX)[..30_000]]),
        bin("10,000 levels below each other", &[&nested, &none, &none]),
        bin("10,000 levels below each other, cut off", &[&nested]),
        answer(&BinFormat, &Limits::default(), "zeros", &[0; 100]),
        answer(&BinFormat, &Limits::default(), "three bytes", &[1, 2, 3]),
    ];
    insta::assert_snapshot!("bin", text.concat());
}

#[test]
fn json_texts_that_ask_for_more_than_there_is_are_answered_with_the_place() {
    let children = r#"{"children":{"a":"#;
    let long = "n".repeat(NAME);
    let text = [
        json("nothing", ""),
        json("10,000 levels below each other", &(children.repeat(NESTED) + "{}" + &"}}".repeat(NESTED))),
        json("10,000 levels below each other, cut off", &children.repeat(NESTED)),
        json("a million brackets", &"[".repeat(1 << 20)),
        json("a million brackets under a key", &(r#"{"x":"#.to_owned() + &"[".repeat(1 << 20))),
        json("brackets for values", &format!(r#"{{"metrics":{{"m":{{"data":[1,{}"#, "[".repeat(1 << 20))),
        json("a metric's name of 65,536 bytes", &format!(r#"{{"metrics":{{"{long}":{{}},"m":{{}}}}}}"#)),
        json("a level's name of 65,536 bytes", &format!(r#"{{"children":{{"{long}":{{}},"m":{{}}}}}}"#)),
        json("a start beyond 64 bits", r#"{"metrics":{"m":{"start":9223372036854775808},"n":{}}}"#),
        json("a value beyond double precision", r#"{"metrics":{"m":{"data":[1,1e400]},"n":{}}}"#),
        answer(
            &JsonFormat::exact(),
            &Limits { text_bytes_max: 9, ..Limits::default() },
            "at most 9 are read",
            b"{\"x\":\"y\"}\n",
        ),
    ];
    insta::assert_snapshot!("json", text.concat());
}

/// A limit that the caller sets is one of every format, if it has anything to do with it.
#[test]
fn limits_of_the_caller_reach_every_format() {
    let limits = Limits { depth_max: 1, name_bytes_max: 2, text_bytes_max: 1 << 30 };
    for (format, longest) in [(&BinFormat as &dyn Format, u64::MAX), (&JsonFormat::exact(), 1 << 30)] {
        assert_eq!(format.len_bytes_max(&limits), longest);
        let mut document = treering_snapshot::Document::new();
        for path in [&[][..], &["l"], &["l", "l"], &["long"]] {
            for metric in ["m", "long"] {
                document.insert(path, metric, treering_snapshot::Column::default()).unwrap();
            }
        }
        let (bytes, _) = super::documents::encode(format, &document, &treering_snapshot::Meta::default());
        insta::assert_snapshot!(
            format.extension().to_owned() + "_limited",
            answer(format, &limits, "limited", &bytes)
        );
    }
    let short = Limits { text_bytes_max: u64::MAX, ..Limits::default() };
    assert_eq!(JsonFormat::exact().len_bytes_max(&short), u64::from(u32::MAX), "as its tables count");
}

/// What a log of these frames comes to.
fn log(what: &str, parts: &[&[u8]]) -> String {
    let bytes = [&FILE_MAGIC.to_le_bytes()[..], &parts.concat()].concat();
    let mut reader = Reader::new(&bytes, &LogLimits::default()).unwrap();
    let mut text = format!("{} bytes, {what}\n", bytes.len());
    loop {
        let records = reader.by_ref().count();
        match reader.end().unwrap() {
            End::Clean => writeln!(text, "  {records} records, then the end").unwrap(),
            End::Torn { offset, reason } => {
                writeln!(text, "  {records} records, torn at {offset}: {reason}").unwrap();
            }
            End::Corrupt { offset, reason, next } => {
                writeln!(text, "  {records} records, corrupt from {offset} to {next}: {reason}").unwrap();
            }
        }
        if !reader.resume() {
            return text;
        }
    }
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    let header = [RECORD_MAGIC.to_le_bytes(), len.to_le_bytes()].concat();
    [&header[..], payload, &crc32fast::hash(payload).to_le_bytes()].concat()
}

#[test]
fn logs_that_ask_for_more_than_there_is_are_answered_with_the_place() {
    let time = [0; 8];
    let sound = frame(&[&time[..], &[1, 0], b"m", &[0], &[0; 4]].concat());
    let long_metric = frame(&[&time[..], &[0xFF, 0xFF], b"m", &[0], &[0; 4]].concat());
    let deep = frame(&[&time[..], &[1, 0], b"m", &[255], &[0; 255], &[0; 4]].concat());
    let long_payload = [&RECORD_MAGIC.to_le_bytes()[..], &FOUR_BILLION, &[0; 50]].concat();
    let text = [
        log("a payload of 4,294,967,295 bytes at the end", &[&sound, &long_payload]),
        log("a payload of 4,294,967,295 bytes between records", &[&sound, &long_payload, &sound]),
        log("a metric's name longer than its record", &[&sound, &long_metric, &sound]),
        log("a record of 255 levels", &[&sound, &deep, &sound]),
        log("4,096 magics and nothing else", &[&RECORD_MAGIC.to_le_bytes().repeat(4_096)]),
    ];
    insta::assert_snapshot!("wal", text.concat());
}

/// Errors of formats are for people, too: no path, no full stop, and where to look.
#[test]
fn a_limit_says_what_it_is_and_how_much_there_was() {
    let error = DecodeError::Limit { offset: 5, expected: "bytes of text", max: 3, found: 4 };
    assert_eq!(error.to_string(), "limit passed at byte 5: at most 3 bytes of text, 4 found");
}

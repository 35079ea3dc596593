//! Lines that are refused: each with its number and reason, counted, and nobody else's business.

use std::time::{SystemTime, UNIX_EPOCH};

use super::process::{points, run_lines};

#[test]
fn every_refused_line_has_a_number_and_a_reason_and_takes_no_other_along() {
    let dir = tempfile::tempdir().unwrap();
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let line = |rest: &str| format!("load,cluster=c,host=h{rest}\n");
    let good = line(&format!(" value=1 {now_s}"));
    let far_s = now_s + 86_400;
    let old_s = now_s - 10 * 86_400;
    let long = "l".repeat(300);
    let lines = [
        good.clone(),
        "load\n".to_owned(),
        "load,host=h value=1\n".to_owned(),
        "load,cluster=c value=1\n".to_owned(),
        "load,cluster=a/b,host=h value=1\n".to_owned(),
        line(&format!(",type={long} value=1")),
        line(",type value=1"),
        line(" other=1"),
        line(" value=\"text\""),
        line(" value=nan"),
        line(" value=1 yesterday"),
        line(&format!(" value=1 {far_s}")),
        line(&format!(" value=1 {old_s}")),
        "treering.control,cluster=c,host=h value=1\n".to_owned(),
        good.replace("value=1", "value=2"),
    ];
    let ran = run_lines(dir.path(), &lines.concat(), &[]);
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(0), Some("ack 15")));
    assert_eq!(points(dir.path()), format!("point\tc/h\tload\t{now_s}\t40000000\n"));
    let said = ran.stderr.split(": nothing stored yet\n").nth(1).unwrap();
    let said = said.split("last checkpoint").next().unwrap();
    insta::assert_snapshot!(said, @r#"
    line 2 refused (missing_value): no value at byte 4: write a space and value=<number> behind the metric and its tags
    line 3 refused (no_cluster): no cluster: add the tag cluster=NAME
    line 4 refused (no_host): no host: add the tag hostname=NAME
    line 5 refused (bad_name): cluster name "a/b" has a / at byte 1, it becomes a directory and may hold none
    line 6 refused (bad_name): level name "llllllllllllllllllllllllllllllllllllllllllllllll..." has 300 bytes, allowed are 1 to 255
    line 7 refused (bad_syntax): tag at byte 22 is not key=text (write \= \, and \ with a space for = , and space in it)
    line 8 refused (missing_value): none of the fields at byte 22 is called value: write value=<number>
    line 9 refused (bad_value): value at byte 28 is a string, not a number
    line 10 refused (bad_value): value at byte 28 is NaN or infinite, not a number
    line 11 refused (bad_time): time at byte 30 is not a whole number of s, ms, us or ns since 1970
    line 14 refused (bad_name): metric name "treering.control" is reserved, any other is allowed
    lines 1 to 15: 1 refused (too_old): older than the retention
    lines 1 to 15: 1 refused (too_far_ahead): too far ahead of this machine's clock
    2 samples stored, 13 refused
      refused, bad_name: 3
      refused, bad_syntax: 1
      refused, bad_time: 1
      refused, bad_value: 2
      refused, missing_value: 2
      refused, no_cluster: 1
      refused, no_host: 1
      refused, too_far_ahead: 1
      refused, too_old: 1
    "#);
}

#[test]
fn many_refused_lines_are_counted_and_not_all_shown() {
    let dir = tempfile::tempdir().unwrap();
    for (lines, shown) in [(20, 0), (21, 1)] {
        let ran = run_lines(dir.path(), &"bad\n".repeat(lines), &[]);
        assert_eq!(ran.code, Some(0));
        assert_eq!(ran.said(" refused (missing_value)").len(), 20);
        assert_eq!(ran.said("further refused lines").len(), shown);
        assert_eq!(ran.said(&format!("0 samples stored, {lines} refused")).len(), 1, "{ran:?}");
        assert_eq!(ran.said(&format!("refused, missing_value: {lines}")).len(), 1, "{ran:?}");
    }
}

#[test]
fn a_line_that_is_far_too_long_is_skipped_and_the_next_one_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let lines =
        format!("load,cluster=c,host={} value=1 60\nload,cluster=c,host=h value=1 60\n", "h".repeat(1 << 20));
    let ran = run_lines(dir.path(), &lines, &["--retention", "0"]);
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(0), Some("ack 2")));
    assert_eq!(ran.said("line 1 refused (too_long)").len(), 1, "{}", ran.stderr);
    assert_eq!(points(dir.path()), "point\tc/h\tload\t60\t3f800000\n");
}

#[test]
fn bytes_that_are_no_text_are_refused_and_shown_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("batch.lp");
    std::fs::write(
        &input,
        b"lo\xffad,cluster=c,host=h value=1 60\n\x00\x01\x02\nload,cluster=c,host=\x1b[31m value=1 60\n",
    )
    .unwrap();
    let ran = super::process::treering(dir.path(), &["run", "--dir", "store", "--input", "batch.lp"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.said("line ").len(), 3, "{ran:?}");
    assert!(!ran.stderr.contains('\x1b'), "{ran:?}");
}

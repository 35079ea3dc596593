//! Help and error messages word for word, and where they go.

use std::fs;

use insta::assert_snapshot;

use super::process::{Running, command, run_lines, run_open, treering};

fn help(args: &[&str]) -> String {
    let ran = treering(&std::env::temp_dir(), args);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    ran.stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn help_is_an_answer() {
    assert_snapshot!(help(&["--help"]), @"
    An in-memory store for monitoring data that never forgets

    Usage: treering <COMMAND>

    Commands:
      run          Runs the store: takes in samples, keeps them, writes checkpoints
      dump         Prints what a snapshot, a log or a whole store holds
      ls           Lists what lies in a store, host by host
      verify       Checks snapshots, logs and whole stores, and says what to do about what it finds
      convert      Converts snapshots, or all of a store's, into another format
      repair       Makes a new store of all that is sound in a damaged one
      completions  Prints completions for a shell
      man          Prints a manual page
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
      0  done, and all input was read
      1  the answer is no: damage, nothing found
      2  the arguments or the configuration are wrong
      3  it could not be finished
      4  refused: another process has the store, or the destination exists
    ");
}

#[test]
fn help_of_run() {
    assert_snapshot!(help(&["run", "--help"]), @r#"
    Runs the store: takes in samples, keeps them, writes checkpoints

    Usage: treering run [OPTIONS]

    Options:
          --dir <DIR>
              Directory of the store, made if it is missing [default: the configuration's, or
              ./var/checkpoints]

          --config <FILE>
              Configuration file (JSON): metrics that it does not name are refused; other arguments win
              over it

          --collect
              Measure this machine, also when there is an --input

          --input <FILE>
              Read samples as line protocol from a file, or from standard input if FILE is -

          --file-format <FORMAT>
              What is written: binary snapshots and a log, or JSON snapshots and no log [default: the
              configuration's, or wal]

              Possible values:
              - wal:  Binary snapshots and a log: the death of the process loses nothing acknowledged
              - json: JSON snapshots only: the death of the process loses what came after the last
                checkpoint

          --decimals <N>
              Digits after the point in JSON snapshots: 1 is what ClusterCockpit writes, without it
              every value is exact

          --sync <POLICY>
              When the log is made safe from a power cut; the death of the process loses nothing under
              any policy [default: interval]

              Possible values:
              - always:   Before a sample is acknowledged: a power cut loses nothing acknowledged
              - interval: Every second: a power cut loses about what came in the last second
              - never:    With checkpoints: a power cut loses what came after the last one

          --on-disk-full <WHAT>
              What happens to samples of a host whose log fails, until it works again

              Possible values:
              - memory: They are kept in memory, and acknowledged when a checkpoint has them
              - refuse: They are refused and counted

              [default: memory]

          --checkpoint-interval <DURATION>
              Time between checkpoints, 0 for none but the last [default: the configuration's, or 12h]

          --retention <DURATION>
              How long samples are kept, 0 for ever [default: the configuration's, or 48h]

          --default-interval <SECONDS>
              Interval of metrics of which nothing else is known

              [default: 60]

          --for <DURATION>
              Stop by itself after this time

          --acks
              Print "ack N" when the first N input lines are as safe as --sync promises

      -h, --help
              Print help (see a summary with '-h')

    Without --input it measures this machine every second, under local/<hostname>.
    Stop it with Ctrl-C: it writes a last checkpoint first.
    Durations are numbers with units: 90s, 1h30m, 48h (ns, us, ms, s, m, h).

    Examples:
      treering run                                      measure this machine into ./var/checkpoints
      treering run --for 1m --dir /tmp/try              the same for a minute, somewhere else
      collector | treering run --input - --acks         samples as line protocol, acknowledged
      treering run --config config.json --input batch.lp --sync always
      treering run --file-format json                   JSON snapshots, and no log
    "#);
}

#[test]
fn help_of_dump() {
    assert_snapshot!(help(&["dump", "--help"]), @r#"
    Prints what a snapshot, a log or a whole store holds

    Usage: treering dump [OPTIONS] <PATH>

    Arguments:
      <PATH>
              A snapshot (.bin, .json), a log (.wal) or the directory of a store, of a cluster or of a
              host

    Options:
          --format <FORMAT>
              For reading, or for programs

              Possible values:
              - text: Tables for eyes
              - tsv:  Tab separated rows, values as bits
              - json: One JSON object a line

              [default: text]

          --json
              The same as --format json

          --config <FILE>
              Configuration file (JSON), for the intervals of metrics

          --default-interval <SECONDS>
              Interval of metrics of which nothing else is known

              [default: 60]

      -h, --help
              Print help (see a summary with '-h')

    A directory is read as a start would read it, but nothing is locked or changed, so it may be in use.
    A gap is a slot without a sample. Times are Unix seconds.

    Exit codes:
      0  all of it is sound
      1  something is damaged, what is sound was printed; or nothing is stored
      3  something could not be read

    Examples:
      treering dump var/checkpoints                     every series with its span and latest value
      treering dump var/checkpoints --format tsv        every sample, one a line
      treering dump var/checkpoints/c/h                 one host
      treering dump var/checkpoints/c/h/1700000000.bin  one snapshot
      treering dump var/checkpoints/c/h/current.wal     one log
      treering dump 1.json --json | jq 'select(.kind == "column").maximum'
    "#);
}

#[test]
fn the_version_is_an_answer() {
    assert_eq!(help(&["--version"]), format!("treering {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn errors_say_what_where_and_what_to_do_next() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "text").unwrap();
    fs::write(dir.path().join("batch.lp"), "").unwrap();
    fs::write(dir.path().join("config.json"), "{\"metrics\":{},\n\"colour\":1}").unwrap();
    let error = |args: &[&str]| {
        let ran = treering(dir.path(), args);
        assert_eq!(ran.stdout, "", "{args:?}");
        format!("{}[exit {}]", ran.stderr, ran.code.unwrap())
    };
    assert_snapshot!(error(&["run", "--acks"]), @"
    error: the following required arguments were not provided:
      --input <FILE>

    Usage: treering run --input <FILE> --acks

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(error(&["run", "--for", "5"]), @"
    error: invalid value '5' for '--for <DURATION>': the number at byte 0 has no unit: add one of ns, us, ms, s, m, h

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(error(&["run", "--default-interval", "0"]), @"
    error: invalid value '0' for '--default-interval <SECONDS>': whole seconds are expected, 1 to 4294967295

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(error(&["run", "--config", "none.json"]), @"
    error: cannot read the configuration none.json: No such file or directory (os error 2)
    [exit 2]
    ");
    assert_snapshot!(error(&["run", "--config", "config.json"]), @"
    error: configuration config.json: colour: unknown key `colour`, expected one of `main`, `metrics`, `metric-store`, `nats` (line 2, column 8)
    [exit 2]
    ");
    assert_snapshot!(error(&["run", "--input", "none.lp"]), @"
    error: cannot open the input none.lp: No such file or directory (os error 2)
      give a file of line protocol, or - for standard input
    [exit 2]
    ");
    assert_snapshot!(error(&["run", "--input", "."]), @"
    error: cannot open the input .: is a directory
      give a file of line protocol, or - for standard input
    [exit 2]
    ");
    assert_snapshot!(error(&["run", "--input", "batch.lp", "--dir", "file/store"]), @"
    error: cannot use file/store as the store's directory: cannot make file/store: Not a directory (os error 20)
      give another directory with --dir
    [exit 3]
    ");
    assert_snapshot!(error(&["dump", "none"]), @"
    error: cannot read none: No such file or directory (os error 2)
      give a snapshot, a log, or the directory of a store
    [exit 2]
    ");
    assert_snapshot!(error(&["dump", "file"]), @r"
    error: file is neither a snapshot nor a log
      name it *.bin, *.json or *.wal to have it looked at all the same
    [exit 2]
    ");
}

#[test]
fn a_store_in_use_is_refused_in_these_words() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = run_open(&dir.path().join("store"), &[]);
    running.send("\n");
    running.wait_for_ack(1);
    let ran = treering(dir.path(), &["run", "--dir", "store"]);
    let said = ran.stderr.replace(&running.id().to_string(), "PID");
    if cfg!(target_os = "linux") {
        assert_snapshot!(said, @"
        error: cannot lock store: in use by process PID (treering)
          stop that process first, or give another directory with --dir
        ");
    }
    assert_eq!(ran.code, Some(4));
}

#[test]
fn a_run_in_a_pipe_says_how_it_began_and_ended() {
    let dir = tempfile::tempdir().unwrap();
    let said = |lines: &str| {
        let store = dir.path().join("store");
        let ran = run_lines(&store, lines, &["--retention", "0"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        // Times differ from run to run.
        let lines = ran.stderr.replace(store.to_str().unwrap(), "store");
        lines.lines().map(|line| without_measures(line) + "\n").collect::<String>()
    };
    assert_snapshot!(said("a,cluster=c,host=h value=1 60\nb,cluster=c,host=h value=1 60\nc\n"), @r"
    store: nothing stored yet
    line 3 refused (missing_value): no value at byte 1: write a space and value=<number> behind the metric and its tags
    2 samples stored, 1 refused
      refused, missing_value: 1
    last checkpoint: 1 host, 1 file, N B, N s
    ");
    assert_snapshot!(said("a,cluster=c,host=i value=1 60\n"), @r"
    store: recovered 2 samples of 2 series on 1 host in N s
      2 samples from 1 snapshot, 0 from 0 log segments; 0 met another in their slot
    1 sample stored, 0 refused
    last checkpoint: 1 host, 1 file, N B, N s
    ");
}

/// A number before ` s` is how long something took, one before ` B` how much was written.
fn without_measures(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let follows = |index: usize| words.get(index + 1).is_some_and(|next| matches!(*next, "s" | "B,"));
    let words = words.iter().enumerate().map(|(index, word)| if follows(index) { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_pipe_gets_no_progress_and_no_colours() {
    let dir = tempfile::tempdir().unwrap();
    // Longer than a terminal waits for its first status line.
    let running = run_open(dir.path(), &["--collect", "--for", "2500ms"]);
    let ran = running.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert!(!ran.stderr.contains(['\x1b', '\r']), "{ran:?}");
    // It began, measures, ended, and wrote a last checkpoint. What this machine does not tell is a warning.
    assert_eq!(ran.stderr.lines().filter(|line| !line.starts_with("warning: ")).count(), 4, "{ran:?}");
}

#[test]
fn no_color_is_obeyed() {
    let said = |no_color: bool| {
        let mut command = command();
        command.env("CLICOLOR_FORCE", "1").args(["run", "--frobnicate"]);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        Running::of(&mut command).end().stderr
    };
    assert!(said(false).contains('\x1b'), "colours can be forced into a pipe");
    assert!(!said(true).contains('\x1b'));
}

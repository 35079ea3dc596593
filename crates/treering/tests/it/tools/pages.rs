//! The help of the tools word for word, completions, and manual pages.

use insta::assert_snapshot;

use crate::program::process::treering;

fn printed(args: &[&str]) -> String {
    let ran = treering(&std::env::temp_dir(), args);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
    ran.stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn help_of_convert() {
    assert_snapshot!(printed(&["convert", "--help"]), @r"
    Converts snapshots, or all of a store's, into another format

    Usage: treering convert [OPTIONS] --to <FORMAT> <SRC> <DST>

    Arguments:
      <SRC>
              A snapshot (.bin, .json) or the directory of a store, of a cluster or of a host

      <DST>
              What is made: a name that is not taken

    Options:
          --to <FORMAT>
              The format that is written

              Possible values:
              - json: Text for people and their tools
              - bin:  Blocks of values with checksums

          --decimals <N>
              Write JSON with so many decimals: 1, as the reference does [default: all that a value has]

          --lossless
              If anything would be lost, make nothing

      -h, --help
              Print help (see a summary with '-h')

    What was written is read again and compared with the source, value by value. What is lost is said:
    values that one decimal has changed, infinite values, which JSON does not have, bytes behind the
    end, members that no snapshot has, damage. Sound parts of what is damaged are converted. A directory
    is converted with its logs, which are copied; what no store has put there is named and left. Nothing
    is ever overwritten, and DST appears only when it is complete.

    Exit codes:
      0  done; what was lost, if anything, was said
      1  something is damaged, or would be lost with --lossless, or there is nothing to convert
      3  something could not be read or written
      4  DST exists, or another process has the store

    Examples:
      treering convert var/checkpoints readable --to json      a whole store
      treering convert 1700000000.json 1.bin --to bin          one snapshot
      treering convert var/checkpoints small --to json --decimals 1 --lossless
                                                               if one decimal is enough
    ");
}

#[test]
fn help_of_repair() {
    assert_snapshot!(printed(&["repair", "--help"]), @r"
    Makes a new store of all that is sound in a damaged one

    Usage: treering repair [OPTIONS] --out <NEW> <DIR>

    Arguments:
      <DIR>  The directory of a store, of a cluster or of a host

    Options:
          --out <NEW>                   The directory of the new store: a name that is not taken
          --write                       Write it
          --json                        Print the report as JSON
          --config <FILE>               Configuration file (JSON), for the intervals of metrics
          --default-interval <SECONDS>  Interval of metrics of which nothing else is known [default: 60]
      -h, --help                        Print help

    It reads DIR as a start would: sound columns of damaged snapshots, records behind damage in logs,
    merged by the same rules. Without --write it says what it found and would do, and writes nothing.
    With --write it makes NEW, whose snapshots give exactly the samples of `treering dump DIR`, and
    compares the two. DIR stays as it is.

    The report names every range of bytes that did not make it, and why.

    Exit codes:
      0  all that was stored is there
      1  something that was stored is lost, or nothing is stored
      3  something could not be read or written
      4  NEW exists, or another process has the store

    Examples:
      treering repair var/checkpoints --out rescued            the plan
      treering repair var/checkpoints --out rescued --write    a new store of all that is sound
      treering repair var/checkpoints --out rescued --json     the plan for programs
    ");
}

#[test]
fn help_of_completions_and_man() {
    assert_snapshot!(printed(&["completions", "--help"]), @"
    Prints completions for a shell

    Usage: treering completions <SHELL>

    Arguments:
      <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help

    Examples:
      treering completions bash > /etc/bash_completion.d/treering
      treering completions fish > ~/.config/fish/completions/treering.fish
    ");
    assert_snapshot!(printed(&["man", "--help"]), @r"
    Prints a manual page

    Usage: treering man [COMMAND]

    Arguments:
      [COMMAND]  The command that the page is about [default: the program] [possible values: run, dump,
                 ls, verify, convert, repair, completions, man]

    Options:
      -h, --help  Print help

    Examples:
      treering man > treering.1
      treering man run | man -l -                       of one command
    ");
}

/// All commands but `help`.
const COMMANDS: [&str; 8] = ["run", "dump", "ls", "verify", "convert", "repair", "completions", "man"];

#[test]
fn every_shell_gets_completions_for_every_command_and_argument() {
    let long = |command: &str| {
        let help = printed(&[command, "--help"]);
        let words = help.split([' ', '\n', ',']).filter(|word| word.starts_with("--") && word.len() > 2);
        words.map(str::to_owned).filter(|word| help.contains(&format!("      {word}"))).collect::<Vec<_>>()
    };
    let arguments: Vec<String> = COMMANDS.iter().flat_map(|command| long(command)).collect();
    assert!(arguments.len() > 25, "{arguments:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        // fish has the words without their dashes.
        for word in COMMANDS.into_iter().chain(arguments.iter().map(|word| &word[2..])) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let ran = treering(&std::env::temp_dir(), &["completions", "tcsh"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn completions_are_scripts_that_their_shells_take() {
    let dir = tempfile::tempdir().unwrap();
    for (shell, check) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let script = dir.path().join(shell);
        std::fs::write(&script, treering(dir.path(), &["completions", shell]).stdout).unwrap();
        match std::process::Command::new(shell).args(check).arg(&script).status() {
            Ok(status) => assert!(status.success(), "{shell}"),
            Err(error) => eprintln!("skipped: {shell}: {error}"),
        }
    }
}

#[test]
fn the_program_and_each_command_have_a_manual_page() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH treering 1") && page.contains(".SH \"EXIT CODES\""), "{page}");
    for command in COMMANDS {
        assert!(page.contains(&format!("treering\\-{command}(1)")), "{command}: {page}");
        let page = printed(&["man", command]);
        assert!(page.contains(&format!(".TH treering-{command} 1")), "{page}");
        // Examples are not filled into lines.
        assert!(page.contains("\n.SH EXAMPLES\n.nf\n  treering "), "{page}");
    }
    let ran = treering(&std::env::temp_dir(), &["man", "frobnicate"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("[possible values: run, dump, "), "{ran:?}");
}

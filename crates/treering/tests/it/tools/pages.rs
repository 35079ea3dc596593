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
    assert_snapshot!(printed(&["convert", "--help"]), @"
    Converts snapshots, or all of a store's, into another format

    Usage: treering convert [OPTIONS] --to <FORMAT> <SRC> <DST>

    Arguments:
      <SRC>
              A snapshot (.bin, .json) or the directory of a store, of a cluster or of a host

      <DST>
              What is made; a name that is not taken, or for a directory that of an empty one

    Options:
          --to <FORMAT>
              The format that is written

              Possible values:
              - json: Text for people and their tools
              - bin:  Blocks of values with checksums

          --decimals <N>
              Write JSON with so many decimals: 1, as the reference does [default: all that a value has]

          --lossless
              If anything is lost, make nothing

      -h, --help
              Print help (see a summary with '-h')

    What was written is read again and compared with the source, value by value. What was lost is
    said: values that one decimal has changed, infinite values, which JSON does not have. Damage in
    the source is named, sound parts are converted, and the exit code is 1. A directory is converted
    with its logs, which are copied; what no store has put there is named and left. Nothing is ever
    overwritten, and DST appears only when it is complete.

    Examples:
      treering convert var/checkpoints readable --to json      a whole store
      treering convert 1700000000.json 1.bin --to bin          one snapshot
      treering convert var/checkpoints small --to json --decimals 1 --lossless
                                                               if one decimal is enough
    ");
}

#[test]
fn help_of_repair() {
    assert_snapshot!(printed(&["repair", "--help"]), @"
    Makes a new store of all that is sound in a damaged one

    Usage: treering repair [OPTIONS] --out <NEW> <DIR>

    Arguments:
      <DIR>  The directory of a store

    Options:
          --out <NEW>                   The directory of the new store; it must not exist, or be empty
          --write                       Write it
          --json                        Print the report as JSON
          --config <FILE>               Configuration file (JSON), for the intervals of metrics
          --default-interval <SECONDS>  Interval of metrics of which nothing else is known [default: 60]
      -h, --help                        Print help

    It reads DIR as a start would: sound columns of damaged snapshots, records behind damage in logs,
    merged by the same rules. Without --write it says what it found and would do, and writes nothing.
    With --write it makes NEW, whose snapshots give exactly the samples of `treering dump DIR`, and
    compares the two. DIR stays as it is.

    The report names every range of bytes that did not make it. The exit code is 1 if anything that
    was stored is lost.

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
    assert_snapshot!(printed(&["man", "--help"]), @"
    Prints a manual page

    Usage: treering man [COMMAND]

    Arguments:
      [COMMAND]  The command that the page is about [default: the program]

    Options:
      -h, --help  Print help

    Examples:
      treering man > treering.1
      treering man run | man -l -                       of one command
    ");
}

#[test]
fn every_shell_gets_completions_for_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for word in ["run", "dump", "convert", "repair", "lossless", "default-interval"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let ran = treering(&std::env::temp_dir(), &["completions", "tcsh"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn the_program_and_each_command_have_a_manual_page() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH treering 1") && page.contains("treering\\-repair(1)"), "{page}");
    for command in ["run", "dump", "convert", "repair"] {
        let page = printed(&["man", command]);
        assert!(page.contains(&format!(".TH treering-{command} 1")), "{page}");
    }
    let ran = treering(&std::env::temp_dir(), &["man", "frobnicate"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("there is no command \"frobnicate\""), "{ran:?}");
}

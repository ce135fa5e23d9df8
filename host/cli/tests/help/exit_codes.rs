//! Of the exit codes, and of command lines that end with the one for nonsense.

use crate::env::TestEnv;

#[test]
fn of_exit_codes() {
    let env = TestEnv::empty();
    insta::assert_snapshot!(env.run(&["help", "exit-codes"]), @r"
    Print the exit codes

    Usage: runner exit-codes [OPTIONS]

    Options:
      -h, --help  Print help

    Global options:
          --profile <NAME>    Built-in profile below `runner.toml`; `runner profile list` shows them
          --set <PATH=VALUE>  Set a value of the profile, above all files: `--set
                              environments.prod.watch.duration=1m`
          --output <FORM>     What is printed: human, or json (one document or event per line) [default:
                              human]
          --color <WHEN>      When to use colour: auto, always or never [default: auto]
      -C <DIR>                Act as if started in this folder
      -v, --verbose...        Show more; twice for debugging
      -q, --quiet             Show errors and data only

       0  done         released, or the command did what it was asked to; nothing to release, too
       1  error        an unexpected error
       2  usage        the command line makes no sense
       3  config       the profile, or what it names, cannot be used
      10  blocked      a gate or a precondition said no; nothing was deployed
      11  rejected     a person said no
      12  rolled-back  the release failed, the environment runs the previous one again
      13  stuck        the rollback failed too; what is left to do by hand is listed
      14  cancelled    a person cancelled the run
      15  interrupted  the run stopped without having ended; `runner resume` goes on
     130  ctrl-c       the same, by Ctrl-C
     143  terminated   the same, by SIGTERM
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["exit-codes"]), @r"
       0  done         released, or the command did what it was asked to; nothing to release, too
       1  error        an unexpected error
       2  usage        the command line makes no sense
       3  config       the profile, or what it names, cannot be used
      10  blocked      a gate or a precondition said no; nothing was deployed
      11  rejected     a person said no
      12  rolled-back  the release failed, the environment runs the previous one again
      13  stuck        the rollback failed too; what is left to do by hand is listed
      14  cancelled    a person cancelled the run
      15  interrupted  the run stopped without having ended; `runner resume` goes on
     130  ctrl-c       the same, by Ctrl-C
     143  terminated   the same, by SIGTERM
    [EOF]
    ");
}

#[test]
fn a_command_that_is_none_is_a_usage_error() {
    let env = TestEnv::empty();
    insta::assert_snapshot!(env.run(&["relaese"]), @r"
    --- stderr ---
    error: unrecognized subcommand 'relaese'

      tip: a similar subcommand exists: 'release'

    Usage: runner [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit code 2]
    ");
    insta::assert_snapshot!(env.run(&["deploy"]), @r"
    --- stderr ---
    error: the following required arguments were not provided:
      <ENV>

    Usage: runner deploy <ENV>

    For more information, try '--help'.
    [exit code 2]
    ");
}

//! Of commands that change what runs.

use super::own;

#[test]
fn of_what_changes_something() {
    insta::assert_snapshot!(own(&["release"]), @r"
    Release what is checked out, through the gate and every environment in order

    Usage: runner release [OPTIONS]

    Options:
          --plan           Print what would be done, in order, and do nothing
          --pre <CHANNEL>  Make a pre-release, e.g. `rc` for 1.3.0-rc.1
      -h, --help           Print help

    ...

    Examples:
      runner release --plan              every write that would be done, in order; nothing is written
      runner release                     with the profile of runner.toml
      runner release --pre rc            1.3.0-rc.1
      runner release --profile agentiq   with a built-in profile
      runner release --output json       every event as a line of JSON, for CI

    A release that is broken off (Ctrl-C, a crash) goes on with `runner resume`.
    ");
    insta::assert_snapshot!(own(&["quality-gate"]), @r"
    Run the checks of the gate, and nothing else

    Usage: runner quality-gate [OPTIONS] [CHECK]...

    Arguments:
      [CHECK]...  Only these checks

    Options:
          --plan  Print what would be done, in order, and do nothing
      -h, --help  Print help

    ...

    Checks that an environment has in `before` are made only where they are named. Notifiers hear of the
    whole gate only.

    Examples:
      runner quality-gate                          all checks, side by side
      runner quality-gate unit lint                only these
      runner quality-gate --set gate.e2e=false     without one of them; only here, a release has all
    ");
    insta::assert_snapshot!(own(&["deploy"]), @r"
    Deploy one environment

    Usage: runner deploy [OPTIONS] <ENV>

    Arguments:
      <ENV>  The environment

    Options:
          --version <V>  Which version; without it, the newest
          --plan         Print what would be done, in order, and do nothing
      -h, --help         Print help

    ...

    The first environment gets what is checked out, a later one what was found good in the one before
    it.

    Examples:
      runner deploy staging
      runner deploy prod --version 1.2.3
      runner deploy prod --plan
    ");
    insta::assert_snapshot!(own(&["rollback"]), @r"
    Bring one environment back to a release that was good there

    Usage: runner rollback [OPTIONS] <ENV>

    Arguments:
      <ENV>  The environment

    Options:
          --to <V>  Which version; it must have been good there
          --plan    Print what would be done, in order, and do nothing
      -h, --help    Print help

    ...

    Data that only the newer release can read, and that cannot be undone, is restored from the backup
    before that release if a person approves it: see `runner backup restore --help`.

    Examples:
      runner rollback prod               to the last good release that is not the running one
      runner rollback prod --to 1.2.2
      runner rollback prod --plan
    ");
}

//! Of commands that only look.

use super::own;

#[test]
fn of_what_only_looks() {
    insta::assert_snapshot!(own(&["status"]), @r"
    Show what runs where, as the targets themselves say

    Usage: runner status [OPTIONS] [ENV]

    Arguments:
      [ENV]  Only this environment

    Options:
      -h, --help  Print help

    ...

    Examples:
      runner status
      runner status prod --output json
    ");
    insta::assert_snapshot!(own(&["logs"]), @r"
    Show what the programs of an environment write, and the web server in front of them

    Usage: runner logs [OPTIONS] <ENV>

    Arguments:
      <ENV>  The environment

    Options:
      -u, --unit <NAME>   Only this source, e.g. `web` or `nginx-error`; may be given several times
      -f, --follow        Go on with what is written, until Ctrl-C
          --since <WHEN>  Only what is newer: `1h`, `30m`, or an instant like $DAYT10:00:00Z
      -n, --lines <N>     At most so many lines, the newest of all sources together; 100 unless
                          `--since` is given
      -h, --help          Print help

    ...

    In order of time, each line with its source; times are UTC. A line that says no time has that of the
    line before it; where there is none, `--since` does not leave it out. Values of secrets are taken
    out.

    Examples:
      runner logs staging                            the newest 100 lines of all sources
      runner logs prod --unit web --follow           go on until Ctrl-C
      runner logs prod -u nginx-error --since 1h
      runner logs prod --since 30m --output json     a line of JSON each
    ");
    insta::assert_snapshot!(own(&["version"]), @r"
    Print the next version, and why it is that

    Usage: runner version [OPTIONS]

    Options:
          --pre <CHANNEL>  The next pre-release, e.g. `rc`
      -h, --help           Print help

    ...

    Examples:
      runner version                     0.2.0 on standard output, the reason on standard error
      runner version --pre rc
    ");
    insta::assert_snapshot!(own(&["digest"]), @r#"
    Tell what happened lately: runs, rules that were breached, readings

    Usage: runner digest [OPTIONS] [ENV]

    Arguments:
      [ENV]  Only this environment

    Options:
          --since <TIME>   How far back, e.g. 24h or 7d [default: 1d]
          --level <LEVEL>  What is told at least: info, warning or critical [default: info]
          --new            Leave out what a digest of the last day has told already
          --send           Tell the notifiers too
          --plan           Print what would be done, in order, and do nothing
      -h, --help           Print help

    ...

    Runs and rules are those that the project's store knows; readings are asked now, as
    `[digest.readings.NAME]` of the profile says. Nothing to tell is not sent. A timer of a server tells
    daily what `[schedule.NAME] run = ["digest", "prod", "--send"]` says; `runner env setup` installs
    it.

    Examples:
      runner digest                          all environments, the last day
      runner digest prod --since 7d
      runner digest prod --send              also to notifiers whose `events` include `digest`
      runner digest prod --since 10m --level critical --new --send
    "#);
    insta::assert_snapshot!(own(&["changelog"]), @r"
    Print the changelog's section of the next release

    Usage: runner changelog [OPTIONS]

    Options:
          --preview        Only print it; that is the default, for only a release writes the changelog
          --pre <CHANNEL>  For the next pre-release, e.g. `rc`
      -h, --help           Print help

    ...

    Examples:
      runner changelog > notes.md
    ");
    insta::assert_snapshot!(own(&["doctor"]), @r"
    Check what runner needs on this machine

    Usage: runner doctor [OPTIONS]

    Options:
      -h, --help  Print help

    ...
    ");
    insta::assert_snapshot!(own(&["ci", "github"]), @r"
    Print the workflows of GitHub Actions: review, deploy on a push, deploy by hand

    Usage: runner ci github [OPTIONS]

    Options:
          --write  Write the files, over what is there
          --check  Compare the files with what would be written
      -h, --help   Print help

    ...

    Examples:
      runner ci github                     print them
      runner ci github --write             below .github/workflows
      runner ci github --check             say whether those files still fit the profile; 1 when they do
      not
    ");
    insta::assert_snapshot!(own(&["completions"]), @r"
    Print completions for a shell

    Usage: runner completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  Which shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help

    ...

    Examples:
      runner completions zsh > ~/.zfunc/_runner
      runner completions bash > /etc/bash_completion.d/runner
    ");
}

//! `--help` teaches: every command's is shown here whole.

use crate::env::TestEnv;

fn help(arguments: &[&str]) -> String {
    let env = TestEnv::empty();
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--help"]).collect();
    let output = env.run(&arguments);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    output.stdout
}

/// The same without the global options, which every command has.
fn own(arguments: &[&str]) -> String {
    let text = help(arguments);
    let (before, rest) = text
        .split_once("Global options:\n")
        .expect("it has the global options");
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    format!("{before}...\n\n{after}").trim_end().to_owned()
}

#[test]
fn of_runner() {
    insta::assert_snapshot!(help(&[]), @r"
    Runs software releases safely: planned before, resumed after a crash, undone when they go wrong

    Usage: runner [OPTIONS] <COMMAND>

    Commands:
      release       Release what is checked out, through the gate and every environment in order
      quality-gate  Run the checks of the gate, and nothing else
      deploy        Deploy one environment
      rollback      Bring one environment back to a release that was good there
      env           Make environments what the profile says of them
      backup        Make, list, check and restore backups of environments
      status        Show what runs where, as the targets themselves say
      logs          Show what the programs of an environment write, and the web server in front of them
      approve       Approve what a run asks for
      reject        Say no to what a run asks for
      resume        Go on with a run that was broken off
      cancel        Cancel a run; what it has deployed and not found good is rolled back
      history       List runs
      show          Show one run: its steps, what it wrote, who decided
      digest        Tell what happened lately: runs, rules that were breached, readings
      version       Print the next version, and why it is that
      changelog     Print the changelog's section of the next release
      profile       List, show and check profiles
      plugin        List, make, check and trust plugins
      ci            Write the workflows of a CI service
      costs         Show what language models have cost
      doctor        Check what runner needs on this machine
      completions   Print completions for a shell
      help          Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

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

    Examples:
      runner release --plan          what a release would do, from the plugins' own code
      runner release                 gate, version, tag, deploy, watch; or back again
      runner approve                 answer the question that a release waits with
      runner resume                  go on with a run that was broken off, doing nothing twice
      runner rollback prod           back to the release that was good there

    Exit codes: 0 done, 1 error, 2 usage, 3 config, 10 blocked, 11 rejected, 12 rolled-back, 13 stuck,
    14 cancelled, 15 interrupted; `runner help exit-codes` says more.
    ");
}

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

    Usage: runner quality-gate [OPTIONS]

    Options:
          --plan  Print what would be done, in order, and do nothing
      -h, --help  Print help

    ...

    Examples:
      runner quality-gate                          all checks, side by side
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

#[test]
fn of_what_is_about_a_run() {
    insta::assert_snapshot!(own(&["approve"]), @r"
    Approve what a run asks for

    Usage: runner approve [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the only one with an open question

    Options:
          --question <ID>  The question, where the run has several
          --choice <X>     The answer, where it is not a plain yes or no
          --note <TEXT>    Anything to add; kept with the answer
          --key <FILE>     SSH key to sign the answer with
      -h, --help           Print help

    ...

    Examples:
      runner approve                                 the only open question; shows what is approved
      runner approve $RUN --note 'after the demo'
      runner approve --key ~/.ssh/id_ed25519         signed, where the profile names allowed signers
      runner approve --question prod/watch/alert-3 --choice rollback
    ");
    insta::assert_snapshot!(own(&["reject"]), @r"
    Say no to what a run asks for

    Usage: runner reject [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the only one with an open question

    Options:
          --question <ID>  The question, where the run has several
          --choice <X>     The answer, where it is not a plain yes or no
          --note <TEXT>    Anything to add; kept with the answer
          --key <FILE>     SSH key to sign the answer with
      -h, --help           Print help

    ...

    Examples:
      runner reject --note 'not before Monday'
    ");
    insta::assert_snapshot!(own(&["resume"]), @r"
    Go on with a run that was broken off

    Usage: runner resume [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the newest that has not ended

    Options:
      -h, --help  Print help

    ...

    What is recorded is not done again; an effect that was under way is done again where that is safe,
    and else the plugin looks at the world and decides.

    Examples:
      runner resume                              the newest run that has not ended
      runner resume $RUN
    ");
    insta::assert_snapshot!(own(&["cancel"]), @r"
    Cancel a run; what it has deployed and not found good is rolled back

    Usage: runner cancel [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the newest that has not ended

    Options:
      -h, --help  Print help

    ...

    Examples:
      runner cancel                              the newest run that has not ended
      runner cancel $RUN
    ");
    insta::assert_snapshot!(own(&["history"]), @r"
    List runs

    Usage: runner history [OPTIONS]

    Options:
      -n, --limit <N>  At most so many, the newest [default: 20]
      -h, --help       Print help

    ...

    Examples:
      runner history
      runner history --limit 100 --output json
    ");
    insta::assert_snapshot!(own(&["show"]), @r"
    Show one run: its steps, what it wrote, who decided

    Usage: runner show [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the newest

    Options:
          --effects     Every effect of every step, reads too
          --events      The journal itself, a line of JSON for each event
          --log <STEP>  All that the programs of a step printed
      -h, --help        Print help

    ...

    Examples:
      runner show                                the newest run
      runner show 3f2a --effects                 by the end of its id; with every effect
      runner show 3f2a --log gate/build          all output of a step's programs
      runner show 3f2a --events                  the journal, a line of JSON each
    ");
}

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

#[test]
fn of_profiles_and_plugins() {
    insta::assert_snapshot!(own(&["profile"]), @r"
    List, show and check profiles

    Usage: runner profile [OPTIONS] <COMMAND>

    Commands:
      list    List the built-in profiles
      show    Print the profile with where each value was written
      check   Check the profile and the config of every plugin in it
      schema  Print the JSON Schema of runner.toml, for editors
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    ...
    ");
    insta::assert_snapshot!(own(&["profile", "show"]), @r"
    Print the profile with where each value was written

    Usage: runner profile show [OPTIONS]

    Options:
      -h, --help  Print help

    ...

    Examples:
      runner profile show                              all layers as one
      runner profile show --profile demo > runner.toml   a built-in one, to copy out and edit
    ");
    insta::assert_snapshot!(own(&["plugin"]), @r"
    List, make, check and trust plugins

    Usage: runner plugin [OPTIONS] <COMMAND>

    Commands:
      list     List the official plugins and the ones that the profile uses
      inspect  Show who a plugin is and what it asks for, without running it
      new      Make a new plugin: a Rust crate that builds and passes its own test
      build    Build a plugin crate as a component
      check    Load a plugin as a release would, and check what it says of itself
      trust    Let this project run a plugin: shows what it asks for, and writes runner.lock
      help     Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    ...
    ");
    insta::assert_snapshot!(own(&["plugin", "new"]), @r"
    Make a new plugin: a Rust crate that builds and passes its own test

    Usage: runner plugin new [OPTIONS] <NAME>

    Arguments:
      <NAME>  Lower-case letters, digits and `-`

    Options:
          --role <ROLE>  What it serves as: gate, notifier or metrics [default: gate]
      -h, --help         Print help

    ...

    Examples:
      runner plugin new no-friday
      runner plugin new acme-wiki --role notifier
      cd no-friday && cargo test && runner plugin build
    ");
    insta::assert_snapshot!(own(&["plugin", "build"]), @r"
    Build a plugin crate as a component

    Usage: runner plugin build [OPTIONS] [DIR]

    Arguments:
      [DIR]  The crate's folder [default: .]

    Options:
          --out <DIR>  Where NAME.wasm goes; without it, the crate's folder
      -h, --help       Print help

    ...
    ");
    insta::assert_snapshot!(own(&["plugin", "trust"]), @r"
    Let this project run a plugin: shows what it asks for, and writes runner.lock

    Usage: runner plugin trust [OPTIONS] <PATH>

    Arguments:
      <PATH>  The `.wasm` file

    Options:
      -h, --help  Print help

    ...

    A plugin that is not official runs only while its bytes and what it asks for are those of
    runner.lock. Commit that file.

    Examples:
      runner plugin trust ./acme-wiki.wasm
    ");
}

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

#[test]
fn every_shell_is_completed() {
    let env = TestEnv::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = env.run(&["completions", shell]);
        assert_eq!(output.code, Some(0));
        assert!(output.stdout.contains("quality-gate"), "{shell}");
    }
}

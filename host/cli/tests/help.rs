//! `--help` teaches: every command's is shown here whole.

mod changing;
mod exit_codes;
mod looking;
mod profiles_and_plugins;
mod runs;

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
fn every_shell_is_completed() {
    let env = TestEnv::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = env.run(&["completions", shell]);
        assert_eq!(output.code, Some(0));
        assert!(output.stdout.contains("quality-gate"), "{shell}");
    }
}

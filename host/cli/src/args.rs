//! The command line. What it says is parsed here and interpreted by [`crate::settings`] and the commands.

pub(crate) mod backup;
pub(crate) mod ci;
mod costs;
pub(crate) mod digest;
pub(crate) mod logs;
pub(crate) mod plugin;
mod profile;
mod release;
pub(crate) mod runs;
mod version;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::screen::Color;
pub(crate) use backup::{BackupCommand, ListArgs};
pub(crate) use ci::{CiCommand, GithubArgs};
pub(crate) use costs::CostsArgs;
pub(crate) use digest::DigestArgs;
pub(crate) use logs::LogsArgs;
pub(crate) use plugin::PluginCommand;
pub(crate) use profile::ProfileCommand;
pub(crate) use release::{
    DeployArgs, EnvCommand, PlanArgs, QualityGateArgs, ReleaseArgs, RollbackArgs, StatusArgs,
};
pub(crate) use runs::{AnswerArgs, CancelArgs, HistoryArgs, ResumeArgs, ShowArgs};
pub(crate) use version::{ChangelogArgs, VersionArgs};

const EXAMPLES: &str = "\
Examples:
  runner release --plan          what a release would do, from the plugins' own code
  runner release                 gate, version, tag, deploy, watch; or back again
  runner approve                 answer the question that a release waits with
  runner resume                  go on with a run that was broken off, doing nothing twice
  runner rollback prod           back to the release that was good there

Exit codes: 0 done, 1 error, 2 usage, 3 config, 10 blocked, 11 rejected, 12 rolled-back, 13 stuck, 14 cancelled, \
15 interrupted; `runner help exit-codes` says more.";

/// Runs software releases safely: planned before, resumed after a crash, undone when they go wrong
#[derive(Debug, Parser)]
#[command(name = "runner", version, max_term_width = 100, after_help = EXAMPLES)]
#[command(
    arg_required_else_help = true,
    infer_subcommands = false,
    disable_help_subcommand = false
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Built-in profile below `runner.toml`; `runner profile list` shows them
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Set a value of the profile, above all files: `--set environments.prod.watch.duration=1m`
    #[arg(long, global = true, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// `json`: one JSON document or event per line on standard output, nothing else there
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    #[arg(help = "What is printed: human, or json (one document or event per line)")]
    pub(crate) output: Output,
    /// When to use colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) color: Color,
    /// Act as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// Show more; twice for debugging
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Show errors and data only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// What is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

/// One file of `command/` each.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Release what is checked out, through the gate and every environment in order
    #[command(after_help = "\
Examples:
  runner release --plan              every write that would be done, in order; nothing is written
  runner release                     with the profile of runner.toml
  runner release --pre rc            1.3.0-rc.1
  runner release --profile agentiq   with a built-in profile
  runner release --output json       every event as a line of JSON, for CI

A release that is broken off (Ctrl-C, a crash) goes on with `runner resume`.")]
    Release(ReleaseArgs),
    /// Run the checks of the gate, and nothing else
    #[command(after_help = "\
Checks that an environment has in `before` are made only where they are named. \
Notifiers hear of the whole gate only.

Examples:
  runner quality-gate                          all checks, side by side
  runner quality-gate unit lint                only these
  runner quality-gate --set gate.e2e=false     without one of them; only here, a release has all")]
    QualityGate(QualityGateArgs),
    /// Deploy one environment
    #[command(after_help = "\
The first environment gets what is checked out, a later one what was found good in the one before it.

Examples:
  runner deploy staging
  runner deploy prod --version 1.2.3
  runner deploy prod --plan")]
    Deploy(DeployArgs),
    /// Bring one environment back to a release that was good there
    #[command(after_help = "\
Data that only the newer release can read, and that cannot be undone, is restored from the backup before that release if a \
person approves it: see `runner backup restore --help`.

Examples:
  runner rollback prod               to the last good release that is not the running one
  runner rollback prod --to 1.2.2
  runner rollback prod --plan")]
    Rollback(RollbackArgs),
    /// Make environments what the profile says of them
    #[command(subcommand)]
    Env(EnvCommand),
    /// Make, list, check and restore backups of environments
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Show what runs where, as the targets themselves say
    #[command(after_help = "\
Examples:
  runner status
  runner status prod --output json")]
    Status(StatusArgs),
    /// Show what the programs of an environment write, and the web server in front of them
    #[command(after_help = "\
In order of time, each line with its source; times are UTC. A line that says no time has that of the line before it; where \
there is none, `--since` does not leave it out. Values of secrets are taken out.

Examples:
  runner logs staging                            the newest 100 lines of all sources
  runner logs prod --unit web --follow           go on until Ctrl-C
  runner logs prod -u nginx-error --since 1h
  runner logs prod --since 30m --output json     a line of JSON each")]
    Logs(LogsArgs),
    /// Approve what a run asks for
    #[command(after_help = "\
Examples:
  runner approve                                 the only open question; shows what is approved
  runner approve r-20260315-100000-3f2a --note 'after the demo'
  runner approve --key ~/.ssh/id_ed25519         signed, where the profile names allowed signers
  runner approve --question prod/watch/alert-3 --choice rollback")]
    Approve(AnswerArgs),
    /// Say no to what a run asks for
    #[command(after_help = "\
Examples:
  runner reject --note 'not before Monday'")]
    Reject(AnswerArgs),
    /// Go on with a run that was broken off
    #[command(after_help = "\
What is recorded is not done again; an effect that was under way is done again where that is safe, and else the plugin \
looks at the world and decides.

Examples:
  runner resume                              the newest run that has not ended
  runner resume r-20260315-100000-3f2a")]
    Resume(ResumeArgs),
    /// Cancel a run; what it has deployed and not found good is rolled back
    #[command(after_help = "\
Examples:
  runner cancel                              the newest run that has not ended
  runner cancel r-20260315-100000-3f2a")]
    Cancel(CancelArgs),
    /// List runs
    #[command(after_help = "\
Examples:
  runner history
  runner history --limit 100 --output json")]
    History(HistoryArgs),
    /// Show one run: its steps, what it wrote, who decided
    #[command(after_help = "\
Examples:
  runner show                                the newest run
  runner show 3f2a --effects                 by the end of its id; with every effect
  runner show 3f2a --log gate/build          all output of a step's programs
  runner show 3f2a --events                  the journal, a line of JSON each")]
    Show(ShowArgs),
    /// Tell what happened lately: runs, rules that were breached, readings
    #[command(after_help = digest::EXAMPLES)]
    Digest(DigestArgs),
    /// Print the next version, and why it is that
    #[command(after_help = "\
Examples:
  runner version                     0.2.0 on standard output, the reason on standard error
  runner version --pre rc")]
    Version(VersionArgs),
    /// Print the changelog's section of the next release
    #[command(after_help = "\
Examples:
  runner changelog > notes.md")]
    Changelog(ChangelogArgs),
    /// List, show and check profiles
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// List, make, check and trust plugins
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Write the workflows of a CI service
    #[command(subcommand)]
    Ci(CiCommand),
    /// Show what language models have cost
    #[command(after_help = "\
Added up by month, check and model, from the ledgers that checks with plugin `ai-review` keep. What a model was asked and \
nobody knows the answer of counts with the most that it can have cost.

Examples:
  runner costs
  runner costs --month 2026-11 --output json")]
    Costs(CostsArgs),
    /// Check what runner needs on this machine
    Doctor,
    /// Print completions for a shell
    #[command(after_help = "\
Examples:
  runner completions zsh > ~/.zfunc/_runner
  runner completions bash > /etc/bash_completion.d/runner")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the exit codes
    #[command(hide = true, after_help = crate::error::Exit::table())]
    ExitCodes,
    /// Keep a service of an environment running
    #[command(hide = true)]
    Supervise {
        /// The service's folder
        folder: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_options_may_stand_anywhere() {
        let parsed = Arguments::try_parse_from([
            "runner", "--set", "a.b=1", "deploy", "prod", "--plan", "--set", "c=2", "-C", "x", "--output",
            "json",
        ])
        .expect("parses");
        assert_eq!(parsed.global.output, Output::Json);
        assert_eq!(parsed.global.directory, Some("x".into()));
        assert!(
            matches!(parsed.command, Command::Deploy(args) if args.plan.plan && args.environment == "prod")
        );
    }
}

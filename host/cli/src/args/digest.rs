//! `runner digest`.

use clap::Args;
use runner_core::duration::Duration;
use runner_core::news::Level;

use super::PlanArgs;

pub(super) const EXAMPLES: &str = "\
Runs and rules are those that the project's store knows; readings are asked now, as `[digest.readings.NAME]` of the profile says. \
Nothing to tell is not sent. A timer of a server tells daily what `[schedule.NAME] run = [\"digest\", \"prod\", \"--send\"]` says; `runner env setup` installs it.

Examples:
  runner digest                          all environments, the last day
  runner digest prod --since 7d
  runner digest prod --send              also to notifiers whose `events` include `digest`
  runner digest prod --since 10m --level critical --new --send";

/// `runner digest`.
#[derive(Debug, Args)]
pub(crate) struct DigestArgs {
    /// Only this environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// How far back, e.g. 24h or 7d
    #[arg(long, value_name = "TIME", default_value = "1d")]
    pub(crate) since: Duration,
    /// What is told at least: info, warning or critical
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) level: Level,
    /// Leave out what a digest of the last day has told already
    #[arg(long)]
    pub(crate) new: bool,
    /// Tell the notifiers too
    #[arg(long)]
    pub(crate) send: bool,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

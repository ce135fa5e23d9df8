//! Arguments of `runner backup`. A backup is named by its id, or by the beginning of it.

use clap::{Args, Subcommand};

use super::PlanArgs;

/// `runner backup`.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make every backup of one environment and read it back
    #[command(after_help = "\
Asks nobody anything, so a timer may run it: exit code 0 when all of it was made and read back whole, 10 when not; \
notifiers hear of it only then. A release makes its own backups before it deploys. Both then delete the older ones that \
the profile does not keep: `keep = { last = 7, within = \"30d\" }` in [backup.NAME]; without it all stay.

Examples:
  runner backup create prod --plan
  runner backup create prod")]
    Create(CreateArgs),
    /// List the backups that runs of this project have made, newest first
    #[command(after_help = "\
Whether their bytes are still whole is told by `runner backup verify`.

Examples:
  runner backup list
  runner backup list prod --limit 100 --output json")]
    List(ListArgs),
    /// Read one backup back whole: its digest, and what its plugin knows of the content
    #[command(after_help = "\
Examples:
  runner backup verify prod              the newest one
  runner backup verify prod 3fa2         by the beginning of its id, see `runner backup list`")]
    Verify(VerifyArgs),
    /// Bring one environment's data back to what a backup holds, once a person has approved it
    #[command(after_help = "\
What was written since the backup is lost in the environment; a fresh backup of it is made first, and listed. The backup is \
read back before anybody is asked. Whoever approves releases there approves this too: `runner approve`.

Examples:
  runner backup restore prod --plan      what would be done with the newest one
  runner backup restore prod             the newest one that is not itself from before a restore
  runner backup restore prod 3fa2c1d0    by its id, see `runner backup list`")]
    Restore(RestoreArgs),
}

/// `runner backup create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// `runner backup list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// At most so many, the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// `runner backup verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// Which one; without it, the newest
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
}

/// `runner backup restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// Which one; without it, the newest
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

//! Arguments of `runner release` and of the commands for one environment.

use clap::{Args, Subcommand};

/// Whether to plan only.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Print what would be done, in order, and do nothing
    #[arg(long)]
    pub(crate) plan: bool,
}

/// `runner release`.
#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    /// Make a pre-release, e.g. `rc` for 1.3.0-rc.1
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) pre: Option<String>,
}

/// `runner quality-gate`.
#[derive(Debug, Args)]
pub(crate) struct QualityGateArgs {
    /// Only these checks
    #[arg(value_name = "CHECK")]
    pub(crate) checks: Vec<String>,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// `runner deploy`.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// Which version; without it, the newest
    #[arg(long, value_name = "V")]
    pub(crate) version: Option<String>,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// `runner rollback`.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// Which version; it must have been good there
    #[arg(long, value_name = "V")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// `runner env`.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// Set one environment up, from nothing if need be: packages, users, database, units, site, certificate
    #[command(after_help = "\
Again, it changes nothing that is as it should be. What was broken off is done by doing it again.

Examples:
  runner env setup staging --plan    what would be changed, file by file
  runner env setup staging")]
    Setup(SetupArgs),
}

/// `runner env setup`.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// `runner status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Only this environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: Option<String>,
}

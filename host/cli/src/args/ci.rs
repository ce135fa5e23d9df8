//! Arguments of `runner ci`.

use clap::{Args, Subcommand};

/// `runner ci`.
#[derive(Debug, Subcommand)]
pub(crate) enum CiCommand {
    /// Print the workflows of GitHub Actions: review, deploy on a push, deploy by hand
    #[command(after_help = "\
Examples:
  runner ci github                     print them
  runner ci github --write             below .github/workflows
  runner ci github --check             say whether those files still fit the profile; 1 when they do not")]
    Github(GithubArgs),
}

/// `runner ci github`.
#[derive(Debug, Args)]
pub(crate) struct GithubArgs {
    /// Write the files, over what is there
    #[arg(long)]
    pub(crate) write: bool,
    /// Compare the files with what would be written
    #[arg(long, conflicts_with = "write")]
    pub(crate) check: bool,
}

//! Arguments of `runner version` and `runner changelog`.

use clap::Args;

/// `runner version`.
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// The next pre-release, e.g. `rc`
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) pre: Option<String>,
}

/// `runner changelog`.
#[derive(Debug, Args)]
pub(crate) struct ChangelogArgs {
    /// Only print it; that is the default, for only a release writes the changelog
    #[arg(long)]
    pub(crate) preview: bool,
    /// For the next pre-release, e.g. `rc`
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) pre: Option<String>,
}

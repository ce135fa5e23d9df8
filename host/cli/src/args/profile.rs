//! Arguments of `runner profile`.

use clap::Subcommand;

/// `runner profile`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the built-in profiles
    List,
    /// Print the profile with where each value was written
    #[command(after_help = "\
Examples:
  runner profile show                              all layers as one
  runner profile show --profile demo > runner.toml   a built-in one, to copy out and edit")]
    Show,
    /// Check the profile and the config of every plugin in it
    Check,
    /// Print the JSON Schema of runner.toml, for editors
    #[command(after_help = "\
Examples:
  runner profile schema > runner.schema.json       then, first line of runner.toml: #:schema ./runner.schema.json")]
    Schema,
}

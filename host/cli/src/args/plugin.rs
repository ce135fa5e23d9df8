//! Arguments of `runner plugin`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// `runner plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List the official plugins and the ones that the profile uses
    List,
    /// Show who a plugin is and what it asks for, without running it
    #[command(after_help = "\
Examples:
  runner plugin inspect command
  runner plugin inspect ./acme-wiki.wasm --output json")]
    Inspect {
        /// An official name, or the path of a `.wasm` file
        plugin: String,
    },
    /// Make a new plugin: a Rust crate that builds and passes its own test
    #[command(after_help = "\
Examples:
  runner plugin new no-friday
  runner plugin new acme-wiki --role notifier
  cd no-friday && cargo test && runner plugin build")]
    New {
        /// Lower-case letters, digits and `-`
        name: String,
        /// What it serves as: gate, notifier or metrics
        #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
        role: NewRole,
    },
    /// Build a plugin crate as a component
    Build {
        /// The crate's folder
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
        /// Where NAME.wasm goes; without it, the crate's folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Load a plugin as a release would, and check what it says of itself
    Check {
        /// The `.wasm` file, or an official name
        #[arg(value_name = "FILE")]
        plugin: String,
    },
    /// Let this project run a plugin: shows what it asks for, and writes runner.lock
    #[command(after_help = "\
A plugin that is not official runs only while its bytes and what it asks for are those of runner.lock. Commit that file.

Examples:
  runner plugin trust ./acme-wiki.wasm")]
    Trust {
        /// The `.wasm` file
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
}

/// What a new plugin can serve as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewRole {
    /// A check, before a release or of an environment.
    #[default]
    Gate,
    /// Tells people or systems.
    Notifier,
    /// A source of readings.
    Metrics,
}

//! `runner plugin`.

mod build;
mod check;
mod inspect;
mod list;
mod new;
mod trust;

use std::path::Path;

use crate::app::App;
use crate::args::PluginCommand;
use crate::error::{CommandError, Done, Exit};
use crate::official;

use runner_engine::plugins::{PluginError, PluginSource};

pub(super) fn run(app: &App, command: &PluginCommand) -> Done {
    match command {
        PluginCommand::List => list::run(app),
        PluginCommand::Inspect { plugin } => inspect::run(app, plugin),
        PluginCommand::New { name, role } => new::run(app, name, *role),
        PluginCommand::Build { folder, out } => build::run(app, folder, out.as_deref()),
        PluginCommand::Check { plugin } => check::run(app, plugin),
        PluginCommand::Trust { path } => trust::run(app, path),
    }
}

/// Plugins as seen from the current folder: no project is needed to look at one.
fn source(app: &App) -> Done<PluginSource> {
    let workspace = std::path::absolute(app.global.directory.as_deref().unwrap_or(Path::new(".")))?;
    Ok(PluginSource {
        official: official::component,
        names: official::NAMES,
        workspace,
    })
}

fn unusable(error: &PluginError) -> CommandError {
    let new = CommandError::of(Exit::Config, error);
    match error {
        PluginError::Unknown { .. } => new.hint("a plugin of your own is named by its file: `./NAME.wasm`"),
        _ => new,
    }
}

//! `runner profile`.

use runner_core::profile::schema::{ConfigSchemas, for_editors};
use runner_core::profile::{merge, show, stack};
use serde_json::json;

use crate::app::App;
use crate::args::ProfileCommand;
use crate::builtin;
use crate::check;
use crate::error::{CommandError, Done, Exit};
use crate::format::{count, table};
use crate::official;
use crate::settings::Project;

pub(super) fn run(app: &App, command: &ProfileCommand) -> Done {
    match command {
        ProfileCommand::List => list(app)?,
        ProfileCommand::Show => print(app)?,
        ProfileCommand::Check => check(app)?,
        ProfileCommand::Schema => {
            let schema = for_editors(&schemas()?);
            app.screen
                .data(&serde_json::to_string_pretty(&schema).expect("a schema serialises to JSON"))?;
        }
    }
    Ok(Exit::Done)
}

fn list(app: &App) -> Done<()> {
    let all: Vec<_> = builtin::NAMES
        .iter()
        .map(|name| (*name, builtin::description(name)))
        .collect();
    let document: Vec<_> = all
        .iter()
        .map(|(name, text)| json!({"name": name, "description": text}))
        .collect();
    let rows: Vec<_> = all
        .iter()
        .map(|(name, text)| vec![(*name).to_owned(), text.clone()])
        .collect();
    app.print(&json!(document), || table(&["profile", "what it is"], &rows))?;
    if !app.json() {
        app.screen.note(
            "use one: `runner release --profile NAME`, or `extends = \"NAME\"` at the top of runner.toml",
        );
    }
    Ok(())
}

/// A built-in profile needs no project around it.
fn print(app: &App) -> Done<()> {
    let merged = match Project::find(app) {
        Ok(project) => project.profile()?.merged,
        Err(error) => {
            let Some(name) = &app.global.profile else {
                return Err(error);
            };
            merge(stack(Some(name), Vec::new(), &builtin::text, builtin::NAMES)?)?
        }
    };
    app.print(&merged.tree, || show(&merged))
}

fn check(app: &App) -> Done<()> {
    let project = Project::find(app)?;
    let resolved = project.profile()?;
    check::plugins_to_deploy(&project, &resolved)?;
    let profile = &resolved.profile;
    app.screen.note(&format!(
        "profile {} of {} is good: {}, {}, {}",
        project.profile_name,
        profile.project.name,
        count(profile.gate.len(), "check"),
        count(profile.environments.len(), "environment"),
        count(profile.notify.len(), "notifier"),
    ));
    Ok(())
}

/// The config schemas of all official plugins.
fn schemas() -> Done<ConfigSchemas> {
    let host = check::host()?;
    let mut schemas = ConfigSchemas::new();
    for name in official::NAMES {
        let bytes = official::component(name).expect("an official name has a component");
        let plugin = host
            .load(name, bytes)
            .map_err(|error| CommandError::of(Exit::Internal, &error))?;
        for role in &plugin.manifest.roles {
            schemas.insert((*role, (*name).to_owned()), check::schema(&plugin, *role)?);
        }
    }
    Ok(schemas)
}

//! `runner backup`: what runs have kept of environments, made, read back and restored.

use std::collections::BTreeSet;

use runner_core::backup::{Kept, Purpose};
use runner_core::event;
use runner_core::id::EnvironmentName;
use runner_core::profile::{Environment, Profile};
use runner_engine::backups::{self, BackupsError};
use runner_engine::store::Store;
use serde_json::json;

use crate::app::App;
use crate::args::{BackupCommand, ListArgs};
use crate::drive;
use crate::error::{CommandError, Done, Exit};
use crate::format::{instant, size, table};
use crate::settings::Project;

pub(super) fn run(app: &App, command: BackupCommand) -> Done {
    match command {
        BackupCommand::Create(args) => {
            let environment = args.environment.into();
            drive::begin(app, event::Command::Backup { environment }, args.plan.plan)
        }
        BackupCommand::List(args) => list(app, &args),
        BackupCommand::Verify(args) => {
            let (store, profile) = project(app)?;
            let name = EnvironmentName::from(args.environment);
            let backup = find(store.as_ref(), &profile, &name, args.id.as_deref(), false)?;
            drive::begin(
                app,
                event::Command::VerifyBackup {
                    backup: Box::new(backup),
                },
                false,
            )
        }
        BackupCommand::Restore(args) => {
            let (store, profile) = project(app)?;
            let name = EnvironmentName::from(args.environment);
            let backup = find(store.as_ref(), &profile, &name, args.id.as_deref(), true)?;
            let command = event::Command::Restore {
                backup: Box::new(backup),
            };
            drive::begin(app, command, args.plan.plan)
        }
    }
}

fn project(app: &App) -> Done<(std::sync::Arc<dyn Store>, Profile)> {
    let project = Project::find(app)?;
    Ok((project.store()?, project.profile()?.profile))
}

fn list(app: &App, args: &ListArgs) -> Done {
    let (store, profile) = project(app)?;
    let name = args.environment.as_deref().map(EnvironmentName::from);
    let wanted = |kept: &Kept| name.as_ref().is_none_or(|name| kept.environment == *name);
    let found = known(store.as_ref(), args.limit, wanted)?;
    if found.is_empty() {
        if let Some(name) = &name {
            environment(&profile, name)?;
        }
        app.screen.note(&nothing(&profile, name.as_ref()));
        if !app.json() {
            return Ok(Exit::Done);
        }
    }
    let documents: Vec<_> = found.iter().map(document).collect();
    app.print(&json!(documents), || {
        let header = [
            "id",
            "made (UTC)",
            "environment",
            "backup",
            "why",
            "release",
            "size",
            "digest",
            "run",
        ];
        table(&header, &found.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(Exit::Done)
}

fn row(kept: &Kept) -> Vec<String> {
    vec![
        kept.id.clone(),
        instant(kept.at),
        kept.environment.to_string(),
        kept.backup.clone(),
        why(&kept.purpose),
        kept.ran.clone().unwrap_or_else(|| "-".to_owned()),
        size(kept.size()),
        kept.digest().short().to_owned(),
        kept.run.to_string(),
    ]
}

/// What it was made for, in words.
fn why(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Asked => "asked for".to_owned(),
        Purpose::Deploy(version) => format!("before {version}"),
        Purpose::Restore => "before a restore".to_owned(),
    }
}

fn document(kept: &Kept) -> serde_json::Value {
    json!({
        "id": kept.id, "environment": kept.environment, "backup": kept.backup, "run": kept.run, "at": kept.at,
        "purpose": kept.purpose, "release": kept.ran, "size": kept.size(), "digest": kept.digest(),
        "artifacts": kept.artifacts,
    })
}

/// What to do where there is none.
fn nothing(profile: &Profile, name: Option<&EnvironmentName>) -> String {
    let named = |name: &EnvironmentName| match profile.environments.get(name.as_str()) {
        Some(settings) if settings.backup.is_empty() => format!(
            "no backup of {name} is known, and the profile has none: name some in [environments.{name}] backup"
        ),
        _ => format!("no backup of {name} is known yet: `runner backup create {name}` makes one"),
    };
    let has = |(_, settings): &(&String, &Environment)| !settings.backup.is_empty();
    match (name, profile.environments.iter().find(has)) {
        (Some(name), _) => named(name),
        (None, Some((name, _))) => {
            format!("no backup of this project is known yet: `runner backup create {name}` makes one")
        }
        (None, None) => {
            "no backup of this project is known, and no environment of the profile has any: name some in \
                         [environments.ENV] backup"
                .to_owned()
        }
    }
}

/// The backup that is meant. To restore, it must be clear which one.
fn find(
    store: &dyn Store,
    profile: &Profile,
    name: &EnvironmentName,
    typed: Option<&str>,
    to_restore: bool,
) -> Done<Kept> {
    let settings = environment(profile, name)?;
    if let Some(typed) = typed {
        return by_id(store, name, typed);
    }
    let regular = |kept: &Kept| kept.environment == *name && kept.purpose != Purpose::Restore;
    let all = known(store, if to_restore { usize::MAX } else { 1 }, regular)?;
    let names: BTreeSet<&String> = all.iter().map(|kept| &kept.backup).collect();
    if to_restore && names.len() > 1 {
        let mut error =
            CommandError::blocked(format!("{name} has several backups: say which one to restore"));
        for newest in names
            .iter()
            .filter_map(|name| all.iter().find(|kept| kept.backup == **name))
        {
            let command = newest.restore_command();
            error = error.hint(format!(
                "{command}  # {}, {} UTC",
                newest.backup,
                instant(newest.at)
            ));
        }
        return Err(error);
    }
    all.into_iter().next().ok_or_else(|| {
        let hint = match settings.backup.is_empty() {
            true => format!("name some in the profile: [environments.{name}] backup"),
            false => format!("runner backup create {name}"),
        };
        CommandError::blocked(format!("no backup of {name} is known yet")).hint(hint)
    })
}

fn by_id(store: &dyn Store, name: &EnvironmentName, typed: &str) -> Done<Kept> {
    let typed = typed.to_ascii_lowercase();
    let all = known(store, usize::MAX, |kept| kept.id.starts_with(&typed))?;
    let (ours, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|kept| kept.environment == *name);
    let list = || format!("runner backup list {name}");
    match (ours.as_slice(), others.as_slice()) {
        ([kept], _) => Ok(kept.clone()),
        ([], [other, ..]) => Err(CommandError::blocked(format!(
            "backup {} is of {}, not of {name}: what one environment holds is never restored to another",
            other.id, other.environment
        ))
        .hint(list())),
        ([], []) => {
            Err(CommandError::blocked(format!("there is no backup `{typed}` of {name}")).hint(list()))
        }
        (several, _) => {
            let ids: Vec<_> = several
                .iter()
                .take(5)
                .map(|kept| format!("`{}`", kept.id))
                .collect();
            Err(
                CommandError::blocked(format!("`{typed}` may be {}", ids.join(", ")))
                    .hint("write more of the id"),
            )
        }
    }
}

fn environment<'a>(profile: &'a Profile, name: &EnvironmentName) -> Done<&'a Environment> {
    profile
        .environment(name)
        .map_err(|error| CommandError::of(Exit::Config, &error).hint("runner profile show"))
}

fn known(store: &dyn Store, limit: usize, wanted: impl Fn(&Kept) -> bool) -> Done<Vec<Kept>> {
    backups::known(store, limit, wanted).map_err(|error| match error {
        BackupsError::Store(error) => error.into(),
        BackupsError::Fold(error) => CommandError::of(Exit::Internal, &error),
    })
}

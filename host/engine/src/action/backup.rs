//! Backups: made, and read back; one that fails stops what was to come after it. And older ones, deleted.

use runner_core::{
    backup::{Kept, stale},
    effect::{Request, Response},
    event::Command,
    id::EnvironmentName,
    manifest::Role,
    output::Output,
    step::{StepError, When},
};

use super::Here;
use crate::conductor::{Done, unknown};

pub(super) fn backup(here: &Here<'_>, name: &EnvironmentName, backup: &str) -> Done {
    let used = here
        .profile()
        .backup
        .get(backup)
        .ok_or_else(|| unknown(&here.step.action, "backup"))?;
    let used = here.plugin(
        &format!("backup.{backup}"),
        Role::Backup,
        &used.as_use(),
        Some(name),
    )?;
    let mut context = here.call_context(&used, Some(name));
    if here.step.when == When::Restore {
        // It is not made before a deploy: what it keeps is of the release that was just taken back.
        let release = context.release.take();
        if !matches!(here.run.header.command, Command::Rollback { .. }) {
            context.previous = release;
        }
    }
    let kept = here.said(&used, used.plugin.create(here.calls(&used), context.clone()))?;
    if kept.is_empty() {
        let message = format!("backup `{backup}` kept nothing");
        let hint = format!("check the config of [backup.{backup}]: nothing is done without a backup");
        return Err(StepError::blocked(message).with_hint(hint).into());
    }
    if here.plan() {
        return Ok(Output::Skipped(
            "would read it back, as far as it takes, once it is made".to_owned(),
        ));
    }
    here.said(&used, used.plugin.verify(here.calls(&used), context, &kept))?;
    Ok(Output::Backup(kept))
}

/// Deletes what the profile does not keep any more. The backup that was just made is not among the earlier ones: a plan, where it
/// is not made, deletes the same.
pub(super) fn prune(here: &Here<'_>, name: &EnvironmentName, backup: &str) -> Done {
    let keep = here
        .profile()
        .backup
        .get(backup)
        .and_then(|used| used.keep)
        .ok_or_else(|| unknown(&here.step.action, "backup"))?;
    let spare = Request::SpareBackups {
        environment: name.clone(),
        backup: backup.to_owned(),
    };
    let Response::Backups(earlier) = here.ask(spare)? else {
        return Err(StepError::failed("the journal has no list of backups").into());
    };
    let running = running(here, name)?;
    let stale = stale(keep, &earlier, running.as_deref(), here.now()?);
    if stale.is_empty() {
        return Ok(Output::Skipped("none is older than what is kept".to_owned()));
    }
    for kept in &stale {
        let backup = Box::new(kept.clone());
        here.ask(Request::DeleteBackup { backup })?;
    }
    Ok(Output::Pruned {
        backups: stale.len(),
        bytes: stale.iter().map(Kept::size).sum(),
    })
}

/// The version that runs: the run's own, where it deploys one, or the last one that was good.
fn running(here: &Here<'_>, name: &EnvironmentName) -> Done<Option<String>> {
    if let Some(release) = here.release() {
        return Ok(Some(release.version));
    }
    let environment = name.clone();
    match here.ask(Request::GoodReleases { environment })? {
        Response::Good(good) => Ok(good.into_iter().next().map(|good| good.release.version)),
        _ => Err(StepError::failed("the journal has no list of good releases").into()),
    }
}

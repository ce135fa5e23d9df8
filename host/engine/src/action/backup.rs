//! Backups: made, and read back. One that fails stops what was to come after it.

use runner_core::{
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
    let used = here.plugin(&format!("backup.{backup}"), Role::Backup, used, Some(name))?;
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

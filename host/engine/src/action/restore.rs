//! Restoring backups: read back, asked of a person, brought back by the plugin that made them, and told.

use runner_core::{
    backup::{Kept, instant, to_restore},
    digest::Digest,
    event::Command,
    id::EnvironmentName,
    manifest::Role,
    output::Output,
    profile::Approval,
    step::{Action, Status, StepError, When},
};

use super::{Here, approval, context::Used};
use crate::conductor::{Broken, Done, unknown};

/// Reads one backup back whole: the digests in the store, and what the plugin knows of the content.
pub(super) fn verify(here: &Here<'_>, name: &EnvironmentName, backup: &str) -> Done {
    let kept = the_one(here, name, backup)?;
    let used = used(here, name, backup)?;
    let context = here.call_context(&used, Some(name));
    let said = used.plugin.verify(here.calls(&used), context, &kept.artifacts);
    match here.said(&used, said) {
        Ok(()) => Ok(Output::ReadBack(kept.artifacts)),
        Err(Broken::Failed(error, output)) => {
            let message = format!(
                "backup {} of {name} cannot be read back: {}",
                kept.id, error.message
            );
            let hint = format!("take another: `runner backup list {name}`");
            Err(Broken::Failed(
                StepError::blocked(message).with_hint(hint),
                output,
            ))
        }
        Err(other) => Err(other),
    }
}

/// Asks a person. Bound to the bytes of the backups, the environment and the plan.
pub(super) fn approve(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let kept = to_restore(&here.run, name);
    if kept.is_empty() {
        return Err(StepError::failed(format!("there is no backup of {name} to restore")).into());
    }
    // Where nobody needs to approve a release, who started the run may say yes to this too.
    let settings = here.environment(name)?.approval.clone().unwrap_or(Approval {
        own: true,
        ..Approval::default()
    });
    let bytes: Vec<_> = kept.iter().map(|kept| (&kept.id, kept.digest())).collect();
    let subject = Digest::of_json(&(bytes, name, &here.run.header.plan));
    let text = question(here, name, &kept);
    approval::ask(here, text, subject, settings, |by| {
        format!("{by} did not want {name} restored")
    })
}

/// Brings what one backup keeps back to what it held.
pub(super) fn restore(here: &Here<'_>, name: &EnvironmentName, backup: &str) -> Done {
    let kept = the_one(here, name, backup)?;
    let used = used(here, name, backup)?;
    let context = here.call_context(&used, Some(name));
    here.said(
        &used,
        used.plugin.restore(here.calls(&used), context, &kept.artifacts),
    )?;
    Ok(Output::Restored(kept.artifacts))
}

/// What a person is asked.
pub(super) fn question(here: &Here<'_>, name: &EnvironmentName, kept: &[Kept]) -> String {
    let newer = newer(here, name)
        .map(|newer| format!("{newer}; "))
        .unwrap_or_default();
    let since = kept.iter().map(|kept| kept.at).min().unwrap_or_default();
    format!(
        "{newer}restore {name} from {}? What was written since {} is lost there, and kept in a fresh backup that is made \
         first",
        named(kept),
        instant(since)
    )
}

/// What people are told once it is over.
pub(super) fn restored(here: &Here<'_>, name: &EnvironmentName) -> String {
    let kept = to_restore(&here.run, name);
    format!("restored from {}; what runs is healthy", named(&kept))
}

/// What people are told when it did not come about.
pub(super) fn not_restored(here: &Here<'_>, name: &EnvironmentName) -> String {
    let asked_for = matches!(here.run.header.command, Command::Restore { .. });
    let steps = here
        .run
        .header
        .plan
        .steps()
        .filter(|step| asked_for || step.when == When::Restore);
    let why = steps
        .filter(|step| !step.tolerated())
        .find_map(|step| match here.run.status(&step.id) {
            Status::Failed(error, _) => Some(error.message.as_str()),
            _ => None,
        });
    let why = why.unwrap_or("the run was cancelled");
    match newer(here, name) {
        Some(newer) => format!("not restored: {why}; {newer}"),
        None => format!("not restored: {why}"),
    }
}

/// `backup 3fa2c1d0 of database (2026-03-15 10:00:00 UTC)`.
fn named(kept: &[Kept]) -> String {
    let one = |kept: &Kept| format!("backup {} of {} ({})", kept.id, kept.backup, kept.made());
    kept.iter().map(one).collect::<Vec<_>>().join(" and ")
}

/// What of the data stayed newer when the code went back.
fn newer(here: &Here<'_>, name: &EnvironmentName) -> Option<String> {
    let steps = here.run.header.plan.steps().filter(|step| match &step.action {
        Action::Deploy { environment } | Action::Return { environment } => environment == name,
        _ => false,
    });
    let mut outputs = steps.filter_map(|step| here.run.status(&step.id).output());
    outputs.find_map(|output| match output {
        Output::Undone { deployment, .. } | Output::Deployed(deployment) => deployment.newer_data.clone(),
        _ => None,
    })
}

fn the_one(here: &Here<'_>, name: &EnvironmentName, backup: &str) -> Done<Kept> {
    let all = match &here.run.header.command {
        Command::VerifyBackup { backup } => vec![(**backup).clone()],
        _ => to_restore(&here.run, name),
    };
    let found = all.into_iter().find(|kept| kept.backup == backup);
    found.ok_or_else(|| StepError::failed(format!("the run knows no backup `{backup}` of {name}")).into())
}

fn used(here: &Here<'_>, name: &EnvironmentName, backup: &str) -> Done<Used> {
    let used = here
        .profile()
        .backup
        .get(backup)
        .ok_or_else(|| unknown(&here.step.action, "backup"))?;
    here.plugin(
        &format!("backup.{backup}"),
        Role::Backup,
        &used.as_use(),
        Some(name),
    )
}

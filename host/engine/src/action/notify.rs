//! Messages. A notifier that fails is told of and passed over; it never hides what it was to tell.

use runner_core::{
    backup::to_restore,
    id::EnvironmentName,
    manifest::Role,
    output::Output,
    profile::{NoticeName, Notifier},
    step::{Action, Notice, Status},
};

use super::{Here, restore};
use crate::{
    conductor::{Broken, Done, unknown},
    plugin::{Notice as Message, notice},
};

pub(super) fn notify(
    here: &Here<'_>,
    name: &str,
    about: Notice,
    environment: Option<&EnvironmentName>,
) -> Done {
    let notifier = here
        .profile()
        .notify
        .get(name)
        .ok_or_else(|| unknown(&here.step.action, "notifier"))?;
    let message = message(here, about, environment);
    Ok(Output::Notified {
        at: send(here, name, notifier, &message, environment)?,
    })
}

/// Tells every notifier that wants to know of such a thing; what fails is logged. Within a step, so its effects are the
/// step's own.
pub(super) fn alert(
    here: &Here<'_>,
    environment: Option<&EnvironmentName>,
    of: NoticeName,
    text: &str,
) -> Done<()> {
    for (name, notifier) in &here.profile().notify {
        if notifier
            .events
            .as_ref()
            .is_some_and(|events| !events.contains(&of))
        {
            continue;
        }
        match send(
            here,
            name,
            notifier,
            &Message::Alert(text.to_owned()),
            environment,
        ) {
            // In a plan the message is listed, and nothing that comes after it hangs on it.
            Ok(_) | Err(Broken::Planned(_)) => {}
            Err(Broken::Failed(error, _)) => {
                let line = format!("notifier `{name}` did not get the alert out: {}", error.message);
                here.effects.log(runner_core::event::Level::Warn, &line)?;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

fn send(
    here: &Here<'_>,
    name: &str,
    notifier: &Notifier,
    message: &Message,
    environment: Option<&EnvironmentName>,
) -> Done<Option<String>> {
    let used = here.plugin(
        &format!("notify.{name}"),
        Role::Notifier,
        &notifier.as_use(),
        environment,
    )?;
    let context = here.call_context(&used, environment);
    // Were it to ask people in its turn, nobody could be told of it by itself.
    here.said(
        &used,
        used.plugin.notify(here.calls_unheard(&used), context, message),
    )
}

fn message(here: &Here<'_>, about: Notice, environment: Option<&EnvironmentName>) -> Message {
    let release = here.release();
    let version = release
        .as_ref()
        .map(|release| release.version.clone())
        .unwrap_or_default();
    match about {
        Notice::Gate => gate(here, environment),
        Notice::Digest => Message::Digest(match &here.run.header.command {
            runner_core::event::Command::Digest { news } => news.text(),
            _ => String::new(),
        }),
        Notice::ApprovalWanted => Message::ApprovalWanted(notice::Approval {
            version,
            how: format!("runner approve {}", here.run.id),
        }),
        Notice::DeployStarted => Message::DeployStarted,
        Notice::DeploySucceeded => Message::DeploySucceeded,
        Notice::DeployFailed => Message::DeployFailed(reason(here, environment)),
        Notice::RolledBack => Message::RolledBack(undo(here, environment, version)),
        Notice::Released => Message::Released(notice::Notes {
            version,
            markdown: release.map(|release| release.notes).unwrap_or_default(),
            structural: false,
        }),
        Notice::BackupFailed | Notice::RestoreWanted | Notice::Restored | Notice::RestoreFailed => {
            Message::Alert(of_data(here, about, environment))
        }
    }
}

/// News of backups and of restores.
fn of_data(here: &Here<'_>, about: Notice, environment: Option<&EnvironmentName>) -> String {
    let Some(name) = environment else {
        return String::new();
    };
    match about {
        Notice::BackupFailed => format!("the backup failed: {}", reason(here, environment)),
        Notice::RestoreWanted => format!(
            "{}: `runner approve {run}` or `runner reject {run}`",
            restore::question(here, name, &to_restore(&here.run, name)),
            run = here.run.id
        ),
        Notice::Restored => restore::restored(here, name),
        _ => restore::not_restored(here, name),
    }
}

/// How the checks went: those of the gate, or those before an environment.
fn gate(here: &Here<'_>, before: Option<&EnvironmentName>) -> Message {
    let checks = here
        .run
        .header
        .plan
        .steps()
        .filter_map(|step| match &step.action {
            Action::Check { check, environment } if environment.as_ref() == before => {
                Some((check, here.run.status(&step.id)))
            }
            _ => None,
        });
    let (mut passed, mut total, mut failed) = (0, 0, Vec::new());
    for (check, status) in checks {
        total += 1;
        match status {
            Status::Done(_) => passed += 1,
            _ => failed.push(check.clone()),
        }
    }
    Message::Gate(notice::GateResult {
        passed,
        total,
        failed,
    })
}

/// Why the environment's steps failed: the first failure in it.
fn reason(here: &Here<'_>, environment: Option<&EnvironmentName>) -> String {
    let stages = here
        .run
        .header
        .plan
        .stages
        .iter()
        .filter(|stage| stage.environment.as_ref() == environment);
    let mut reasons =
        stages
            .flat_map(|stage| &stage.steps)
            .filter_map(|step| match here.run.status(&step.id) {
                Status::Failed(error, _) if !step.tolerated() => Some(error.message.clone()),
                Status::Undoing(reason) | Status::Undone(reason, _) | Status::Stuck(reason, _) => {
                    Some(reason.clone())
                }
                _ => None,
            });
    reasons.next().unwrap_or_else(|| match &here.run.cancelled_by {
        Some(by) => format!("cancelled by {by}"),
        None => "asked for".to_owned(),
    })
}

fn undo(here: &Here<'_>, environment: Option<&EnvironmentName>, version: String) -> notice::Undo {
    let previous = environment
        .and_then(|name| here.previous(name))
        .map(|release| release.version);
    let asked = matches!(
        here.run.header.command,
        runner_core::event::Command::Rollback { .. }
    );
    // `runner rollback`: the release of the run is the one gone back to.
    let (from_version, to_version) = match asked {
        true => (previous.unwrap_or_default(), version),
        false => (version, previous.unwrap_or_default()),
    };
    notice::Undo {
        from_version,
        to_version,
        reason: reason(here, environment),
    }
}

//! How runs end, and what each end leaves to do by hand.

use super::{
    deploy_of,
    halt::{Halt, halt},
    restore,
};
use crate::{
    event::{Command, End},
    report::Ending,
    run::Run,
    step::{Action, FailureKind, Status, Step},
};

/// How the run will have ended once its closing steps are done; the reports are one of these.
pub fn ending(run: &Run) -> Ending {
    let plan = &run.header.plan;
    let Some(halt) = halt(plan, run) else {
        return Ending {
            end: End::Released,
            summary: success(run),
            by_hand: left(run),
        };
    };
    let deploy = halt.environment.and_then(|name| deploy_of(plan, name));
    let (end, by_hand) = end_of(
        run,
        &halt,
        deploy.map_or(&Status::New, |step| run.status(&step.id)),
    );
    Ending {
        end,
        summary: halt.reason,
        by_hand,
    }
}

/// What a rollback that a person asked for leaves to be decided.
pub(super) fn left(run: &Run) -> Vec<String> {
    match &run.header.command {
        Command::Rollback { environment, .. } => restore::left(run, environment),
        _ => Vec::new(),
    }
}

pub(super) fn success(run: &Run) -> String {
    match &run.header.command {
        Command::Release { .. } => "released".to_owned(),
        Command::QualityGate => "every check passed".to_owned(),
        Command::Digest { .. } => "told".to_owned(),
        Command::Deploy { environment, .. } => format!("deployed to {environment}"),
        Command::Rollback { environment, .. } => format!("{environment} went back"),
        Command::Setup { environment } => format!("{environment} is set up"),
        Command::Backup { environment } => format!("{environment} is backed up"),
        Command::VerifyBackup { backup } => {
            format!("backup {} of {} can be read back", backup.id, backup.environment)
        }
        Command::Restore { backup } => format!("{} holds what backup {} held", backup.environment, backup.id),
    }
}

pub(super) fn end_of(run: &Run, halt: &Halt<'_>, deploy: &Status) -> (End, Vec<String>) {
    let undone = || {
        halt.environment.map_or((End::RolledBack, Vec::new()), |name| {
            restore::end_of_undo(run, name)
        })
    };
    match (halt.step, deploy) {
        (_, Status::Stuck(_, error)) => {
            let place = halt.environment.map(ToString::to_string).unwrap_or_default();
            let first = format!("bring {place} back by hand: {}", error.message);
            (
                End::Stuck,
                std::iter::once(first).chain(error.hint.clone()).collect(),
            )
        }
        (None, Status::Undone(..)) => match undone() {
            (End::Stuck, by_hand) => (End::Stuck, by_hand),
            (_, by_hand) => (End::Cancelled, by_hand),
        },
        (None, _) => (End::Cancelled, left(run)),
        (_, Status::Undone(..)) => undone(),
        (
            Some((
                Step {
                    action: Action::Return { environment } | Action::Health { environment },
                    ..
                },
                _,
            )),
            _,
        ) => (
            End::Stuck,
            std::iter::once(format!("bring {environment} back by hand: {}", halt.reason))
                .chain(left(run))
                .collect(),
        ),
        (
            Some((
                Step {
                    action: Action::Restore { environment, .. },
                    ..
                },
                _,
            )),
            _,
        ) => restore::broken(environment),
        (
            Some((
                Step {
                    action: Action::Setup { environment },
                    ..
                },
                FailureKind::Failed,
            )),
            _,
        ) => (
            End::Stuck,
            vec![format!(
                "{environment} is set up in part: mend what is wrong, then `runner env setup {environment}` does the rest"
            )],
        ),
        (Some((_, FailureKind::Rejected)), _) => (End::Rejected, left(run)),
        (Some((_, FailureKind::NothingToRelease)), _) => (End::NothingToRelease, Vec::new()),
        _ => (End::Blocked, left(run)),
    }
}

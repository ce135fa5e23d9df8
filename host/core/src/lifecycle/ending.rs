//! How runs end, and what each end leaves to do by hand.

use super::{
    deploy_of,
    halt::{Halt, failure, halt},
    restore,
};
use crate::{
    event::{Command, End},
    id::EnvironmentName,
    report::Ending,
    run::Run,
    step::{Action, FailureKind, Status, Step, StepError},
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
        Command::QualityGate { checks } if checks.is_empty() => "every check passed".to_owned(),
        Command::QualityGate { checks } => format!("passed: {}", checks.join(", ")),
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

/// The end of a run that a person cancelled. What it left half-way before weighs more, and is said though the lock was given
/// back since.
fn cancelled(run: &Run) -> (End, Vec<String>) {
    let deploys = run.header.plan.steps().filter_map(|step| match &step.action {
        Action::Deploy { environment } => Some((environment, step)),
        _ => None,
    });
    let mut by_hand = left(run);
    for (environment, step) in deploys {
        let end = match run.status(&step.id) {
            Status::Undone(..) => restore::end_of_undo(run, environment),
            Status::Stuck(_, error) => stuck(environment, error),
            _ => continue,
        };
        match end {
            (End::Stuck, _) => return end,
            (_, of_undo) => by_hand.extend(of_undo),
        }
    }
    // Of a deploy nothing is half-way: it was good, or it was undone.
    let broken = match &run.header.command {
        Command::Release { .. } | Command::Deploy { .. } => None,
        _ => run.header.plan.steps().find_map(|step| failure(run, step)),
    };
    match broken.map(|(step, kind, reason)| broken_off(run, step, kind, &reason)) {
        Some((End::Stuck, by_hand)) => (End::Stuck, by_hand),
        _ => (End::Cancelled, by_hand),
    }
}

/// A deploy that could not be undone.
fn stuck(environment: &EnvironmentName, error: &StepError) -> (End, Vec<String>) {
    let first = format!("bring {environment} back by hand: {}", error.message);
    (
        End::Stuck,
        std::iter::once(first).chain(error.hint.clone()).collect(),
    )
}

pub(super) fn end_of(run: &Run, halt: &Halt<'_>, deploy: &Status) -> (End, Vec<String>) {
    match (halt.step, halt.environment, deploy) {
        (_, Some(environment), Status::Stuck(_, error)) => stuck(environment, error),
        (None, ..) => cancelled(run),
        (_, Some(environment), Status::Undone(..)) => restore::end_of_undo(run, environment),
        (Some((step, kind)), ..) => broken_off(run, step, kind, &halt.reason),
    }
}

/// The end of a run that a failed step broke off, where there was no deploy to undo.
fn broken_off(run: &Run, step: &Step, kind: FailureKind, reason: &str) -> (End, Vec<String>) {
    match (&step.action, kind) {
        (Action::Return { environment } | Action::Health { environment }, _) => (
            End::Stuck,
            std::iter::once(format!("bring {environment} back by hand: {reason}"))
                .chain(left(run))
                .collect(),
        ),
        (Action::Restore { environment, .. }, _) => restore::broken(environment),
        (Action::Setup { environment }, FailureKind::Failed) => (
            End::Stuck,
            vec![format!(
                "{environment} is set up in part: mend what is wrong, then `runner env setup {environment}` does the rest"
            )],
        ),
        (_, FailureKind::Rejected) => (End::Rejected, left(run)),
        (_, FailureKind::NothingToRelease) => (End::NothingToRelease, Vec::new()),
        _ => (End::Blocked, left(run)),
    }
}

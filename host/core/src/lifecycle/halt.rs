//! What stands in the way of a run: a person who cancelled it, or a step that failed.

use super::{begun, over, pending, restore};
use crate::{
    id::EnvironmentName,
    plan::Plan,
    run::Run,
    step::{Action, FailureKind, Status, Step, When},
};

/// Why a run goes no further forward.
pub(super) struct Halt<'a> {
    pub(super) environment: Option<&'a EnvironmentName>,
    /// None when a person cancelled it.
    pub(super) step: Option<(&'a Step, FailureKind)>,
    pub(super) reason: String,
}

/// The first thing that stands in the way: somebody's cancelling, or a failure that counts. The other steps of the failed
/// one's stage are run to their end first, so that a gate tells all that is wrong at once.
pub(super) fn halt<'a>(plan: &'a Plan, run: &'a Run) -> Option<Halt<'a>> {
    if let Some(by) = &run.cancelled_by
        && !restore::is_asked_for_and_begun(run)
    {
        let environment = open_environment(plan, run);
        return Some(Halt {
            environment,
            step: None,
            reason: format!("cancelled by {by}"),
        });
    }
    plan.stages.iter().find_map(|stage| {
        let (step, kind, reason) = stage.steps.iter().find_map(|step| failure(run, step))?;
        let siblings = pending(stage, run, &[When::Forward]);
        siblings.is_empty().then_some(Halt {
            environment: stage.environment.as_ref(),
            step: Some((step, kind)),
            reason,
        })
    })
}

/// Whether the step's failure counts, as what kind, and why.
pub(super) fn failure<'a>(run: &Run, step: &'a Step) -> Option<(&'a Step, FailureKind, String)> {
    match run.status(&step.id) {
        Status::Failed(error, _) if !step.tolerated() && counts(step) => Some((
            step,
            error.kind,
            format!("{}: {}", step.id, headline(&error.message)),
        )),
        Status::Undoing(reason) | Status::Undone(reason, _) | Status::Stuck(reason, _) => {
            Some((step, FailureKind::Failed, reason.clone()))
        }
        _ => None,
    }
}

/// The first line of a message: what a program said before it failed stays in the step's own event.
pub(super) fn headline(message: &str) -> &str {
    let line = message.trim().lines().next().unwrap_or_default();
    line.trim_end().trim_end_matches(':')
}

/// Of a restore that was wanted and did not come about, nothing is left behind until it began.
fn counts(step: &Step) -> bool {
    step.when == When::Forward
        || (step.when == When::Restore && matches!(step.action, Action::Restore { .. }))
}

/// The environment whose lock the run holds.
fn open_environment<'a>(plan: &'a Plan, run: &Run) -> Option<&'a EnvironmentName> {
    let names = plan.stages.iter().filter_map(|stage| stage.environment.as_ref());
    names.into_iter().find(|name| {
        let environment = (*name).clone();
        begun(
            plan,
            run,
            &Action::Lock {
                environment: environment.clone(),
            },
        ) && !over(plan, run, &Action::Unlock { environment })
    })
}

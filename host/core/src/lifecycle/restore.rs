//! What of an environment's data is brought back once its code went back: nothing, where the earlier release can read what
//! there is; else what a backup holds, if a person says so.

use crate::{
    backup,
    event::End,
    id::EnvironmentName,
    output::{Deployment, Output},
    plan::{Plan, Stage},
    run::Run,
    step::{Action, Status, Step, When},
};

use super::pending;

/// How the restore after going back stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// There is nothing to restore, or nothing to restore it from, or the run was cancelled before it began.
    NotDue,
    /// Its steps go on.
    Going,
    /// Somebody said no, or a step of it failed.
    Failed,
}

/// Whether the run can restore what the environment held before. Then an earlier release that is not healthy with newer
/// data is not the end of it.
pub fn can_restore(run: &Run, environment: &EnvironmentName) -> bool {
    let mut steps = steps(&run.header.plan, environment);
    steps.next().is_some() && !backup::to_restore(run, environment).is_empty()
}

/// When the steps of the environment run that are about a restore.
pub(super) fn whens(run: &Run, environment: Option<&EnvironmentName>) -> Option<When> {
    match standing(run, environment?) {
        Standing::NotDue => None,
        Standing::Going => Some(When::Restore),
        Standing::Failed => Some(When::Unrestored),
    }
}

/// Whether a restore of `runner backup restore` is under way or done: it is brought to its end, whoever cancels the run.
pub(super) fn is_asked_for_and_begun(run: &Run) -> bool {
    let mut steps = run.header.plan.steps();
    steps.any(|step| {
        step.when == When::Forward
            && matches!(step.action, Action::Restore { .. })
            && *run.status(&step.id) != Status::New
    })
}

/// The end of a run that took its release back, and what is left to do by hand.
pub(super) fn end_of_undo(run: &Run, environment: &EnvironmentName) -> (End, Vec<String>) {
    let by_hand = left(run, environment);
    if by_hand.is_empty() {
        return (End::RolledBack, by_hand);
    }
    let broken = steps(&run.header.plan, environment).find_map(|step| match run.status(&step.id) {
        Status::Failed(error, _) if changes(step) => Some(error.message.clone()),
        _ => None,
    });
    let sick = || {
        let (there, newer) = gone_back(run, environment)?;
        let version = there.version.as_deref()?;
        (!there.healthy(version)).then(|| format!("{version} is not healthy while {newer}"))
    };
    match broken.or_else(sick) {
        None => (End::RolledBack, by_hand),
        Some(why) => {
            let first = format!("bring {environment} back by hand: {why}");
            (End::Stuck, std::iter::once(first).chain(by_hand).collect())
        }
    }
}

/// The end of a run whose restore failed: nobody knows what the data is.
pub(super) fn broken(environment: &EnvironmentName) -> (End, Vec<String>) {
    let by_hand = format!(
        "{environment} may be restored in part: mend what is wrong, then restore again; what was there before is kept: \
         `runner backup list {environment}`"
    );
    (End::Stuck, vec![by_hand])
}

/// What stayed newer and was not restored, with the command that would; empty where nothing is left.
pub(super) fn left(run: &Run, environment: &EnvironmentName) -> Vec<String> {
    let Some((_, newer)) = gone_back(run, environment) else {
        return Vec::new();
    };
    if !can_restore(run, environment) || is_done(run, environment) {
        return Vec::new();
    }
    let commands = backup::to_restore(run, environment)
        .into_iter()
        .map(|kept| format!("`{}`", kept.restore_command()));
    let commands = commands.collect::<Vec<_>>().join(", ");
    vec![format!("{newer}; to restore what was there before: {commands}")]
}

/// The failed step of a restore that leaves nobody knows what.
pub(super) fn changes(step: &Step) -> bool {
    matches!(step.action, Action::Restore { .. } | Action::Health { .. })
}

fn is_done(run: &Run, environment: &EnvironmentName) -> bool {
    let done = |step: &Step| step.tolerated() || matches!(run.status(&step.id), Status::Done(_));
    steps(&run.header.plan, environment).all(done)
}

fn standing(run: &Run, environment: &EnvironmentName) -> Standing {
    let all = || steps(&run.header.plan, environment);
    let begun = all()
        .any(|step| matches!(step.action, Action::Restore { .. }) && *run.status(&step.id) != Status::New);
    let due = gone_back(run, environment).is_some() && can_restore(run, environment);
    if !due || (run.cancelled_by.is_some() && !begun) {
        return Standing::NotDue;
    }
    let failed = |step: &Step| matches!(run.status(&step.id), Status::Failed(..)) && !step.tolerated();
    // The others of the failed one's stage are run to their end first: one may be half-way.
    let over =
        |stage: &Stage| stage.steps.iter().any(failed) && pending(stage, run, &[When::Restore]).is_empty();
    match of(&run.header.plan, environment).any(over) {
        true => Standing::Failed,
        false => Standing::Going,
    }
}

/// What runs since the code went back, and what of the data stayed newer.
fn gone_back<'a>(run: &'a Run, environment: &EnvironmentName) -> Option<(&'a Deployment, &'a String)> {
    let about = |step: &&Step| match &step.action {
        Action::Deploy { environment: name } | Action::Return { environment: name } => name == environment,
        _ => false,
    };
    let step = run.header.plan.steps().find(about)?;
    let there = match (&step.action, run.status(&step.id)) {
        (_, Status::Undone(_, Output::Undone { deployment, .. })) => deployment,
        (Action::Return { .. }, Status::Done(Output::Deployed(deployment))) => deployment,
        _ => return None,
    };
    Some((there, there.newer_data.as_ref()?))
}

fn of<'a>(plan: &'a Plan, environment: &'a EnvironmentName) -> impl Iterator<Item = &'a Stage> {
    let restores = |stage: &Stage| stage.steps.iter().any(|step| step.when == When::Restore);
    plan.stages
        .iter()
        .filter(move |stage| stage.environment.as_ref() == Some(environment) && restores(stage))
}

fn steps<'a>(plan: &'a Plan, environment: &'a EnvironmentName) -> impl Iterator<Item = &'a Step> {
    of(plan, environment).flat_map(|stage| &stage.steps)
}

//! What comes next in a run: a pure function of its plan and its state.

mod restore;

use crate::{
    event::{Command, End},
    id::EnvironmentName,
    plan::{Plan, Stage},
    report::Ending,
    run::Run,
    step::{Action, FailureKind, Notice, Status, Step, When},
};

pub use restore::can_restore;

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<'a> {
    /// These steps, side by side; a step that was broken off runs again, with its recorded effects.
    Run(Vec<&'a Step>),
    /// Undo this step.
    Undo { step: &'a Step, reason: String },
    /// Nothing: the run ends so.
    Finish {
        end: End,
        summary: String,
        by_hand: Vec<String>,
    },
    /// Nothing: it has ended.
    Ended,
}

/// Why a run goes no further forward.
struct Halt<'a> {
    environment: Option<&'a EnvironmentName>,
    /// None when a person cancelled it.
    step: Option<(&'a Step, FailureKind)>,
    reason: String,
}

/// What comes next in `run`.
pub fn next(run: &Run) -> Next<'_> {
    if run.end.is_some() {
        return Next::Ended;
    }
    let plan = &run.header.plan;
    match halt(plan, run) {
        None => forward(plan, run),
        Some(halt) => backward(plan, run, &halt),
    }
}

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

fn finished(status: &Status) -> bool {
    !matches!(status, Status::New | Status::Running)
}

fn pending<'a>(stage: &'a Stage, run: &Run, whens: &[When]) -> Vec<&'a Step> {
    let open = |step: &&Step| whens.contains(&step.when) && !finished(run.status(&step.id));
    stage.steps.iter().filter(open).collect()
}

/// The first thing that stands in the way: somebody's cancelling, or a failure that counts. The other steps of the failed
/// one's stage are run to their end first, so that a gate tells all that is wrong at once.
fn halt<'a>(plan: &'a Plan, run: &'a Run) -> Option<Halt<'a>> {
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

fn failure<'a>(run: &Run, step: &'a Step) -> Option<(&'a Step, FailureKind, String)> {
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
fn headline(message: &str) -> &str {
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

fn begun(plan: &Plan, run: &Run, action: &Action) -> bool {
    plan.steps()
        .any(|step| &step.action == action && *run.status(&step.id) != Status::New)
}

fn over(plan: &Plan, run: &Run, action: &Action) -> bool {
    plan.steps()
        .any(|step| &step.action == action && finished(run.status(&step.id)))
}

fn done(plan: &Plan, run: &Run, action: &Action) -> bool {
    plan.steps()
        .any(|step| &step.action == action && matches!(run.status(&step.id), Status::Done(_)))
}

fn forward<'a>(plan: &'a Plan, run: &'a Run) -> Next<'a> {
    for stage in &plan.stages {
        let restore = restore::whens(run, stage.environment.as_ref());
        let whens: Vec<_> = [When::Forward, When::Locked].into_iter().chain(restore).collect();
        let open = pending(stage, run, &whens);
        if !open.is_empty() {
            return Next::Run(open);
        }
    }
    close(plan, run, End::Released, success(run), left(run))
}

/// What a rollback that a person asked for leaves to be decided.
fn left(run: &Run) -> Vec<String> {
    match &run.header.command {
        Command::Rollback { environment, .. } => restore::left(run, environment),
        _ => Vec::new(),
    }
}

fn success(run: &Run) -> String {
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

fn backward<'a>(plan: &'a Plan, run: &'a Run, halt: &Halt<'a>) -> Next<'a> {
    let deploy = halt.environment.and_then(|name| deploy_of(plan, name));
    let status = deploy.map_or(&Status::New, |step| run.status(&step.id));
    let good = halt.environment.is_some_and(|name| {
        done(
            plan,
            run,
            &Action::Record {
                environment: name.clone(),
            },
        )
    });
    match (deploy, status) {
        (Some(step), Status::Running | Status::Done(_) | Status::Failed(..)) if !good => {
            return Next::Undo {
                step,
                reason: halt.reason.clone(),
            };
        }
        (Some(step), Status::Undoing(reason)) => {
            return Next::Undo {
                step,
                reason: reason.clone(),
            };
        }
        _ => {}
    }
    if let Some((
        Step {
            action: Action::Check { environment, .. },
            ..
        },
        _,
    )) = halt.step
    {
        let news = gate_news(plan, run, environment.as_ref());
        if !news.is_empty() {
            return Next::Run(news);
        }
    }
    if let Some(name) = halt.environment {
        let mut whens = whens_of(halt, status);
        whens.extend(restore::whens(run, Some(name)));
        for stage in plan
            .stages
            .iter()
            .filter(|stage| stage.environment.as_ref() == Some(name))
        {
            let open: Vec<_> = pending(stage, run, &whens)
                .into_iter()
                .filter(|step| wanted(plan, run, step))
                .collect();
            if !open.is_empty() {
                return Next::Run(open);
            }
        }
    }
    let (end, by_hand) = end_of(run, halt, status);
    close(plan, run, end, halt.reason.clone(), by_hand)
}

/// People hear of a gate that said no, too: the one at the start, or the one before an environment.
fn gate_news<'a>(plan: &'a Plan, run: &Run, before: Option<&EnvironmentName>) -> Vec<&'a Step> {
    let news = |step: &&Step| {
        matches!(
            &step.action,
            Action::Notify {
                notice: Notice::Gate,
                environment,
                ..
            } if environment.as_ref() == before
        )
    };
    plan.steps()
        .filter(news)
        .filter(|step| !finished(run.status(&step.id)))
        .collect()
}

/// Which of the environment's other steps are due, once nothing is left to undo.
fn whens_of(halt: &Halt<'_>, deploy: &Status) -> Vec<When> {
    let mut whens = vec![When::Locked];
    // It was told already, and nothing of the environment was touched.
    let refused = matches!(
        halt.step,
        Some((
            Step {
                action: Action::Approval { .. } | Action::Check { .. } | Action::ApproveRestore { .. },
                ..
            },
            _
        ))
    );
    let nothing_done = halt.step.is_none() && *deploy == Status::New;
    if !refused && !nothing_done {
        whens.push(When::Failed);
    }
    if matches!(deploy, Status::Undone(..)) {
        whens.push(When::Undone);
    }
    whens
}

/// An unlock is wanted only where the lock was taken.
fn wanted(plan: &Plan, run: &Run, step: &Step) -> bool {
    match &step.action {
        Action::Unlock { environment } => begun(
            plan,
            run,
            &Action::Lock {
                environment: environment.clone(),
            },
        ),
        _ => true,
    }
}

fn deploy_of<'a>(plan: &'a Plan, name: &EnvironmentName) -> Option<&'a Step> {
    let action = Action::Deploy {
        environment: name.clone(),
    };
    plan.steps().find(|step| step.action == action)
}

fn end_of(run: &Run, halt: &Halt<'_>, deploy: &Status) -> (End, Vec<String>) {
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

/// The steps of the very end, then the end.
fn close<'a>(plan: &'a Plan, run: &'a Run, end: End, summary: String, by_hand: Vec<String>) -> Next<'a> {
    for stage in &plan.stages {
        let open = pending(stage, run, &[When::Always]);
        if !open.is_empty() {
            return Next::Run(open);
        }
    }
    Next::Finish {
        end,
        summary,
        by_hand,
    }
}

#[cfg(test)]
mod tests;

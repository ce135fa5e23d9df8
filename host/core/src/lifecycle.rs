//! What comes next in a run: a pure function of its plan and its state.

mod ending;
mod halt;
mod restore;

use crate::{
    event::End,
    id::EnvironmentName,
    plan::{Plan, Stage},
    run::Run,
    step::{Action, Notice, Status, Step, When},
};

pub use ending::ending;
pub use restore::can_restore;

use ending::{end_of, left, success};
use halt::{Halt, halt};

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

fn finished(status: &Status) -> bool {
    !matches!(status, Status::New | Status::Running)
}

fn pending<'a>(stage: &'a Stage, run: &Run, whens: &[When]) -> Vec<&'a Step> {
    let open = |step: &&Step| whens.contains(&step.when) && !finished(run.status(&step.id));
    stage.steps.iter().filter(open).collect()
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

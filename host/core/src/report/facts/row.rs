//! A step, as a line of a table and a bar of the timeline.

use serde::Serialize;

use crate::{
    id::{EnvironmentName, StepId},
    output::Output,
    run::Run,
    step::{Action, Status, Step},
};

/// What something means, for colour and shape; words always say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::report) enum Tone {
    Good,
    Bad,
    Undone,
    Warn,
    Neutral,
}

/// A step that has begun.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Row {
    pub(in crate::report) id: String,
    /// Without the environment.
    pub(in crate::report) name: String,
    pub(in crate::report) start: u64,
    /// None: it has not ended.
    pub(in crate::report) end: Option<u64>,
    pub(in crate::report) duration_ms: Option<u64>,
    /// In one word or two: `done`, `failed`, `undone`.
    pub(in crate::report) outcome: &'static str,
    pub(in crate::report) tone: Tone,
    /// One line, may be empty.
    pub(in crate::report) detail: String,
    /// What to do about a failure.
    pub(in crate::report) hint: Option<String>,
    /// Whether it tells a notifier.
    pub(in crate::report) notice: bool,
    /// Whether it waits for a person.
    pub(in crate::report) wait: bool,
    /// Whether it is the undoing of the step.
    pub(in crate::report) undo: bool,
}

/// The rows of an environment's steps, or of the steps outside all environments, in the order in which they began.
pub(super) fn of(run: &Run, environment: Option<&EnvironmentName>) -> Vec<Row> {
    let stages = run.header.plan.stages.iter();
    let steps = stages
        .filter(|stage| stage.environment.as_ref() == environment)
        .flat_map(|stage| &stage.steps);
    let mut rows: Vec<Row> = steps
        .filter(|step| super::told(&step.action))
        .flat_map(|step| rows(run, step, environment))
        .collect();
    rows.sort_by_key(|row| row.start);
    rows
}

/// A step's row, and that of its undoing. The fold keeps the first start and the last end of a step, so the end of one
/// that was undone afterwards is told by the start of the next.
fn rows(run: &Run, step: &Step, environment: Option<&EnvironmentName>) -> Vec<Row> {
    let Some(&(start, end)) = run.times.get(&step.id) else {
        return Vec::new();
    };
    let status = run.status(&step.id);
    let (outcome, tone) = outcome(status, step.tolerated());
    let prefix = environment.map(|name| format!("{name}/")).unwrap_or_default();
    let row = Row {
        id: step.id.to_string(),
        name: step.id.as_str().trim_start_matches(&prefix).to_owned(),
        start,
        end,
        duration_ms: end.map(|end| end.saturating_sub(start)),
        outcome,
        tone,
        detail: detail(status),
        hint: hint(status),
        notice: matches!(step.action, Action::Notify { .. }),
        wait: matches!(step.action, Action::Approval { .. }),
        undo: false,
    };
    match status {
        Status::Undone(reason, _) | Status::Stuck(reason, _) | Status::Undoing(reason) => {
            split(run, step, row, reason)
        }
        _ => vec![row],
    }
}

fn split(run: &Run, step: &Step, row: Row, reason: &str) -> Vec<Row> {
    let began = undo_began(run, step, run.status(&step.id), row.end);
    let next = run
        .times
        .values()
        .map(|(start, _)| *start)
        .filter(|start| *start > row.start)
        .min();
    let passed = next.is_some_and(|next| began.is_none_or(|began| next < began));
    let end = if passed { next } else { began };
    let forward = Row {
        end,
        duration_ms: end.map(|end| end.saturating_sub(row.start)),
        outcome: if passed { "done" } else { "failed" },
        tone: if passed { Tone::Good } else { Tone::Bad },
        detail: if passed { String::new() } else { reason.to_owned() },
        hint: None,
        ..row.clone()
    };
    let start = began.unwrap_or(row.start);
    let undo = Row {
        name: format!("{}, undone", row.name),
        start,
        duration_ms: row.end.map(|end| end.saturating_sub(start)),
        undo: true,
        ..row
    };
    vec![forward, undo]
}

fn outcome(status: &Status, tolerated: bool) -> (&'static str, Tone) {
    match status {
        Status::Done(Output::Skipped(_)) => ("skipped", Tone::Neutral),
        Status::Done(_) => ("done", Tone::Good),
        Status::Failed(..) if tolerated => ("failed, passed over", Tone::Warn),
        Status::Failed(..) => ("failed", Tone::Bad),
        Status::Undone(..) => ("undone", Tone::Undone),
        Status::Stuck(..) => ("stuck", Tone::Bad),
        Status::New | Status::Running | Status::Undoing(_) => ("not finished", Tone::Neutral),
    }
}

/// The journal's fold keeps a step's first start and its last end. The undoing of one that was undone is told by its
/// output; of one that is stuck it began when the last other step before its end had ended.
fn undo_began(run: &Run, step: &Step, status: &Status, end: Option<u64>) -> Option<u64> {
    match status {
        Status::Undone(_, Output::Undone { took_ms, .. }) => Some(end?.saturating_sub(*took_ms)),
        Status::Undone(..) | Status::Stuck(..) => last_end_before(run, &step.id, end?),
        _ => None,
    }
}

fn last_end_before(run: &Run, undone: &StepId, end: u64) -> Option<u64> {
    let others = run.times.iter().filter(|(id, _)| *id != undone);
    others
        .filter_map(|(_, (_, ended))| *ended)
        .filter(|ended| *ended <= end)
        .max()
}

fn hint(status: &Status) -> Option<String> {
    match status {
        Status::Failed(error, _) | Status::Stuck(_, error) => error.hint.clone(),
        _ => None,
    }
}

fn detail(status: &Status) -> String {
    match status {
        Status::Done(output) => told_by(output),
        Status::Failed(error, _) => error.message.clone(),
        Status::Undone(reason, Output::Undone { to, .. }) => format!("back to {to}, because of {reason}"),
        Status::Undone(reason, _) => format!("because of {reason}"),
        Status::Stuck(_, error) => error.message.clone(),
        Status::New | Status::Running | Status::Undoing(_) => String::new(),
    }
}

fn told_by(output: &Output) -> String {
    match output {
        Output::Done | Output::Reports(_) | Output::Undone { .. } | Output::Notified { at: None } => {
            String::new()
        }
        Output::Skipped(reason) => reason.clone(),
        Output::Preflight(found) => match &found.branch {
            Some(branch) => format!("{branch} at {}", short(&found.head)),
            None => format!("at {}, on no branch", short(&found.head)),
        },
        Output::Verdict(verdict) => verdict.summary.clone(),
        Output::Version(version) => format!("{}: {}", version.tag, version.reason),
        Output::Changelog { commit } => format!("in commit {}", short(commit)),
        Output::Tagged { tag, commit } => format!("{tag} on {}", short(commit)),
        Output::Release(release) => match release.artifacts.len() {
            1 => "1 artifact".to_owned(),
            count => format!("{count} artifacts"),
        },
        Output::Answer(answer) => format!("{} by {}", answer.choice, answer.by),
        Output::Backup(kept) | Output::ReadBack(kept) | Output::Restored(kept) => kept
            .iter()
            .map(|a| a.name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        Output::Pruned { backups, bytes } => pruned(*backups, *bytes),
        Output::Deployed(deployment) => deployment.version.clone().unwrap_or_default(),
        Output::Watched(report) => report.summary.clone(),
        Output::Setup(changes) => match changes.len() {
            1 => "1 change".to_owned(),
            count => format!("{count} changes"),
        },
        Output::Notified { at: Some(at) } => at.clone(),
        Output::Good(good) => format!("{} is good", good.release.tag),
    }
}

fn pruned(backups: usize, bytes: u64) -> String {
    let bytes = crate::report::number::bytes(bytes);
    match backups {
        1 => format!("1 older backup deleted, {bytes}"),
        count => format!("{count} older backups deleted, {bytes}"),
    }
}

/// The first 12 characters of a commit's id.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

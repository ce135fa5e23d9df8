//! The checks, of the gate and of environments.

use serde::Serialize;

use super::row::Tone;
use crate::{
    output::{Finding, Measure, Output, Severity, Verdict},
    run::Run,
    step::{Action, Status, Step},
};

/// Every check of the gate, and those before an environment.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Gate {
    /// In the order of the plan, which is that of their names.
    pub(in crate::report) checks: Vec<Check>,
    pub(in crate::report) passed: usize,
    /// Those that said no and those that could not find out.
    pub(in crate::report) failed: usize,
    pub(in crate::report) not_run: usize,
    pub(in crate::report) critical: usize,
    pub(in crate::report) high: usize,
}

/// One check.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Check {
    pub(in crate::report) name: String,
    /// As the profile names it.
    pub(in crate::report) plugin: String,
    pub(in crate::report) status: CheckStatus,
    pub(in crate::report) tone: Tone,
    pub(in crate::report) summary: String,
    pub(in crate::report) hint: Option<String>,
    pub(in crate::report) start: Option<u64>,
    pub(in crate::report) end: Option<u64>,
    pub(in crate::report) duration_ms: Option<u64>,
    pub(in crate::report) findings: Vec<Finding>,
    pub(in crate::report) measures: Vec<Measure>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::report) enum CheckStatus {
    Passed,
    Failed,
    /// It could not find out.
    Error,
    NotRun,
}

impl Gate {
    pub(super) fn of(run: &Run) -> Self {
        let check = |step: &Step| match &step.action {
            Action::Check { check, environment } => {
                let plugin = run.header.profile.gate.get(check).map(|used| used.plugin.clone());
                let name = match environment {
                    Some(environment) => format!("{environment}/{check}"),
                    None => check.clone(),
                };
                Some(Check::of(run, step, &name, plugin))
            }
            _ => None,
        };
        let checks: Vec<Check> = run.header.plan.steps().filter_map(check).collect();
        let count = |wanted: &[CheckStatus]| checks.iter().filter(|c| wanted.contains(&c.status)).count();
        let found = |severity| {
            checks
                .iter()
                .flat_map(|c| &c.findings)
                .filter(|f| f.severity == severity)
                .count()
        };
        Self {
            passed: count(&[CheckStatus::Passed]),
            failed: count(&[CheckStatus::Failed, CheckStatus::Error]),
            not_run: count(&[CheckStatus::NotRun]),
            critical: found(Severity::Critical),
            high: found(Severity::High),
            checks,
        }
    }
}

impl Check {
    pub(super) fn of(run: &Run, step: &Step, name: &str, plugin: Option<String>) -> Self {
        let status = run.status(&step.id);
        let (word, summary) = judged(status);
        let verdict = verdict(status);
        let times = run.times.get(&step.id);
        let start = times.map(|(start, _)| *start);
        let end = times.and_then(|(_, end)| *end);
        Self {
            name: name.to_owned(),
            plugin: plugin.unwrap_or_default(),
            status: word,
            tone: word.tone(),
            summary,
            hint: match status {
                Status::Failed(error, _) => error.hint.clone(),
                _ => None,
            },
            start,
            end,
            duration_ms: start.zip(end).map(|(start, end)| end.saturating_sub(start)),
            findings: verdict.map(|v| v.findings.clone()).unwrap_or_default(),
            measures: verdict.map(|v| v.measures.clone()).unwrap_or_default(),
        }
    }
}

impl CheckStatus {
    fn tone(self) -> Tone {
        match self {
            Self::Passed => Tone::Good,
            Self::Failed | Self::Error => Tone::Bad,
            Self::NotRun => Tone::Neutral,
        }
    }
}

fn verdict(status: &Status) -> Option<&Verdict> {
    match status.output() {
        Some(Output::Verdict(verdict)) => Some(verdict),
        _ => None,
    }
}

fn judged(status: &Status) -> (CheckStatus, String) {
    match (status, verdict(status)) {
        (Status::Done(Output::Skipped(reason)), _) => (CheckStatus::NotRun, reason.clone()),
        (_, Some(verdict)) if !verdict.passed => (CheckStatus::Failed, verdict.summary.clone()),
        (Status::Done(_), Some(verdict)) => (CheckStatus::Passed, verdict.summary.clone()),
        (Status::Failed(error, _), _) => (CheckStatus::Error, error.message.clone()),
        (Status::Done(_), None) => (CheckStatus::Error, "it left no verdict behind".to_owned()),
        _ => (CheckStatus::NotRun, String::new()),
    }
}

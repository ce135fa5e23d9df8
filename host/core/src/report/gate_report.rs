//! `quality-gate-report.json`: every check with all that it found.

use serde::Serialize;

use super::{
    File,
    facts::{Check, CheckStatus, Facts},
    time,
};
use crate::output::{Finding, Measure, Severity};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GateReport<'a> {
    project: &'a str,
    run: &'a str,
    command: String,
    timestamp: String,
    status: CheckStatus,
    passed: usize,
    failed: usize,
    not_run: usize,
    checks: Vec<CheckJson<'a>>,
}

/// A check; with its plugin and its times in the gate's report, without them in the summary.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<&'a str>,
    status: CheckStatus,
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    /// None: it has not run to its end.
    duration_ms: Option<u64>,
    findings: Vec<FindingJson<'a>>,
    measures: &'a [Measure],
}

#[derive(Serialize)]
struct FindingJson<'a> {
    severity: Severity,
    rule: Option<&'a str>,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
}

pub(super) fn file(facts: &Facts) -> File {
    let gate = &facts.gate;
    let report = GateReport {
        project: &facts.project,
        run: &facts.run,
        command: format!("/{}", facts.command),
        timestamp: time::second(facts.at),
        status: match (gate.failed, gate.not_run) {
            (0, 0) => CheckStatus::Passed,
            (0, _) => CheckStatus::NotRun,
            _ => CheckStatus::Failed,
        },
        passed: gate.passed,
        failed: gate.failed,
        not_run: gate.not_run,
        checks: gate.checks.iter().map(CheckJson::full).collect(),
    };
    File::json("quality-gate-report.json", &report)
}

impl<'a> CheckJson<'a> {
    pub(super) fn short(check: &'a Check) -> Self {
        Self {
            name: &check.name,
            plugin: None,
            status: check.status,
            summary: &check.summary,
            hint: None,
            start: None,
            end: None,
            duration_ms: check.duration_ms,
            findings: check.findings.iter().map(FindingJson::of).collect(),
            measures: &check.measures,
        }
    }

    fn full(check: &'a Check) -> Self {
        Self {
            plugin: Some(&check.plugin),
            hint: check.hint.as_deref(),
            start: check.start.map(time::milli),
            end: check.end.map(time::milli),
            ..Self::short(check)
        }
    }
}

impl<'a> FindingJson<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            severity: finding.severity,
            rule: finding.rule.as_deref(),
            message: &finding.message,
            file: finding.path.as_deref(),
            line: finding.line,
        }
    }
}

//! `_summary.json`, in the shape that other tools read; its schema is `summary.schema.json`.

use serde::Serialize;

use super::{
    File,
    facts::{Facts, Gate},
    gate_report::CheckJson,
    time,
};

/// JSON Schema of `_summary.json`, version 2.2.
pub const SUMMARY_SCHEMA: &str = include_str!("summary.schema.json");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    agent: &'a str,
    command: String,
    timestamp: String,
    fm_version: &'a str,
    project: &'a str,
    status: &'a str,
    counts: Counts,
    deployed_version: Option<&'a str>,
    environment: Option<&'a str>,
    quality_gate_results: GateResults<'a>,
    changelog: &'a str,
    rollback_available: bool,
}

#[derive(Serialize)]
struct Counts {
    total: usize,
    critical: usize,
    high: usize,
}

#[derive(Serialize)]
struct GateResults<'a> {
    passed: usize,
    failed: usize,
    details: Vec<CheckJson<'a>>,
}

pub(super) fn file(facts: &Facts) -> File {
    let environment = facts.environment();
    let summary = Summary {
        agent: &facts.reports.agent,
        command: format!("/{}", facts.command),
        timestamp: time::second(facts.at),
        fm_version: &facts.reports.fm_version,
        project: facts.reports.project.as_deref().unwrap_or(&facts.project),
        status: facts.end.status,
        counts: Counts {
            total: facts.gate.checks.len(),
            critical: facts.gate.critical,
            high: facts.gate.high,
        },
        deployed_version: environment.and_then(|environment| environment.runs()),
        environment: environment.map(|environment| environment.name.as_str()),
        quality_gate_results: results(&facts.gate),
        changelog: facts.release.as_ref().map_or("", |release| &release.changelog),
        rollback_available: environment.is_some_and(super::facts::Environment::rollback_available),
    };
    File::json("_summary.json", &summary)
}

fn results(gate: &Gate) -> GateResults<'_> {
    GateResults {
        passed: gate.passed,
        failed: gate.failed,
        details: gate.checks.iter().map(CheckJson::short).collect(),
    }
}

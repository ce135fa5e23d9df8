//! Gate `coverage`: holds a coverage report to its limits, in total and by path.

mod cobertura;
mod coverage_py;
mod go;
mod lcov;
mod report;

use std::collections::BTreeMap;

use runner_sdk::{
    Command, Context, Duration, Error, Exit, Finding, Gate, Host, Measure, ReportFiles, Severity, Verdict,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::report::{Counts, Report};

/// How many files of a missed limit a verdict lists: those with most to cover.
const SHOWN_FILES: usize = 5;
/// How many lines of output a verdict shows when the command fails.
const SHOWN_LINES: usize = 20;

/// Holds a coverage report to its limits.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Program and arguments that write the report. Without it, `report` is read as it lies there: its age is then not
    /// known.
    #[schemars(length(min = 1))]
    run: Option<Vec<String>>,
    /// Working folder, relative to the workspace.
    cwd: Option<String>,
    /// Environment variables; `{{secret:name}}` in a value is filled in by the host.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// How long the command may take.
    #[serde(default = "half_an_hour")]
    timeout: Duration,
    /// What the report looks like.
    format: Format,
    /// The report: a path relative to the workspace, or a glob. `run` must write it anew: a single file is removed before.
    report: String,
    /// Percent of the whole that must be covered.
    #[schemars(range(min = 0, max = 100))]
    total: f64,
    /// Percent that must be covered of the files that a glob matches, e.g. `"internal/domain/**" = 95`. A glob is
    /// compared with the path in the report and with its ends, since that may begin with a module or a folder of the
    /// machine.
    #[serde(default)]
    paths: BTreeMap<String, f64>,
}

/// What a report looks like.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Format {
    /// `go test -coverprofile=...`.
    Go,
    /// `coverage json`.
    CoveragePy,
    /// Cobertura XML.
    Cobertura,
    /// LCOV.
    Lcov,
}

fn half_an_hour() -> Duration {
    Duration::from_secs(1800)
}

impl Format {
    fn parse(self, text: &str) -> Result<Report, String> {
        match self {
            Format::Go => go::parse(text),
            Format::CoveragePy => coverage_py::parse(text),
            Format::Cobertura => cobertura::parse(text),
            Format::Lcov => lcov::parse(text),
        }
    }
}

/// The gate.
pub struct CoverageGate;

impl Gate for CoverageGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        let files = match &config.run {
            None => ReportFiles::as_found(&config.report),
            Some(argv) => {
                let files = ReportFiles::before_run(host, &config.report)?;
                let exit = host.run(&command(config, argv))?;
                if context.is_plan() {
                    return Ok(Verdict::passed(format!(
                        "`{}` is not run in a plan",
                        argv.join(" ")
                    )));
                }
                if !exit.success() {
                    return Ok(failed_run(argv, &exit));
                }
                files
            }
        };
        Ok(judge(config, &read(host, config.format, files)?))
    }
}

fn command(config: &Config, argv: &[String]) -> Command {
    Command::new(argv)
        .cwd(config.cwd.as_deref())
        .envs(&config.env)
        .timeout(config.timeout)
        .idempotent()
        .foresee_success()
}

/// What tests cover that failed says nothing.
fn failed_run(argv: &[String], exit: &Exit) -> Verdict {
    let verdict = Verdict::failed(format!("`{}` ended with {}", argv.join(" "), exit.status()));
    match exit.last_lines(SHOWN_LINES) {
        lines if lines.is_empty() => verdict,
        lines => verdict.finding(Finding::new(Severity::High, lines).rule("output")),
    }
}

fn read(host: &impl Host, format: Format, files: ReportFiles<'_>) -> Result<Report, Error> {
    let mut report = Report::default();
    for (path, content) in files.read(host)? {
        let unreadable = |why: String| Error::failed(format!("the report `{path}` cannot be read: {why}"));
        let text = String::from_utf8_lossy(&content);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for (file, counts) in format.parse(text).map_err(unreadable)?.files {
            if report.files.insert(file.clone(), counts).is_some() {
                return Err(unreadable(format!(
                    "`{file}` is in another report, too: merge them first"
                )));
            }
        }
    }
    match report.total().all {
        0 => Err(Error::failed(format!(
            "the report has nothing to cover in its {} files",
            report.files.len()
        ))),
        _ => Ok(report),
    }
}

fn judge(config: &Config, report: &Report) -> Verdict {
    let total = report.total();
    let mut missed = Vec::new();
    let mut measures = vec![measure("coverage", total, config.total)];
    if !total.reaches(config.total) {
        missed.push((
            format!("{total} covered; at least {} % must be", config.total),
            worst(report, |_| true),
        ));
    }
    for (glob, limit) in &config.paths {
        let counts = report.sum(|path| matches(glob, path));
        measures.push(measure(&format!("coverage of {glob}"), counts, *limit));
        if counts.all == 0 {
            missed.push((
                format!("`{glob}` matches nothing to cover in the report"),
                Vec::new(),
            ));
        } else if !counts.reaches(*limit) {
            let what = format!("{counts} of `{glob}` covered; at least {limit} % must be");
            missed.push((what, worst(report, |path| matches(glob, path))));
        }
    }
    let verdict = match missed.first() {
        None => Verdict::passed(format!("{total} covered in {} files", report.files.len())),
        Some((first, _)) => Verdict::failed(first.as_str()),
    };
    let findings = missed
        .into_iter()
        .flat_map(|(what, files)| std::iter::once(Finding::new(Severity::High, what)).chain(files));
    verdict.findings(findings.collect::<Vec<_>>()).measures(measures)
}

fn measure(name: &str, counts: Counts, limit: f64) -> Measure {
    Measure::new(name, counts.percent().unwrap_or(0.0), "%").limit(limit)
}

/// The files with most to cover.
fn worst(report: &Report, wanted: impl Fn(&str) -> bool) -> Vec<Finding> {
    let missing = |counts: &Counts| counts.all - counts.covered;
    let mut files: Vec<(&String, &Counts)> = report
        .files
        .iter()
        .filter(|(path, counts)| wanted(path) && missing(counts) > 0)
        .collect();
    files.sort_by_key(|(_, counts)| std::cmp::Reverse(missing(counts)));
    files
        .into_iter()
        .take(SHOWN_FILES)
        .map(|(path, counts)| {
            let message = format!("{counts} covered ({} of {})", counts.covered, counts.all);
            Finding::new(Severity::Info, message).at(path.as_str(), None)
        })
        .collect()
}

/// Whether a glob matches a path or an end of it that begins at a folder.
fn matches(glob: &str, path: &str) -> bool {
    fast_glob::glob_match(glob, path) || fast_glob::glob_match(format!("**/{glob}"), path)
}

runner_sdk::export! { gate: CoverageGate }

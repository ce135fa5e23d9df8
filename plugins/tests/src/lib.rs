//! Gate `tests`: runs tests and counts what their report says.
//!
//! An exit code alone is not believed: no tests, a report that is missing or of an earlier run, and a test that started
//! and did not finish all fail.

mod cargo;
mod config;
mod go;
mod jest;
mod junit;
mod nextest;
mod playwright;
mod report;

use runner_sdk::{
    Command, Context, Error, Exit, Finding, Gate, Host, Measure, ReportFiles, Severity, Verdict,
};

pub use crate::config::Config;
use crate::config::Format;
use crate::report::Report;

/// The most of stdout and of stderr to read a report from, in bytes.
const LONGEST_OUTPUT: u32 = 16 * 1024 * 1024;
/// How many failures a verdict lists.
const SHOWN_FAILURES: usize = 50;
/// How many lines of output a verdict shows where the report does not explain the exit code.
const SHOWN_LINES: usize = 20;

/// The gate.
pub struct TestsGate;

impl Gate for TestsGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        let (Some(argv), report) = (&config.run, &config.report) else {
            let Some(pattern) = &config.report else {
                return Err(Error::invalid_config(
                    "give `run`, `report` or both: there is nothing to read",
                ));
            };
            let report = read(host, config.format, ReportFiles::as_found(pattern))?;
            return Ok(judge(config, &report, None));
        };
        let files = report
            .as_ref()
            .map(|pattern| ReportFiles::before_run(host, pattern))
            .transpose()?;
        let exit = host.run(&command(config, argv).envs(context.variables()))?;
        if context.is_plan() {
            return Ok(Verdict::passed(format!(
                "`{}` is not run in a plan",
                argv.join(" ")
            )));
        }
        let report = match files {
            Some(files) => read(host, config.format, files),
            None => read_printed(config.format, &exit),
        };
        match report {
            Ok(report) => Ok(judge(config, &report, Some(&exit))),
            // Most likely the tests were not even built; what was printed says why.
            Err(error) if !exit.success() => {
                let summary = format!(
                    "`{}` ended with {} and without a report",
                    argv.join(" "),
                    exit.status()
                );
                Ok(Verdict::failed(summary)
                    .finding(Finding::new(Severity::High, error.message()))
                    .findings(said(&exit)))
            }
            Err(error) => Err(error),
        }
    }
}

fn command(config: &Config, argv: &[String]) -> Command {
    let command = Command::new(argv)
        .cwd(config.cwd.as_deref())
        .envs(&config.env)
        .timeout(config.timeout)
        .idempotent()
        .foresee_success();
    if config.report.is_none() {
        command.capture(LONGEST_OUTPUT)
    } else {
        command
    }
}

fn read(host: &impl Host, format: Format, files: ReportFiles<'_>) -> Result<Report, Error> {
    let mut report = Report::default();
    for (path, content) in files.read(host)? {
        let text = String::from_utf8_lossy(&content);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let one = format
            .parse(text)
            .map_err(|why| Error::failed(format!("the report `{path}` cannot be read: {why}")))?;
        report.add(one);
    }
    Ok(report)
}

fn read_printed(format: Format, exit: &Exit) -> Result<Report, Error> {
    if exit.truncated {
        return Err(Error::failed(
            "the tests print too much to read; have them write a file, and name it in `report`",
        ));
    }
    format
        .parse_printed(exit)
        .map_err(|why| Error::failed(format!("what the tests print cannot be read: {why}")))
}

fn judge(config: &Config, report: &Report, exit: Option<&Exit>) -> Verdict {
    let broken_limits = broken_limits(config, report, exit);
    let verdict = match failure(report).or_else(|| broken_limits.first().cloned()) {
        None => Verdict::passed(passed_summary(report)),
        Some(summary) => Verdict::failed(summary),
    };
    let unexplained = exit.filter(|exit| report.is_clean() && !exit.success());
    verdict
        .findings(
            broken_limits
                .iter()
                .map(|what| Finding::new(Severity::High, what.as_str())),
        )
        .findings(findings(report))
        .findings(unexplained.map(said).unwrap_or_default())
        .measure(Measure::new("tests", report.ran() as f64, "tests").limit(config.min as f64))
        .measure(Measure::new("failed", report.failed.len() as f64, "tests").limit(0.0))
        .measure(measure("skipped", report.skipped, config.max_skipped))
        .measure(measure("flaky", report.flaky.len() as u64, config.max_flaky))
}

fn measure(name: &str, value: u64, limit: Option<u64>) -> Measure {
    let measure = Measure::new(name, value as f64, "tests");
    match limit {
        Some(limit) => measure.limit(limit as f64),
        None => measure,
    }
}

/// What failed, in one line.
fn failure(report: &Report) -> Option<String> {
    if !report.failed.is_empty() {
        return Some(format!(
            "{} of {} failed",
            report.failed.len(),
            tests(report.ran())
        ));
    }
    let first = report.broken.first()?.lines().next().unwrap_or_default();
    Some(first.trim_end_matches(':').to_owned())
}

/// What is wrong though no test failed.
fn broken_limits(config: &Config, report: &Report, exit: Option<&Exit>) -> Vec<String> {
    let ran = report.ran();
    let flaky = report.flaky.len() as u64;
    let mut broken = Vec::new();
    if ran < config.min {
        broken.push(format!("{} ran; at least {} must", tests(ran), config.min));
    }
    if let Some(exit) = exit.filter(|exit| !exit.success() && report.is_clean()) {
        broken.push(format!(
            "the tests ended with {}, though no test of the report failed",
            exit.status()
        ));
    }
    if let Some(max) = config.max_skipped.filter(|max| report.skipped > *max) {
        broken.push(format!("{} skipped; at most {max} may be", tests(report.skipped)));
    }
    if let Some(max) = config.max_flaky.filter(|max| flaky > *max) {
        broken.push(format!("{} flaky; at most {max} may be", tests(flaky)));
    }
    broken
}

fn passed_summary(report: &Report) -> String {
    let mut summary = format!("{} passed", tests(report.passed));
    if report.skipped > 0 {
        summary += &format!(", {} skipped", report.skipped);
    }
    if !report.flaky.is_empty() {
        summary += &format!(", {} of them flaky", report.flaky.len());
    }
    summary
}

/// `1 test`, `2 tests`.
fn tests(count: u64) -> String {
    format!("{count} test{}", if count == 1 { "" } else { "s" })
}

fn findings(report: &Report) -> Vec<Finding> {
    let broken = report
        .broken
        .iter()
        .map(|what| Finding::new(Severity::High, what.as_str()));
    let failed = report.failed.iter().map(|failure| {
        let message = if failure.message.is_empty() {
            "failed"
        } else {
            failure.message.as_str()
        };
        let finding = Finding::new(Severity::High, message).rule(failure.name.as_str());
        match &failure.path {
            Some(path) => finding.at(path.as_str(), failure.line),
            None => finding,
        }
    });
    let flaky = report
        .flaky
        .iter()
        .map(|name| Finding::new(Severity::Low, "passed only at a later try").rule(name.as_str()));
    let mut findings: Vec<Finding> = broken.chain(failed).chain(flaky).collect();
    let more = findings.len().saturating_sub(SHOWN_FAILURES);
    if more > 0 {
        findings.truncate(SHOWN_FAILURES);
        findings.push(Finding::new(Severity::Info, format!("and {more} more")));
    }
    findings
}

fn said(exit: &Exit) -> Vec<Finding> {
    let lines = report::clip(&exit.last_lines(SHOWN_LINES));
    if lines.is_empty() {
        Vec::new()
    } else {
        vec![Finding::new(Severity::Info, lines).rule("output")]
    }
}

runner_sdk::export! { gate: TestsGate }

//! The limits.

use runner_sdk::{Duration, Error, Exit, Finding, Measure, Severity, Verdict};

use crate::config::{Config, Format};
use crate::report::Report;
use crate::said;

/// What k6 ends with where a threshold was crossed.
const K6_THRESHOLDS: i32 = 99;

/// Holds a report to the limits. A limit on what the report does not have is an error: nothing was found out.
pub(crate) fn judge(config: &Config, report: &Report, exit: Option<&Exit>) -> Result<Verdict, Error> {
    let mut broken = Vec::new();
    let mut measures = vec![
        Measure::new("requests", report.requests as f64, "requests").limit(config.min_requests.max(1) as f64),
    ];
    if report.requests < config.min_requests.max(1) {
        let (made, least) = (report.requests, config.min_requests.max(1));
        broken.push(format!("{made} requests were made; at least {least} must be"));
    }
    if let Some(percent) = report.failed_percent() {
        measures.push(Measure::new("failed", percent, "%").limit(config.max_failed));
        if percent > config.max_failed {
            let (failed, all, most) = (report.failed, report.requests, config.max_failed);
            broken.push(format!(
                "{failed} of {all} requests failed ({} %); at most {most} % may",
                rounded(percent)
            ));
        }
        for (name, measured, limit) in [
            ("p95", report.p95_ms, config.p95),
            ("p99", report.p99_ms, config.p99),
        ] {
            time(
                config,
                report,
                (name, measured, limit),
                &mut measures,
                &mut broken,
            )?;
        }
        rate(config, report, &mut measures, &mut broken)?;
    }
    broken.extend(report.crossed.iter().cloned());
    broken.extend(exit.and_then(|exit| unexplained(config, report, exit)));
    let verdict = match broken.first() {
        None => Verdict::passed(summary(report)),
        Some(first) => Verdict::failed(first.as_str()),
    };
    let failed = !broken.is_empty();
    let output = exit.filter(|exit| failed && !exit.success()).and_then(said);
    Ok(verdict
        .findings(broken.into_iter().map(|what| Finding::new(Severity::High, what)))
        .findings(
            report
                .notes
                .iter()
                .map(|note| Finding::new(Severity::Info, note.as_str())),
        )
        .findings(output)
        .measures(measures))
}

fn time(
    config: &Config,
    report: &Report,
    (name, measured, limit): (&str, Option<f64>, Option<Duration>),
    measures: &mut Vec<Measure>,
    broken: &mut Vec<String>,
) -> Result<(), Error> {
    let limit_ms = limit.map(|limit| limit.as_secs_f64() * 1000.0);
    match (measured, limit_ms) {
        (Some(ms), limit) => {
            let measure = Measure::new(name, ms, "ms");
            measures.push(match limit {
                Some(limit) => measure.limit(limit),
                None => measure,
            });
            if let Some(limit) = limit.filter(|limit| ms > *limit) {
                broken.push(format!(
                    "{name} is {} ms; at most {limit} ms it may be",
                    rounded(ms)
                ));
            }
        }
        // Nothing was answered, which has failed already.
        (None, Some(_)) if report.failed == report.requests => {}
        (None, Some(_)) => {
            let how = match (config.format, name) {
                (Format::K6, _) => "run k6 with `--summary-trend-stats=avg,p(95),p(99)`",
                (Format::Wrk, "p95") => "wrk does not measure it: limit `p99`, or use k6 or hey",
                (Format::Wrk, _) => "run wrk with `--latency`",
                (Format::Hey, _) => "hey prints it for more requests only",
            };
            return Err(Error::Failed(format!(
                "the report has no {name}, which is limited: {how}"
            )));
        }
        (None, None) => {}
    }
    Ok(())
}

fn rate(
    config: &Config,
    report: &Report,
    measures: &mut Vec<Measure>,
    broken: &mut Vec<String>,
) -> Result<(), Error> {
    match (report.rate, config.min_rate) {
        (Some(rate), limit) => {
            let measure = Measure::new("rate", rate, "requests/s");
            measures.push(match limit {
                Some(limit) => measure.limit(limit),
                None => measure,
            });
            if let Some(limit) = limit.filter(|limit| rate < *limit) {
                broken.push(format!(
                    "{} requests a second were answered; at least {limit} must be",
                    rounded(rate)
                ));
            }
        }
        (None, Some(_)) => {
            return Err(Error::failed(
                "the report has no requests per second, which are limited",
            ));
        }
        (None, None) => {}
    }
    Ok(())
}

/// What an exit code says that the report does not.
fn unexplained(config: &Config, report: &Report, exit: &Exit) -> Option<String> {
    if exit.success() {
        return None;
    }
    let thresholds = matches!(config.format, Format::K6) && exit.code == Some(K6_THRESHOLDS);
    match thresholds {
        true if !report.crossed.is_empty() => None,
        true => Some("k6 ended with 99: a threshold was crossed that the report does not show".to_owned()),
        false => Some(format!("the load test ended with {}", exit.status())),
    }
}

fn summary(report: &Report) -> String {
    let mut parts = vec![format!("{} requests", report.requests)];
    if let Some(percent) = report.failed_percent() {
        parts.push(format!("{} % failed", rounded(percent)));
    }
    for (name, ms) in [("p95", report.p95_ms), ("p99", report.p99_ms)] {
        parts.extend(ms.map(|ms| format!("{name} {} ms", rounded(ms))));
    }
    parts.extend(report.rate.map(|rate| format!("{} a second", rounded(rate))));
    parts.join(", ")
}

/// To two places; what is not 0 is never shown as 0.
fn rounded(number: f64) -> f64 {
    let rounded = (number * 100.0).round() / 100.0;
    if rounded == 0.0 { number } else { rounded }
}

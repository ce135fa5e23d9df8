//! The two summaries of k6: grafana.com/docs/k6, "Summary export" and "Custom summary".
//!
//! `--summary-export` writes the numbers of a metric flat, and under `thresholds` **`true` means crossed**. `handleSummary`
//! has them under `values`, and `{"ok": true}` means that a threshold held. Which one it is, its shape says.

use serde_json::{Map, Value};

use crate::report::Report;

pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let summary: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let metrics = match summary.get("metrics") {
        Some(Value::Object(metrics)) if !metrics.is_empty() => metrics,
        _ if summary.get("results").is_some() => {
            return Err(
                "it is the new machine-readable summary: use `--summary-export` or `handleSummary`"
                    .to_owned(),
            );
        }
        _ => return Err("it is no summary of k6: it has no `metrics`".to_owned()),
    };
    let mut report = Report::default();
    for (name, metric) in metrics {
        let metric = metric
            .as_object()
            .ok_or_else(|| format!("the metric `{name}` is none"))?;
        report.crossed.extend(crossed(name, metric)?);
    }
    // Without a request there is no such metric.
    let Some(requests) = metrics.get("http_reqs") else {
        return Ok(report);
    };
    report.requests = count(number(requests, "count")?.ok_or("`http_reqs` has no `count`")?);
    report.rate = number(requests, "rate")?;
    let share = match metrics.get("http_req_failed") {
        None => return Err("it has no `http_req_failed`, so what failed is not known".to_owned()),
        // Of a rate, the one format has its `rate`, the other its `value`.
        Some(failed) => match number(failed, "rate")? {
            Some(rate) => rate,
            None => number(failed, "value")?.ok_or("`http_req_failed` has no `rate`")?,
        },
    };
    if share > 1.0 {
        return Err(format!("`http_req_failed` is {share}: it must be at most 1"));
    }
    report.failed = count(share * report.requests as f64);
    if let Some(duration) = metrics.get("http_req_duration") {
        report.p95_ms = number(duration, "p(95)")?;
        report.p99_ms = number(duration, "p(99)")?;
    }
    if let Some(fails) = metrics
        .get("checks")
        .map(|checks| number(checks, "fails"))
        .transpose()?
        .flatten()
        && fails > 0.0
    {
        report.notes.push(format!("{fails} checks of the script failed"));
    }
    Ok(report)
}

/// A number of a metric, in either shape.
fn number(metric: &Value, name: &str) -> Result<Option<f64>, String> {
    match metric.get("values").unwrap_or(metric).get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            _ => Err(format!("`{name}` is {value}, which is no number")),
        },
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count, rounded; `as` keeps to the range"
)]
fn count(number: f64) -> u64 {
    number.round() as u64
}

/// The thresholds of a metric that were crossed.
fn crossed(name: &str, metric: &Map<String, Value>) -> Result<Vec<String>, String> {
    let Some(thresholds) = metric.get("thresholds") else {
        return Ok(Vec::new());
    };
    let thresholds = thresholds
        .as_object()
        .ok_or_else(|| format!("the thresholds of `{name}` are none"))?;
    let is_flat = !metric.contains_key("values");
    let mut all = Vec::new();
    for (expression, result) in thresholds {
        let is_crossed = match result {
            Value::Bool(crossed) if is_flat => *crossed,
            Value::Object(result) => match result.get("ok") {
                Some(Value::Bool(ok)) => !ok,
                _ => {
                    return Err(format!(
                        "the threshold `{expression}` of `{name}` does not say whether it is ok"
                    ));
                }
            },
            _ => return Err(format!("the threshold `{expression}` of `{name}` is {result}")),
        };
        if is_crossed {
            all.push(format!("threshold `{expression}` of `{name}` crossed"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = include_str!("../fixtures/k6-summary-export.json");
    const HANDLED: &str = include_str!("../fixtures/k6-handle-summary.json");

    #[test]
    fn both_formats_say_the_same() {
        let export = parse(EXPORT).unwrap();
        let wanted = Report {
            requests: 2000,
            failed: 20,
            rate: Some(66.5),
            p95_ms: Some(212.5),
            p99_ms: Some(480.25),
            crossed: vec!["threshold `p(95)<200` of `http_req_duration` crossed".to_owned()],
            notes: vec!["5 checks of the script failed".to_owned()],
        };
        assert_eq!(export, wanted);
        assert_eq!(parse(HANDLED).unwrap(), export);
    }

    #[test]
    fn true_means_crossed_in_one_of_them_only() {
        let of = |metric: &str| {
            let text = format!(
                r#"{{"metrics":{{"http_reqs":{{"count":1,"rate":1}},"http_req_failed":{{"value":0}},"x":{metric}}}}}"#
            );
            parse(&text).map(|report| report.crossed.len())
        };
        assert_eq!(of(r#"{"thresholds":{"a<1":true}}"#), Ok(1));
        assert_eq!(of(r#"{"thresholds":{"a<1":false}}"#), Ok(0));
        assert_eq!(of(r#"{"values":{},"thresholds":{"a<1":{"ok":true}}}"#), Ok(0));
        assert_eq!(of(r#"{"values":{},"thresholds":{"a<1":{"ok":false}}}"#), Ok(1));
        // Neither shape: it is not guessed.
        for odd in [
            r#"{"values":{},"thresholds":{"a<1":true}}"#,
            r#"{"thresholds":{"a<1":{}}}"#,
            r#"{"thresholds":{"a<1":1}}"#,
            r#"{"thresholds":["a<1"]}"#,
            "3",
        ] {
            assert!(of(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn no_request_is_no_error_of_the_report() {
        let report = parse(r#"{"metrics":{"iterations":{"count":3,"rate":1}}}"#).unwrap();
        assert_eq!((report.requests, report.failed_percent()), (0, None));
    }

    #[test]
    fn refuses_what_is_no_report() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"metrics":{}}"#,
            r#"{"results":{"metrics":[]},"version":"1.0.0"}"#,
            r#"{"metrics":{"http_reqs":{"rate":1},"http_req_failed":{"value":0}}}"#,
            r#"{"metrics":{"http_reqs":{"count":1,"rate":1}}}"#,
            r#"{"metrics":{"http_reqs":{"count":-1,"rate":1},"http_req_failed":{"value":0}}}"#,
            r#"{"metrics":{"http_reqs":{"count":1,"rate":1},"http_req_failed":{"value":2}}}"#,
            r#"{"metrics":{"http_reqs":{"count":1,"rate":1},"http_req_failed":{"passes":1}}}"#,
            r#"{"metrics":{"http_reqs":{"count":1,"rate":1},"http_req_failed":{"value":0},"http_req_duration":{"p(95)":"1"}}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

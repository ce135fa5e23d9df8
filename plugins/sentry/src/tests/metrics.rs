use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::testing::{START, ScriptedHost};
use runner_sdk::{Error, Level, Metrics};
use serde_json::{Value, json};

use super::{ORGANIZATION, config, link, prod};
use crate::SentryMetrics;

const FILTER: &str = "release%3Ashop%401.2.3";

/// The question for errors: a window of a minute and the lag of two.
fn errors(filter: &str) -> String {
    format!(
        "{ORGANIZATION}/events/?dataset=errors&field=count%28%29&environment=production&query={filter}&statsPeriod=180s\
         &per_page=1&project=shop&project=web"
    )
}

fn issues(filter: &str) -> String {
    format!(
        "{ORGANIZATION}/issues/?environment=production&query={filter}&statsPeriod=180s&sort=date&collapse=stats&limit=100\
         &project=shop&project=web"
    )
}

fn sample(host: &ScriptedHost, expressions: &[&str], memory: Option<&str>) -> Result<Snapshot, Error> {
    let query = |expression: &&str| Query {
        name: "rule".into(),
        expression: (*expression).into(),
        window_ms: 60_000,
    };
    let queries: Vec<_> = expressions.iter().map(query).collect();
    SentryMetrics::sample(host, &prod(config()), &queries, memory)
}

fn one(host: &ScriptedHost, expression: &str) -> Result<Reading, Error> {
    sample(host, &[expression], None).unwrap().readings.remove(0)
}

fn count(number: &Value) -> Value {
    json!({"data": [{"count()": number}], "meta": {"fields": {"count()": "integer"}}})
}

#[test]
fn counts_errors_and_issues_of_the_environment() {
    let host = ScriptedHost::new()
        .get(&errors(FILTER))
        .answers_json(200, &count(&json!(12)))
        .get(&issues("is%3Aunresolved%20level%3Afatal"))
        .answers_json(200, &json!([{"id": "1"}, {"id": "2"}]))
        .answer_header("Link", &link("0:100:0", false));
    let snapshot = sample(&host, &["errors release:{{release}}", "issues level:fatal"], None).unwrap();
    assert_eq!(
        snapshot.readings,
        [Ok(Reading::Value(12.0)), Ok(Reading::Value(2.0))]
    );
    assert_eq!(snapshot.memory.as_deref(), Some(r#"{"since":1767225600000}"#));
}

#[test]
fn a_zero_counts_once_events_had_the_time_to_arrive() {
    let asked = |count: u32, since: u64| {
        let host = ScriptedHost::new()
            .get(&errors(""))
            .answers_json(200, &super::metrics::count(&json!(count)));
        let memory = format!(r#"{{"since":{since}}}"#);
        let mut snapshot = sample(&host, &["errors"], Some(&memory)).unwrap();
        assert_eq!(snapshot.memory.as_deref(), Some(memory.as_str()));
        snapshot.readings.remove(0).unwrap()
    };
    assert_eq!(asked(0, START - 119_999), Reading::NoData);
    assert_eq!(asked(0, START - 120_000), Reading::Value(0.0));
    assert_eq!(
        asked(3, START - 1),
        Reading::Value(3.0),
        "a critical error is told at once"
    );
    // The first sample, or the only one, knows of no deploy.
    let host = ScriptedHost::new()
        .get(&errors(""))
        .answers_json(200, &count(&json!(0)));
    assert_eq!(one(&host, "errors"), Ok(Reading::Value(0.0)));
}

#[test]
fn what_sentry_does_not_know_is_no_data_and_told() {
    let host = ScriptedHost::new()
        .get(&errors(""))
        .answers_json(404, &json!({"detail": "The requested resource does not exist"}));
    assert_eq!(one(&host, "errors"), Ok(Reading::NoData));
    let (level, text) = host.logs().remove(0);
    assert_eq!(level, Level::Warn);
    insta::assert_snapshot!(text, @"asking Sentry for errors in `production`: answered 404: The requested resource does not exist");
    let empty = ScriptedHost::new()
        .get(&errors(""))
        .answers_json(200, &json!({"data": []}));
    assert_eq!(one(&empty, "errors"), Ok(Reading::NoData));
}

#[test]
fn an_answer_that_is_none_is_an_error_of_that_query_only() {
    for body in [
        json!({}),
        json!([]),
        json!({"data": [{"count": 1}]}),
        json!({"data": [{"count()": null}]}),
        json!({"data": [{"count()": -1}]}),
        json!({"data": [{"count()": "NaN"}]}),
    ] {
        let host = ScriptedHost::new()
            .get(&errors(""))
            .answers_json(200, &body)
            .get(&errors("level%3Afatal"))
            .answers_json(200, &count(&json!("7")));
        let readings = sample(&host, &["errors", "errors level:fatal"], None)
            .unwrap()
            .readings;
        assert!(
            matches!(readings[0], Err(Error::Failed(_))),
            "{body}: {readings:?}"
        );
        assert_eq!(readings[1], Ok(Reading::Value(7.0)));
    }
}

#[test]
fn a_bad_query_is_told_in_sentrys_words() {
    let host = ScriptedHost::new().get(&errors("levell%3Afatal")).answers_json(
        400,
        &json!({"detail": "Invalid query. Project shop does not exist"}),
    );
    let error = one(&host, "errors levell:fatal").unwrap_err();
    insta::assert_snapshot!(error.message(), @"asking Sentry for errors with `levell:fatal` in `production`: answered 400: Invalid query. Project shop does not exist");
}

#[test]
fn a_source_that_is_down_is_an_error_after_one_more_try() {
    let host = ScriptedHost::new()
        .get(&errors(""))
        .fails(Error::transient("no answer"))
        .get(&errors(""))
        .answers(500, "");
    assert!(matches!(one(&host, "errors"), Err(Error::Transient(_))));
    assert_eq!(host.pauses(), [1000]);
    let denied = ScriptedHost::new()
        .get(&errors(""))
        .fails(Error::Denied("add".into()));
    assert!(matches!(
        sample(&denied, &["errors"], None),
        Err(Error::Denied(_))
    ));
}

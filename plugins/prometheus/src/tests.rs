use runner_sdk::Nature;
use runner_sdk::testing::{ScriptedHost, context};
use serde_json::{Value, json};

use super::*;

const API: &str = "https://prom.example/api/v1/query";

fn sample(host: &ScriptedHost, expressions: &[&str]) -> Result<Snapshot, Error> {
    let config =
        json!({"url": "https://prom.example/", "headers": {"X-Scope-OrgID": "shop"}, "timeout": "5s"});
    let query = |expression: &&str| Query {
        name: "rule".into(),
        expression: (*expression).into(),
        window_ms: 60_000,
    };
    let queries: Vec<_> = expressions.iter().map(query).collect();
    PrometheusMetrics::sample(host, &context(config), &queries, None)
}

fn one(host: ScriptedHost, expression: &str) -> Result<Reading, Error> {
    sample(&host, &[expression]).unwrap().readings.remove(0)
}

fn vector(values: &[&str]) -> Value {
    let result: Vec<_> = values
        .iter()
        .map(|value| json!({"metric": {"a": value}, "value": [1_767_225_600.0, value]}))
        .collect();
    json!({"status": "success", "data": {"resultType": "vector", "result": result}})
}

fn answered(answer: &Value) -> ScriptedHost {
    ScriptedHost::new().post(API).answers_json(200, answer)
}

#[test]
fn asks_for_one_number_at_this_instant() {
    let host = ScriptedHost::new()
        .post(API)
        .with_nature(Nature::Read)
        .with_header("X-Scope-OrgID", "shop")
        .with_header("Content-Type", "application/x-www-form-urlencoded")
        .with("timeout-ms", "5000")
        .with_payload("query=sum%28rate%28n%5B60s%5D%29%29&time=1767225600.000&timeout=5000ms")
        .answers_json(200, &vector(&["0.25"]));
    let snapshot = sample(&host, &["sum(rate(n[{{window}}]))"]).unwrap();
    assert_eq!(snapshot.readings, [Ok(Reading::Value(0.25))]);
    assert_eq!((snapshot.at, snapshot.memory), (1_767_225_600_000, None));
}

#[test]
fn numbers_and_none() {
    let scalar = json!({"status": "success", "data": {"resultType": "scalar", "result": [1.0, "42"]}});
    assert_eq!(one(answered(&scalar), "42"), Ok(Reading::Value(42.0)));
    assert_eq!(
        one(answered(&vector(&["+Inf"])), "x"),
        Ok(Reading::Value(f64::INFINITY))
    );
    assert_eq!(one(answered(&vector(&[])), "x"), Ok(Reading::NoData));
    assert_eq!(one(answered(&vector(&["NaN"])), "x"), Ok(Reading::NoData));
}

#[test]
fn a_share_keeps_both_numbers() {
    let both = |whole: &[&str], part: &[&str]| {
        answered(&vector(whole))
            .post(API)
            .answers_json(200, &vector(part))
    };
    assert_eq!(
        one(both(&["200"], &["3"]), "share e ;; n"),
        Ok(Reading::Share((3.0, 200.0)))
    );
    assert_eq!(
        one(both(&["200"], &[]), "share e ;; n"),
        Ok(Reading::Share((0.0, 200.0)))
    );
    for whole in [&[][..], &["0"], &["NaN"]] {
        assert_eq!(one(answered(&vector(whole)), "share e ;; n"), Ok(Reading::NoData));
    }
}

#[test]
fn what_is_not_one_number_says_what_to_do() {
    let wrong = |answer: &Value| one(answered(answer), "x").unwrap_err();
    insta::assert_snapshot!(wrong(&vector(&["1", "2"])).message(), @"asking Prometheus for `x`: it comes to 2 series: aggregate them, e.g. by `sum(..)` or `max(..)`");
    let data = |kind: &str, result: Value| json!({"status": "success", "data": {"resultType": kind, "result": result}});
    insta::assert_snapshot!(wrong(&data("matrix", json!([]))).message(), @"asking Prometheus for `x`: it comes to a matrix: a number at one instant is wanted");
    insta::assert_snapshot!(wrong(&data("vector", json!([{"metric": {}, "histogram": [1, {}]}]))).message(), @"asking Prometheus for `x`: it comes to a histogram: use `histogram_quantile(..)` or the like");
    insta::assert_snapshot!(wrong(&data("vector", json!([{"value": [1, "x"]}]))).message(), @"asking Prometheus for `x`: `x` is no number: invalid float literal");
}

#[test]
fn errors_of_the_api_are_told_apart() {
    let refused = |status: u16, kind: &str, text: &str| {
        let answer = json!({"status": "error", "errorType": kind, "error": text});
        one(ScriptedHost::new().post(API).answers_json(status, &answer), "x").unwrap_err()
    };
    let bad = refused(400, "bad_data", "parse error: unexpected )");
    assert!(matches!(bad, Error::InvalidConfig(_)));
    insta::assert_snapshot!(bad.message(), @"asking Prometheus for `x`: bad_data: parse error: unexpected )");
    assert!(matches!(
        refused(503, "timeout", "query timed out"),
        Error::Transient(_)
    ));
    assert!(matches!(
        refused(422, "execution", "too many samples"),
        Error::Failed(_)
    ));
}

#[test]
fn what_is_no_prometheus_is_an_error() {
    let page = |status: u16| one(ScriptedHost::new().post(API).answers(status, "<html>"), "x").unwrap_err();
    insta::assert_snapshot!(page(200).message(), @"asking Prometheus for `x`: the answer is not that of Prometheus: is `url` right?");
    assert!(matches!(page(502), Error::Transient(_)));
    insta::assert_snapshot!(page(404).message(), @"asking Prometheus for `x`: the server: answered 404: <html>");
    insta::assert_snapshot!(page(401).message(), @"asking Prometheus for `x`: answered 401: set `headers`, e.g. `Authorization`, in the config");
    let long = ScriptedHost::new().post(API).answers(200, "{").truncated();
    insta::assert_snapshot!(one(long, "x").unwrap_err().message(), @"asking Prometheus for `x`: the answer is too long: let the query come to one number, e.g. by `sum(..)`");
}

#[test]
fn one_query_that_fails_leaves_the_others() {
    let host = ScriptedHost::new()
        .post(API)
        .fails(Error::transient("connection refused"))
        .post(API)
        .answers_json(200, &vector(&["1"]));
    let readings = sample(&host, &["a", "a ;; b", "c"]).unwrap().readings;
    assert_eq!(
        readings[0],
        Err(Error::transient("asking Prometheus for `a`: connection refused"))
    );
    assert!(matches!(readings[1], Err(Error::InvalidConfig(_))));
    assert_eq!(readings[2], Ok(Reading::Value(1.0)));
    let denied = ScriptedHost::new().post(API).fails(Error::Denied("add".into()));
    assert!(matches!(sample(&denied, &["a"]), Err(Error::Denied(_))));
}

#[test]
fn warnings_are_told() {
    let mut answer = vector(&["1"]);
    answer["warnings"] = json!(["remote read: partial"]);
    let host = answered(&answer);
    sample(&host, &["n"]).unwrap();
    assert_eq!(
        host.logs(),
        [(
            Level::Warn,
            "Prometheus says of `n`: remote read: partial".to_owned()
        )]
    );
}

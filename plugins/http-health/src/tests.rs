//! Whole conversations with health endpoints.

use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::testing::{ScriptedHost, context, raw_context};
use runner_sdk::{Context, Error, Gate, Metrics, Nature, Verdict};
use serde_json::{Value, json};

use crate::{Config, HealthGate, HealthMetrics};

const API: &str = "https://shop.example/api/health";
const SITE: &str = "https://shop.example/";

fn config() -> Value {
    json!({
        "endpoints": {
            "api": {"path": "/api/health", "json": {
                "status": "healthy", "database": "connected", "celery": ["connected", "idle"], "environment": "{{environment}}",
            }},
            "site": {"path": "/"},
        },
        "headers": {"X-Probe": "{{secret:probe}}"},
    })
}

fn healthy() -> Value {
    json!({
        "status": "healthy", "environment": "staging", "database": "connected", "celery": "idle",
        "timestamp": "2026-01-01T00:00:00Z",
    })
}

fn staging(config: Value) -> Context<Config> {
    context(config)
        .with_release("1.2.3")
        .with_environment("staging", Some("https://shop.example/"))
}

fn check(host: &ScriptedHost, config: Value) -> Result<Verdict, Error> {
    HealthGate::check(host, &staging(config))
}

fn sample(host: &ScriptedHost, expressions: &[&str]) -> Result<Snapshot, Error> {
    let query = |expression: &&str| Query {
        name: "rule".into(),
        expression: (*expression).into(),
        window_ms: 60_000,
    };
    let queries: Vec<_> = expressions.iter().map(query).collect();
    HealthMetrics::sample(host, &staging(config()), &queries, None)
}

/// The API answers so; why it is not healthy.
fn trouble(status: u16, body: &str) -> String {
    let host = ScriptedHost::new().get(API).answers(status, body).get(SITE);
    let verdict = check(&host, config()).unwrap();
    assert!(!verdict.is_passed(), "{body}");
    verdict.findings[0].message.clone()
}

#[test]
fn all_endpoints_healthy_passes() {
    let host = ScriptedHost::new()
        .get(API)
        .with_nature(Nature::Read)
        .with_header("X-Probe", "{{secret:probe}}")
        .with("timeout-ms", "5000")
        .answers_json(200, &healthy())
        .takes(42)
        .get(SITE)
        .answers(200, "<html>")
        .takes(7);
    let verdict = check(&host, config()).unwrap();
    assert!(verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"2 endpoints of `https://shop.example` healthy");
    let measures: Vec<_> = verdict
        .measures
        .iter()
        .map(|m| (m.name.as_str(), m.value))
        .collect();
    assert_eq!(measures, [("latency of api", 42.0), ("latency of site", 7.0)]);
}

#[test]
fn says_why_one_is_not_healthy() {
    let with = |field: &str, value: Value| {
        let mut body = healthy();
        body[field] = value;
        trouble(200, &body.to_string())
    };
    let mut bare = healthy();
    bare.as_object_mut().unwrap().remove("database");
    let why = [
        with("status", json!("degraded")),
        with("celery", json!(null)),
        with("environment", json!("production")),
        with("database", json!({"error": "x".repeat(100)})),
        trouble(200, &bare.to_string()),
        trouble(200, "<html>a page of the site, since nginx does not pass /api on"),
        trouble(200, "[]"),
        trouble(503, "{}"),
        trouble(204, ""),
    ];
    insta::assert_snapshot!(why.join("\n"), @r#"
    `status` is "degraded", not "healthy"
    `celery` is null, not "connected" or "idle"
    `environment` is "production", not "staging"
    `database` is {"error":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..., not "connected"
    the answer has no `database`
    the answer is not JSON
    the answer has no `celery`
    answered 503, not 200
    answered 204, not 200
    "#);
}

#[test]
fn no_answer_is_not_healthy_and_no_error() {
    let host = ScriptedHost::new()
        .get(API)
        .fails(Error::transient(
            "GET https://shop.example/api/health: connection refused",
        ))
        .get(SITE)
        .answers(301, "")
        .answer_header("Location", "https://www.shop.example/");
    let verdict = check(&host, config()).unwrap();
    insta::assert_snapshot!(verdict.summary, @"2 of 2 endpoints of `https://shop.example` not healthy: `api`: GET https://shop.example/api/health: connection refused");
    insta::assert_snapshot!(verdict.findings[1].message, @"answered 301, not 200 (redirected to https://www.shop.example/)");
    assert_eq!(verdict.measures.len(), 1, "what did not answer has no latency");
}

#[test]
fn looks_again_as_often_as_it_is_told_to() {
    let mut config = config();
    config["endpoints"].as_object_mut().unwrap().remove("site");
    config["tries"] = json!(3);
    config["pause"] = json!("500ms");
    let refused = || Error::transient("connection refused");
    let host = ScriptedHost::new()
        .get(API)
        .fails(refused())
        .get(API)
        .answers(503, "")
        .get(API)
        .answers_json(200, &healthy());
    assert!(check(&host, config.clone()).unwrap().is_passed());
    assert_eq!(host.pauses(), [500, 500]);
    let host = ScriptedHost::new()
        .get(API)
        .fails(refused())
        .get(API)
        .fails(refused())
        .get(API)
        .fails(refused());
    let verdict = check(&host, config).unwrap();
    insta::assert_snapshot!(verdict.summary, @"1 of 1 endpoint of `https://shop.example` not healthy after 3 looks: `api`: connection refused");
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    for error in [
        Error::Denied("add".into()),
        Error::failed("no secret `probe`"),
        Error::Interrupted("stopped".into()),
    ] {
        let host = ScriptedHost::new().get(API).fails(error.clone());
        assert_eq!(check(&host, config()), Err(error));
    }
    let nowhere = context(config());
    assert!(matches!(
        HealthGate::check(&ScriptedHost::new(), &nowhere),
        Err(Error::InvalidConfig(_))
    ));
    let none = check(&ScriptedHost::new(), json!({"endpoints": {}})).unwrap_err();
    assert!(matches!(none, Error::InvalidConfig(_)));
    let odd = check(
        &ScriptedHost::new(),
        json!({"endpoints": {"x": {"path": "@evil.example/"}}}),
    )
    .unwrap_err();
    assert!(matches!(odd, Error::InvalidConfig(_)));
    assert!(raw_context::<Config>(json!({"endpoints": {"x": {"path": "/", "code": 200}}})).is_err());
}

#[test]
fn one_request_serves_all_queries_of_an_endpoint() {
    let host = ScriptedHost::new()
        .get(API)
        .answers_json(200, &healthy())
        .takes(42)
        .get(SITE)
        .answers(500, "");
    let snapshot = sample(&host, &["healthy api", "latency api", "healthy site", "healthy"]).unwrap();
    assert_eq!(
        snapshot.readings,
        [1.0, 42.0, 0.0, 0.0].map(|value| Ok(Reading::Value(value)))
    );
    let (_, line) = host.logs().remove(0);
    insta::assert_snapshot!(line, @"`site` of `https://shop.example` is not healthy: answered 500, not 200");
}

#[test]
fn down_is_a_reading_and_what_is_not_asked_for_is_not_asked() {
    let host = ScriptedHost::new()
        .get(API)
        .fails(Error::transient("connection refused"));
    let snapshot = sample(&host, &["healthy api", "latency api"]).unwrap();
    assert_eq!(snapshot.readings, [Ok(Reading::Value(0.0)), Ok(Reading::NoData)]);
}

#[test]
fn a_bad_query_does_not_spoil_the_others() {
    let host = ScriptedHost::new().get(SITE);
    let readings = sample(&host, &["healthy site", "healthy web", "uptime"])
        .unwrap()
        .readings;
    assert_eq!(readings[0], Ok(Reading::Value(1.0)));
    insta::assert_snapshot!(readings[1].clone().unwrap_err().message(), @"`healthy web` asks for `web`, and `endpoints` has `api`, `site`");
    insta::assert_snapshot!(readings[2].clone().unwrap_err().message(), @"`uptime` is no query: there are `healthy`, `healthy ENDPOINT` and `latency ENDPOINT`");
    let denied = ScriptedHost::new().get(SITE).fails(Error::Denied("add".into()));
    assert!(matches!(
        sample(&denied, &["healthy site"]),
        Err(Error::Denied(_))
    ));
    let broken = ScriptedHost::new()
        .get(SITE)
        .fails(Error::failed("no secret `probe`"));
    assert!(sample(&broken, &["healthy site"]).unwrap().readings[0].is_err());
}

#[test]
fn values_are_compared_as_what_they_are() {
    let wanted = json!({"endpoints": {"x": {"path": "/x", "status": 202, "json": {
        "checks.db.up": true, "workers": 2, "version": "{{version}}", "load": [0, 1.5],
    }}}});
    for (body, passed) in [
        (
            json!({"checks": {"db": {"up": true}}, "workers": 2.0, "version": "1.2.3", "load": 1.5}),
            true,
        ),
        (
            json!({"checks": {"db": {"up": "true"}}, "workers": 2, "version": "1.2.3", "load": 0}),
            false,
        ),
        (
            json!({"checks": {"db": {"up": true}}, "workers": "2", "version": "1.2.3", "load": 0}),
            false,
        ),
        (
            json!({"checks": {"db": {"up": true}}, "workers": 2, "version": "1.2.2", "load": 0}),
            false,
        ),
        (
            json!({"checks": [true], "workers": 2, "version": "1.2.3", "load": 0}),
            false,
        ),
    ] {
        let host = ScriptedHost::new()
            .get("https://shop.example/x")
            .answers_json(202, &body);
        let verdict = check(&host, wanted.clone()).unwrap();
        assert_eq!(verdict.is_passed(), passed, "{body}: {}", verdict.summary);
    }
}

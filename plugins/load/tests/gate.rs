//! The gate `load` as a whole: what it asks the host for, and what it makes of the answers.

use plugin_load::LoadGate;
use runner_sdk::testing::{ScriptedHost, context};
use runner_sdk::{Error, Gate, Nature, Verdict};
use serde_json::{Value, json};

const EXPORT: &str = include_str!("../fixtures/k6-summary-export.json");
const WRK: &str = include_str!("../fixtures/wrk-4.1.txt");
const HEY_REFUSED: &str = include_str!("../fixtures/hey-0.1.4-refused.txt");

/// The fixture, as it would be had no threshold been crossed.
fn held() -> String {
    EXPORT.replace("\"p(95)<200\": true", "\"p(95)<200\": false")
}

fn k6(limits: Value) -> Value {
    let mut config =
        json!({"run": ["k6", "run", "load.js"], "format": "k6", "report": "load.json", "max-failed": 1});
    config
        .as_object_mut()
        .unwrap()
        .extend(limits.as_object().unwrap().clone());
    config
}

fn k6_run() -> ScriptedHost {
    ScriptedHost::new()
        .run(["rm", "-f", "--", "load.json"])
        .run(["k6", "run", "load.js"])
        .with_nature(Nature::Idempotent)
        .with_env("RUNNER_URL", "https://staging.example")
}

fn check(host: ScriptedHost, config: Value) -> Result<Verdict, Error> {
    let context = context(config)
        .with_release("1.2.3")
        .with_environment("staging", Some("https://staging.example"));
    LoadGate::check(&host, &context)
}

#[test]
fn limits_that_are_met_exactly_pass() {
    let limits = json!({"p95": "213ms", "p99": "481ms", "min-rate": 66.5, "min-requests": 2000});
    let verdict = check(k6_run().read_file("load.json", held()), k6(limits)).unwrap();
    assert!(verdict.is_passed(), "{verdict:?}");
    insta::assert_snapshot!(verdict.summary, @"2000 requests, 1 % failed, p95 212.5 ms, p99 480.25 ms, 66.5 a second");
    let measures: Vec<_> = verdict
        .measures
        .iter()
        .map(|m| (m.name.as_str(), m.value, m.limit))
        .collect();
    assert_eq!(
        measures,
        [
            ("requests", 2000.0, Some(2000.0)),
            ("failed", 1.0, Some(1.0)),
            ("p95", 212.5, Some(213.0)),
            ("p99", 480.25, Some(481.0)),
            ("rate", 66.5, Some(66.5)),
        ]
    );
}

#[test]
fn every_limit_that_is_missed_is_a_finding() {
    let limits =
        json!({"p95": "200ms", "p99": "400ms", "min-rate": 100, "min-requests": 5000, "max-failed": 0.5});
    let verdict = check(k6_run().exits(99).read_file("load.json", EXPORT), k6(limits)).unwrap();
    assert!(!verdict.is_passed());
    let lines: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    2000 requests were made; at least 5000 must be
    20 of 2000 requests failed (1 %); at most 0.5 % may
    p95 is 212.5 ms; at most 200 ms it may be
    p99 is 480.25 ms; at most 400 ms it may be
    66.5 requests a second were answered; at least 100 must be
    threshold `p(95)<200` of `http_req_duration` crossed
    5 checks of the script failed
    ");
}

#[test]
fn a_threshold_that_was_crossed_fails_whatever_the_exit_code() {
    for exit in [0, 99] {
        let verdict = check(k6_run().exits(exit).read_file("load.json", EXPORT), k6(json!({}))).unwrap();
        assert!(!verdict.is_passed());
        assert_eq!(
            verdict.summary,
            "threshold `p(95)<200` of `http_req_duration` crossed"
        );
    }
}

#[test]
fn an_exit_code_that_the_report_does_not_explain_is_a_failure() {
    let summary = |exit: i32| {
        let host = k6_run()
            .exits(exit)
            .stderr("thrown: boom\n")
            .read_file("load.json", held());
        let verdict = check(host, k6(json!({}))).unwrap();
        assert!(!verdict.is_passed());
        assert!(
            verdict
                .findings
                .iter()
                .any(|finding| finding.message == "thrown: boom")
        );
        verdict.summary
    };
    insta::assert_snapshot!(summary(99), @"k6 ended with 99: a threshold was crossed that the report does not show");
    insta::assert_snapshot!(summary(107), @"the load test ended with exit code 107");
}

#[test]
fn no_request_fails() {
    let nothing = r#"{"metrics":{"iterations":{"count":0,"rate":0}}}"#;
    let verdict = check(
        k6_run().read_file("load.json", nothing),
        k6(json!({"p95": "1s", "min-rate": 1})),
    )
    .unwrap();
    assert!(!verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"0 requests were made; at least 1 must be");
}

#[test]
fn what_wrk_prints_is_its_report() {
    let config = |limits: Value| {
        let mut config = json!({"run": ["sh", "load.sh"], "format": "wrk"});
        config
            .as_object_mut()
            .unwrap()
            .extend(limits.as_object().unwrap().clone());
        config
    };
    let host = || ScriptedHost::new().run(["sh", "load.sh"]).stdout(WRK);
    let verdict = check(host(), config(json!({"p99": "100ms", "min-rate": 80}))).unwrap();
    assert!(verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"268 requests, 0 % failed, p99 93.83 ms, 87.77 a second");
    // A limit on what was not measured is not met.
    let error = check(host(), config(json!({"p95": "100ms"}))).unwrap_err();
    insta::assert_snapshot!(error.message(), @"the report has no p95, which is limited: wrk does not measure it: limit `p99`, or use k6 or hey");
    let refused = ScriptedHost::new()
        .run(["sh", "load.sh"])
        .exits(1)
        .stderr("unable to connect to 127.0.0.1:80 Connection refused\n");
    let verdict = check(refused, config(json!({}))).unwrap();
    insta::assert_snapshot!(verdict.summary, @"`sh load.sh` ended with exit code 1 and without a report");
    assert_eq!(
        verdict.findings[1].message,
        "unable to connect to 127.0.0.1:80 Connection refused"
    );
    let cut = ScriptedHost::new().run(["sh", "load.sh"]).stdout(WRK).truncated();
    assert!(
        check(cut, config(json!({})))
            .unwrap_err()
            .message()
            .contains("prints too much")
    );
}

#[test]
fn hey_ends_well_though_nothing_answered() {
    let config = json!({"run": ["sh", "load.sh"], "format": "hey", "p99": "1s", "min-rate": 1});
    let host = ScriptedHost::new().run(["sh", "load.sh"]).stdout(HEY_REFUSED);
    let verdict = check(host, config).unwrap();
    assert!(!verdict.is_passed());
    let lines: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    20 of 20 requests failed (100 %); at most 0 % may
    0 requests a second were answered; at least 1 must be
    20 without an answer: Get "http://127.0.0.1:18978/": dial tcp 127.0.0.1:18978: connect: connection refused
    "#);
}

#[test]
fn a_missing_or_malformed_report_is_an_error() {
    let missing = check(k6_run().missing_file("load.json"), k6(json!({}))).unwrap_err();
    insta::assert_snapshot!(missing.message(), @"reading the report `load.json`: no file `load.json` in the workspace");
    let odd = check(k6_run().read_file("load.json", "{}"), k6(json!({}))).unwrap_err();
    insta::assert_snapshot!(odd.message(), @"the report `load.json` cannot be read: it is no summary of k6: it has no `metrics`");
    let nothing = check(ScriptedHost::new(), json!({"format": "k6"})).unwrap_err();
    assert!(matches!(nothing, Error::InvalidConfig(_)));
}

#[test]
fn a_report_of_an_earlier_run_is_refused() {
    let mut config = k6(json!({}));
    config["report"] = json!("out/*.json");
    let host = ScriptedHost::new()
        .glob("out/*.json", ["out/load.json"])
        .read_file("out/load.json", held())
        .run(["k6", "run", "load.js"])
        .glob("out/*.json", ["out/load.json"])
        .read_file("out/load.json", held());
    assert!(
        check(host, config)
            .unwrap_err()
            .message()
            .contains("is as it was before the run")
    );
    let two = json!({"format": "k6", "report": "out/*.json"});
    let host = ScriptedHost::new()
        .glob("out/*.json", ["out/a.json", "out/b.json"])
        .read_file("out/a.json", held())
        .read_file("out/b.json", held());
    assert_eq!(
        check(host, two).unwrap_err().message(),
        "2 reports match `out/*.json`: one load test has one"
    );
}

#[test]
fn a_plan_does_not_run_it() {
    let host = ScriptedHost::new()
        .run(["rm", "-f", "--", "load.json"])
        .run(["k6", "run", "load.js"])
        .with("foresee-success", "true");
    let verdict = LoadGate::check(&host, &context(k6(json!({}))).in_plan()).unwrap();
    assert_eq!(verdict.summary, "`k6 run load.js` is not run in a plan");
}

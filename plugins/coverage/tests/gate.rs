//! The gate `coverage` as a whole: what it asks the host for, and what it makes of the answers.

use plugin_coverage::CoverageGate;
use runner_sdk::testing::{ScriptedHost, context};
use runner_sdk::{Error, Gate, Verdict};
use serde_json::{Value, json};

const PROFILE: &str = "mode: set
example.com/shop/internal/domain/order.go:3.20,5.2 9 1
example.com/shop/internal/domain/order.go:7.20,9.2 1 0
example.com/shop/internal/http/server.go:3.20,5.2 8 1
example.com/shop/internal/http/server.go:7.20,9.2 2 0
";

fn config(total: f64, paths: Value) -> Value {
    json!({"run": ["make", "cover"], "format": "go", "report": "cover.out", "total": total, "paths": paths})
}

fn ran() -> ScriptedHost {
    ScriptedHost::new()
        .run(["rm", "-f", "--", "cover.out"])
        .run(["make", "cover"])
}

fn check(host: ScriptedHost, config: Value) -> Result<Verdict, Error> {
    CoverageGate::check(&host, &context(config))
}

#[test]
fn limits_that_are_met_exactly_pass() {
    let limits = json!({"internal/domain/**": 90, "**/http/*.go": 80.0});
    let verdict = check(ran().read_file("cover.out", PROFILE), config(85.0, limits)).unwrap();
    assert!(verdict.is_passed(), "{verdict:?}");
    assert_eq!(verdict.summary, "85 % covered in 2 files");
    let measures: Vec<(&str, f64, Option<f64>)> = verdict
        .measures
        .iter()
        .map(|m| (m.name.as_str(), m.value, m.limit))
        .collect();
    assert_eq!(
        measures,
        [
            ("coverage", 85.0, Some(85.0)),
            ("coverage of **/http/*.go", 80.0, Some(80.0)),
            ("coverage of internal/domain/**", 90.0, Some(90.0)),
        ]
    );
}

#[test]
fn a_missed_limit_shows_where_most_is_missing() {
    let limits = json!({"internal/domain/**": 95});
    let verdict = check(ran().read_file("cover.out", PROFILE), config(88.0, limits)).unwrap();
    assert!(!verdict.is_passed());
    let shown: Vec<String> = verdict
        .findings
        .iter()
        .map(|f| match &f.location {
            Some(location) => format!("  {}: {}", location.path, f.message),
            None => f.message.clone(),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    85 % covered; at least 88 % must be
      example.com/shop/internal/http/server.go: 80 % covered (8 of 10)
      example.com/shop/internal/domain/order.go: 90 % covered (9 of 10)
    90 % of `internal/domain/**` covered; at least 95 % must be
      example.com/shop/internal/domain/order.go: 90 % covered (9 of 10)
    ");
}

#[test]
fn a_limit_for_a_path_that_matches_nothing_fails() {
    let verdict = check(
        ran().read_file("cover.out", PROFILE),
        config(1.0, json!({"src/domain/**": 0})),
    )
    .unwrap();
    assert_eq!(
        verdict.summary,
        "`src/domain/**` matches nothing to cover in the report"
    );
    assert!(!verdict.is_passed());
}

#[test]
fn an_empty_or_missing_report_is_an_error() {
    let empty = check(ran().read_file("cover.out", ""), config(0.0, json!({}))).unwrap_err();
    assert_eq!(
        empty.message(),
        "the report `cover.out` cannot be read: it is no cover profile: it does not begin with `mode:`"
    );
    let bare = check(
        ran().read_file("cover.out", "mode: set\n"),
        config(0.0, json!({})),
    )
    .unwrap_err();
    assert_eq!(bare.message(), "the report has nothing to cover in its 0 files");
    let missing = check(ran().missing_file("cover.out"), config(0.0, json!({}))).unwrap_err();
    assert_eq!(
        missing.message(),
        "reading the report `cover.out`: no file `cover.out` in the workspace"
    );
}

#[test]
fn a_failed_run_is_a_failure_whatever_lies_there() {
    let verdict = check(ran().exits(2).stderr("FAIL shop/cart\n"), config(0.0, json!({}))).unwrap();
    assert_eq!(verdict.summary, "`make cover` ended with exit code 2");
    assert_eq!(verdict.findings[0].message, "FAIL shop/cart");
}

#[test]
fn several_reports_must_not_overlap() {
    let config = json!({"format": "lcov", "report": "*/lcov.info", "total": 50});
    let trace = |path: &str| format!("SF:{path}\nDA:1,1\nDA:2,0\nend_of_record\n");
    let host = |second: &str| {
        ScriptedHost::new()
            .glob("*/lcov.info", ["a/lcov.info", "b/lcov.info"])
            .read_file("a/lcov.info", trace("a.ts"))
            .read_file("b/lcov.info", trace(second))
    };
    assert_eq!(
        check(host("b.ts"), config.clone()).unwrap().summary,
        "50 % covered in 2 files"
    );
    let error = check(host("a.ts"), config).unwrap_err();
    assert_eq!(
        error.message(),
        "the report `b/lcov.info` cannot be read: `a.ts` is in another report, too: merge them first"
    );
}

#[test]
fn a_plan_lists_and_reads_nothing() {
    let verdict = CoverageGate::check(&ran(), &context(config(88.0, json!({}))).in_plan()).unwrap();
    assert_eq!(verdict.summary, "`make cover` is not run in a plan");
}

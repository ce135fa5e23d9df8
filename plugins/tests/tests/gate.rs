//! The gate `tests` as a whole: what it asks the host for, and what it makes of the answers.

use plugin_tests::TestsGate;
use runner_sdk::testing::{ScriptedHost, context};
use runner_sdk::{Error, Gate, Nature, Verdict};
use serde_json::{Value, json};

const TWO_PASSED: &str =
    r#"<testsuite name="s" tests="2"><testcase name="a"/><testcase name="b"/></testsuite>"#;
const NONE: &str = r#"<testsuites><testsuite name="s" tests="0"/></testsuites>"#;
const ONE_FAILED: &str = r#"<testsuite name="s" failures="1"><testcase name="a"/><testcase name="b" file="b.py" line="3"><failure message="1 is not 2"/></testcase></testsuite>"#;

fn junit() -> Value {
    json!({"run": ["pytest", "--junitxml=out.xml"], "format": "junit", "report": "out.xml"})
}

fn junit_run() -> ScriptedHost {
    ScriptedHost::new()
        .run(["rm", "-f", "--", "out.xml"])
        .run(["pytest", "--junitxml=out.xml"])
}

fn check(host: ScriptedHost, config: Value) -> Result<Verdict, Error> {
    TestsGate::check(&host, &context(config))
}

#[test]
fn counts_what_the_report_says() {
    let host = junit_run()
        .with_nature(Nature::Idempotent)
        .read_file("out.xml", TWO_PASSED);
    let verdict = check(host, junit()).unwrap();
    assert!(verdict.is_passed());
    assert_eq!(verdict.summary, "2 tests passed");
    let measures: Vec<(&str, f64)> = verdict
        .measures
        .iter()
        .map(|m| (m.name.as_str(), m.value))
        .collect();
    assert_eq!(
        measures,
        [("tests", 2.0), ("failed", 0.0), ("skipped", 0.0), ("flaky", 0.0)]
    );
}

#[test]
fn tests_of_what_is_deployed_are_told_where_it_is() {
    let host = junit_run()
        .with_env("RUNNER_URL", "https://staging.example")
        .read_file("out.xml", TWO_PASSED);
    let context = context(junit()).with_environment("staging", Some("https://staging.example"));
    assert!(TestsGate::check(&host, &context).unwrap().is_passed());
}

#[test]
fn a_failed_test_is_a_finding_with_its_place() {
    let verdict = check(junit_run().exits(1).read_file("out.xml", ONE_FAILED), junit()).unwrap();
    assert_eq!(verdict.summary, "1 of 2 tests failed");
    insta::assert_debug_snapshot!(verdict.findings, @r#"
    [
        Finding {
            severity: Severity::High,
            rule: Some(
                "b",
            ),
            message: "1 is not 2",
            location: Some(
                Location {
                    path: "b.py",
                    line: Some(
                        3,
                    ),
                },
            ),
        },
    ]
    "#);
}

#[test]
fn a_failed_test_counts_though_the_command_ended_well() {
    let verdict = check(junit_run().exits(0).read_file("out.xml", ONE_FAILED), junit()).unwrap();
    assert!(!verdict.is_passed());
}

#[test]
fn no_tests_is_a_failure() {
    let verdict = check(junit_run().read_file("out.xml", NONE), junit()).unwrap();
    assert_eq!(verdict.summary, "0 tests ran; at least 1 must");
    assert!(!verdict.is_passed());
}

#[test]
fn an_exit_code_that_the_report_does_not_explain_is_a_failure() {
    let host = junit_run()
        .exits(3)
        .stderr("INTERNALERROR\n")
        .read_file("out.xml", TWO_PASSED);
    let verdict = check(host, junit()).unwrap();
    assert_eq!(
        verdict.summary,
        "the tests ended with exit code 3, though no test of the report failed"
    );
    assert_eq!(verdict.findings.last().unwrap().message, "INTERNALERROR");
}

#[test]
fn a_missing_report_is_an_error_and_with_a_bad_exit_a_failure() {
    let error = check(junit_run().missing_file("out.xml"), junit()).unwrap_err();
    assert_eq!(
        error.message(),
        "reading the report `out.xml`: no file `out.xml` in the workspace"
    );
    let host = junit_run()
        .exits(2)
        .stderr("SyntaxError: x\n")
        .missing_file("out.xml");
    let verdict = check(host, junit()).unwrap();
    assert_eq!(
        verdict.summary,
        "`pytest --junitxml=out.xml` ended with exit code 2 and without a report"
    );
    assert_eq!(verdict.findings[1].message, "SyntaxError: x");
}

#[test]
fn a_malformed_report_is_an_error_that_names_it() {
    let error = check(junit_run().read_file("out.xml", "<html/>"), junit()).unwrap_err();
    assert_eq!(
        error.message(),
        "the report `out.xml` cannot be read: it is not JUnit: it begins with `html`"
    );
}

#[test]
fn a_glob_sums_over_its_files() {
    let host = ScriptedHost::new()
        .glob("r/*.xml", ["r/a.xml", "r/b.xml"])
        .read_file("r/a.xml", TWO_PASSED)
        .read_file("r/b.xml", ONE_FAILED);
    let verdict = check(host, json!({"format": "junit", "report": "r/*.xml"})).unwrap();
    assert_eq!(verdict.summary, "1 of 4 tests failed");
}

#[test]
fn a_report_can_be_what_is_printed() {
    let go = r#"{"Action":"pass","Package":"p","Test":"T"}
{"Action":"pass","Package":"p"}"#;
    let host = ScriptedHost::new()
        .run(["make", "test"])
        .with("capture", "16777216")
        .stdout(go);
    assert!(
        check(host, json!({"run": ["make", "test"], "format": "go"}))
            .unwrap()
            .is_passed()
    );

    let vitest = "> web@1.0.0 test\n> vitest run --reporter=json\n\n{\"testResults\":[{\"assertionResults\":[{\"title\":\"a\",\"status\":\"passed\"}]}]}\n";
    let host = ScriptedHost::new()
        .run(["npm", "test"])
        .in_folder("web")
        .stdout(vitest);
    let config = json!({"run": ["npm", "test"], "cwd": "web", "format": "vitest"});
    assert_eq!(check(host, config).unwrap().summary, "1 test passed");

    let nextest = "     Summary [   0.1s] 3 tests run: 3 passed (1 flaky), 1 skipped\n   FLAKY 2/2 [ 0.1s] (1/3) nx a\n";
    let host = ScriptedHost::new()
        .run(["cargo", "nextest", "run"])
        .stderr(nextest);
    let config =
        json!({"run": ["cargo", "nextest", "run"], "format": "nextest", "max-flaky": 0, "max-skipped": 0});
    let verdict = check(host, config).unwrap();
    assert_eq!(verdict.summary, "1 test skipped; at most 0 may be");
    assert_eq!(verdict.findings[1].message, "1 test flaky; at most 0 may be");
}

#[test]
fn what_is_printed_must_be_whole() {
    let host = ScriptedHost::new().run(["make", "test"]).stdout("{}").truncated();
    let error = check(host, json!({"run": ["make", "test"], "format": "go"})).unwrap_err();
    assert!(
        error.message().contains("name it in `report`"),
        "{}",
        error.message()
    );
}

#[test]
fn a_plan_lists_and_reads_nothing() {
    let host = junit_run().with("foresee-success", "true");
    let verdict = TestsGate::check(&host, &context(junit()).in_plan()).unwrap();
    assert_eq!(
        verdict.summary,
        "`pytest --junitxml=out.xml` is not run in a plan"
    );
}

#[test]
fn nothing_to_read_is_an_invalid_config() {
    let error = check(ScriptedHost::new(), json!({"format": "go"})).unwrap_err();
    assert!(matches!(error, Error::InvalidConfig(_)));
}

#[test]
fn many_failures_are_cut() {
    let cases: String = (0..300)
        .map(|n| format!("<testcase name=\"t{n}\"><failure message=\"m\"/></testcase>"))
        .collect();
    let host = junit_run()
        .exits(1)
        .read_file("out.xml", format!("<testsuite>{cases}</testsuite>"));
    let verdict = check(host, junit()).unwrap();
    assert_eq!(
        (verdict.findings.len(), verdict.findings[50].message.as_str()),
        (51, "and 250 more")
    );
}

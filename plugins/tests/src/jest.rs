//! The JSON of Jest and Vitest. Its own totals are not trusted (older Vitest counts skipped tests as passed): the
//! assertions are counted again.

use serde::Deserialize;

use crate::report::{Failure, Report, clip};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    test_results: Vec<TestFile>,
    success: Option<bool>,
    #[serde(default)]
    was_interrupted: bool,
    #[serde(default)]
    num_runtime_error_test_suites: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestFile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    title: String,
    status: String,
    failure_messages: Option<Vec<String>>,
    location: Option<Location>,
    /// Tries, in Jest.
    invocations: Option<u64>,
}

#[derive(Deserialize)]
struct Location {
    line: Option<u32>,
}

/// Reads the JSON of Jest or Vitest.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| format!("it is not the JSON of Jest or Vitest: {error}"))?;
    let mut report = Report::default();
    let mut not_loaded = 0;
    for test_file in file.test_results {
        let failed_before = report.failed.len();
        for assertion in test_file.assertion_results {
            take(&test_file.name, assertion, &mut report);
        }
        if test_file.status == "failed" && report.failed.len() == failed_before {
            not_loaded += 1;
            let why = clip(&test_file.message);
            report
                .broken
                .push(format!("`{}` failed outside its tests:\n{why}", test_file.name));
        }
    }
    if file.num_runtime_error_test_suites > not_loaded {
        let more = file.num_runtime_error_test_suites - not_loaded;
        report
            .broken
            .push(format!("{more} more files could not be loaded"));
    }
    if file.was_interrupted {
        report.broken.push("the run was interrupted".to_owned());
    }
    if file.success == Some(false) && report.is_clean() {
        report
            .broken
            .push("the report says `success: false` without a failed test".to_owned());
    }
    Ok(report)
}

fn take(path: &str, assertion: Assertion, report: &mut Report) {
    let name = if assertion.full_name.is_empty() {
        &assertion.title
    } else {
        &assertion.full_name
    }
    .clone();
    match assertion.status.as_str() {
        "passed" => {
            report.passed += 1;
            // Jest counts the tries; Vitest keeps the messages of those that failed.
            if assertion.invocations.is_some_and(|tries| tries > 1) || !messages(&assertion).is_empty() {
                report.flaky.push(name);
            }
        }
        "skipped" | "pending" | "todo" | "disabled" => report.skipped += 1,
        status => {
            let messages = assertion.failure_messages.unwrap_or_default().join("\n");
            report.failed.push(Failure {
                message: if status == "failed" {
                    clip(&messages)
                } else {
                    format!("status `{status}`")
                },
                name,
                path: Some(path.to_owned()).filter(|path| !path.is_empty()),
                line: assertion.location.and_then(|location| location.line),
            });
        }
    }
}

fn messages(assertion: &Assertion) -> String {
    assertion
        .failure_messages
        .as_deref()
        .unwrap_or_default()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vitest() {
        let text = r#"{"numTotalTestSuites":2,"numTotalTests":4,"numPassedTests":3,"numFailedTests":1,"numPendingTests":0,"numTodoTests":1,"success":false,"startTime":1763840000000,
"testResults":[{"name":"/w/web/cart.test.ts","status":"failed","message":"","startTime":1,"endTime":2,"assertionResults":[
 {"ancestorTitles":["cart"],"fullName":"cart adds","title":"adds","status":"passed","duration":1.2,"failureMessages":[],"meta":{}},
 {"ancestorTitles":["cart"],"fullName":"cart takes away","title":"takes away","status":"failed","duration":2,"failureMessages":["\u001b[31mAssertionError\u001b[39m: expected 1 to be 2"],"location":{"line":7,"column":3}},
 {"ancestorTitles":["cart"],"fullName":"cart later","title":"later","status":"skipped","failureMessages":[]},
 {"ancestorTitles":["cart"],"fullName":"cart some day","title":"some day","status":"todo","failureMessages":[]}]}]}"#;
        let report = parse(text).unwrap();
        assert_eq!((report.passed, report.skipped, report.failed.len()), (1, 2, 1));
        assert_eq!(report.failed[0].message, "AssertionError: expected 1 to be 2");
        assert_eq!(
            (report.failed[0].path.as_deref(), report.failed[0].line),
            (Some("/w/web/cart.test.ts"), Some(7))
        );
        assert!(report.broken.is_empty());
    }

    #[test]
    fn what_vitest_4_writes() {
        let report = parse(include_str!("../fixtures/vitest-4.json")).unwrap();
        assert_eq!(
            (report.passed, report.skipped, &report.flaky[..]),
            (2, 2, &["flaky".to_owned()][..])
        );
        assert_eq!(report.failed[0].name, "bad");
        let not_loaded = "`/home/ci/web/b.test.js` failed outside its tests:\nCannot find module './nothing.js' imported from /home/ci/web/b.test.js";
        assert_eq!(report.broken, [not_loaded]);
    }

    #[test]
    fn a_file_that_does_not_load_is_broken_though_no_test_failed() {
        let text = r#"{"numTotalTests":1,"numFailedTests":0,"numRuntimeErrorTestSuites":2,"success":false,"testResults":[
 {"name":"a.test.ts","status":"passed","message":"","assertionResults":[{"fullName":"a","title":"a","status":"passed","invocations":2,"failureMessages":[]}]},
 {"name":"b.test.ts","status":"failed","message":"Cannot find module './b'","assertionResults":[]}]}"#;
        let report = parse(text).unwrap();
        assert_eq!(
            report.broken,
            [
                "`b.test.ts` failed outside its tests:\nCannot find module './b'",
                "1 more files could not be loaded",
            ]
        );
        assert_eq!((report.passed, &report.flaky[..]), (1, &["a".to_owned()][..]));
    }

    #[test]
    fn an_unknown_status_is_a_failure_and_so_is_success_false() {
        let odd = r#"{"testResults":[{"name":"a","status":"passed","assertionResults":[{"title":"t","status":"melted"}]}]}"#;
        assert_eq!(parse(odd).unwrap().failed[0].message, "status `melted`");
        let untold = r#"{"success":false,"testResults":[]}"#;
        assert_eq!(parse(untold).unwrap().broken.len(), 1);
        let interrupted = r#"{"success":true,"wasInterrupted":true,"testResults":[]}"#;
        assert_eq!(parse(interrupted).unwrap().broken, ["the run was interrupted"]);
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse(r#"{"testResults":["#).is_err());
        assert!(
            parse(r#"{"numTotalTests":3}"#)
                .unwrap_err()
                .contains("missing field `testResults`")
        );
    }
}

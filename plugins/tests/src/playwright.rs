//! The JSON of Playwright: suites nest, and a test has a status for all of its tries.

use serde::Deserialize;

use crate::report::{Failure, Report, clip};

#[derive(Deserialize)]
struct File {
    suites: Vec<Suite>,
    #[serde(default)]
    errors: Vec<Fault>,
    stats: Option<Stats>,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    unexpected: u64,
}

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    title: String,
    #[serde(default)]
    suites: Vec<Suite>,
    #[serde(default)]
    specs: Vec<Spec>,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    title: String,
    file: Option<String>,
    line: Option<u32>,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    #[serde(default)]
    project_name: String,
    status: String,
    #[serde(default)]
    results: Vec<Try>,
}

#[derive(Deserialize)]
struct Try {
    status: Option<String>,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    message: Option<String>,
    value: Option<String>,
}

impl Fault {
    fn text(self) -> String {
        self.message.or(self.value).unwrap_or_default()
    }
}

/// Reads the JSON of Playwright.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let file: File =
        serde_json::from_str(text).map_err(|error| format!("it is not the JSON of Playwright: {error}"))?;
    let mut report = Report::default();
    for suite in file.suites {
        walk(suite, "", &mut report);
    }
    report
        .broken
        .extend(file.errors.into_iter().map(|fault| clip(&fault.text())));
    let told = file.stats.map_or(0, |stats| stats.unexpected);
    let shown = report.failed.len() as u64;
    if told > shown {
        report.broken.push(format!(
            "the report tells of {told} unexpected results and shows {shown}"
        ));
    }
    Ok(report)
}

fn walk(suite: Suite, above: &str, report: &mut Report) {
    let path = join(above, &suite.title);
    for spec in suite.specs {
        let title = join(&path, &spec.title);
        for test in spec.tests {
            let name = match test.project_name.as_str() {
                "" => title.clone(),
                project => format!("[{project}] {title}"),
            };
            take(name, test, spec.file.as_deref(), spec.line, report);
        }
    }
    for inner in suite.suites {
        walk(inner, &path, report);
    }
}

fn take(name: String, test: Test, path: Option<&str>, line: Option<u32>, report: &mut Report) {
    match test.status.as_str() {
        "expected" => report.passed += 1,
        "flaky" => {
            report.passed += 1;
            report.flaky.push(name);
        }
        "skipped" => report.skipped += 1,
        status => {
            let last = test.results.into_iter().last();
            let (ended, faults) = last.map_or((None, Vec::new()), |last| (last.status, last.errors));
            let texts: Vec<String> = faults.into_iter().map(Fault::text).collect();
            let message = match texts.is_empty() {
                true => format!("{status}: {}", ended.as_deref().unwrap_or("no result")),
                false => clip(&texts.join("\n")),
            };
            report.failed.push(Failure {
                name,
                message,
                path: path.map(Into::into),
                line,
            });
        }
    }
}

fn join(above: &str, title: &str) -> String {
    match (above, title) {
        ("", title) => title.to_owned(),
        (above, "") => above.to_owned(),
        (above, title) => format!("{above} › {title}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str = r#"{"config":{"version":"1.65.1"},"suites":[{"title":"cart.spec.ts","file":"cart.spec.ts","column":0,"line":0,"specs":[
 {"title":"opens","ok":true,"tags":[],"id":"a","file":"cart.spec.ts","line":3,"column":5,"tests":[{"timeout":30000,"annotations":[],"expectedStatus":"passed","projectName":"chromium","results":[{"workerIndex":0,"status":"passed","duration":100,"errors":[],"retry":0}],"status":"expected"}]}],
 "suites":[{"title":"checkout","file":"cart.spec.ts","specs":[
 {"title":"pays","ok":false,"file":"cart.spec.ts","line":9,"tests":[
  {"expectedStatus":"passed","projectName":"chromium","status":"unexpected","results":[{"status":"failed","retry":0,"errors":[{"message":"first"}]},{"status":"timedOut","retry":1,"errors":[{"message":"\u001b[31mTest timeout of 30000ms exceeded.\u001b[39m"}]}]},
  {"expectedStatus":"passed","projectName":"firefox","status":"flaky","results":[{"status":"failed","retry":0,"errors":[]},{"status":"passed","retry":1,"errors":[]}]},
  {"expectedStatus":"skipped","projectName":"webkit","status":"skipped","results":[]}]}]}]}],
 "errors":[],"stats":{"startTime":"2026-11-22T20:00:00Z","duration":1000,"expected":1,"unexpected":1,"flaky":1,"skipped":1}}"#;

    #[test]
    fn suites_nest() {
        let report = parse(NESTED).unwrap();
        assert_eq!((report.passed, report.skipped), (2, 1));
        assert_eq!(report.flaky, ["[firefox] cart.spec.ts › checkout › pays"]);
        assert_eq!(
            report.failed,
            [Failure {
                name: "[chromium] cart.spec.ts › checkout › pays".into(),
                message: "Test timeout of 30000ms exceeded.".into(),
                path: Some("cart.spec.ts".into()),
                line: Some(9),
            }]
        );
    }

    #[test]
    fn errors_outside_tests_and_untold_failures_are_broken() {
        let text = r#"{"suites":[],"errors":[{"message":"Error: No tests found"}],"stats":{"unexpected":2}}"#;
        assert_eq!(
            parse(text).unwrap().broken,
            [
                "Error: No tests found",
                "the report tells of 2 unexpected results and shows 0",
            ]
        );
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse("{}").unwrap_err().contains("missing field `suites`"));
        assert!(parse(&NESTED[..500]).is_err());
    }
}

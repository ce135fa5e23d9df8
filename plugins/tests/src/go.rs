//! `go test -json`: one JSON object per line.
//!
//! A package's own verdict is an event without a test. A parent of subtests is counted only where it failed by itself.
//! Before Go 1.24 a package that does not build is a plain line, since 1.24 also an event `build-fail`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::report::{Failure, Report, clip};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    package: Option<String>,
    test: Option<String>,
    output: Option<String>,
    import_path: Option<String>,
    failed_build: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Passed,
    Skipped,
    Failed,
}

/// What is known of a test, or of a package.
#[derive(Default)]
struct Known {
    output: String,
    outcome: Option<Outcome>,
    failed_build: Option<String>,
}

#[derive(Default)]
struct Run {
    tests: BTreeMap<(String, String), Known>,
    packages: BTreeMap<String, Known>,
    builds: BTreeMap<String, Known>,
    /// Lines that are no events and tell of a failure.
    lines: Vec<String>,
    events: u64,
}

/// Reads the output of `go test -json`.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let mut run = Run::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match serde_json::from_str(line) {
            Ok(event) => run.take(event),
            // Other lines are those of `make` and the like.
            Err(_) if line.starts_with('{') => run.lines.push(format!("a line is no event: {line}")),
            Err(_) if tells_of_failure(line) => run.lines.push(line.to_owned()),
            Err(_) => {}
        }
    }
    match run.events {
        0 if run.lines.is_empty() => Err("no line of it is an event of `go test -json`".to_owned()),
        _ => Ok(run.report()),
    }
}

fn tells_of_failure(line: &str) -> bool {
    line.starts_with("FAIL") || line.starts_with("panic:") || line.starts_with("fatal error:")
}

impl Run {
    fn take(&mut self, event: Event) {
        self.events += 1;
        let known = match (event.action.as_str(), event.package, event.test) {
            ("build-output" | "build-fail", ..) => self
                .builds
                .entry(event.import_path.unwrap_or_default())
                .or_default(),
            (_, Some(package), Some(test)) => {
                self.packages.entry(package.clone()).or_default();
                self.tests.entry((package, test)).or_default()
            }
            (_, Some(package), None) => self.packages.entry(package).or_default(),
            (_, None, _) => return,
        };
        match event.action.as_str() {
            "output" | "build-output" => known.output.push_str(&event.output.unwrap_or_default()),
            "fail" | "build-fail" => known.outcome = Some(Outcome::Failed),
            // A test that ran more than once failed if it failed once.
            "pass" | "bench" if known.outcome.is_none() => known.outcome = Some(Outcome::Passed),
            "skip" if known.outcome.is_none() => known.outcome = Some(Outcome::Skipped),
            _ => {}
        }
        if event.failed_build.is_some() {
            known.failed_build = event.failed_build;
        }
    }

    fn report(self) -> Report {
        let mut report = Report::default();
        let parents: BTreeSet<(&str, &str)> = self
            .tests
            .keys()
            .flat_map(|(package, test)| above(package, test))
            .collect();
        // Children come after their parents, so what failed below is known when a parent is looked at.
        let mut explained: BTreeSet<(&str, &str)> = BTreeSet::new();
        for ((package, test), known) in self.tests.iter().rev() {
            let is_parent = parents.contains(&(package.as_str(), test.as_str()));
            match known.outcome {
                Some(Outcome::Passed) if !is_parent => report.passed += 1,
                Some(Outcome::Skipped) if !is_parent => report.skipped += 1,
                Some(Outcome::Passed | Outcome::Skipped) => {}
                Some(Outcome::Failed) | None => {
                    if !explained.contains(&(package.as_str(), test.as_str())) {
                        report.failed.push(failure(package, test, known));
                    }
                    explained.extend(above(package, test));
                    explained.insert((package, ""));
                }
            }
        }
        report.failed.reverse();
        for (package, known) in &self.packages {
            if !explained.contains(&(package.as_str(), "")) {
                report.broken.extend(broken_package(package, known));
            }
        }
        for (package, known) in self.builds.iter().filter(|(_, known)| known.outcome.is_some()) {
            report
                .broken
                .push(format!("`{package}` was not built:\n{}", clip(&known.output)));
        }
        report.broken.extend(self.lines.iter().map(|line| clip(line)));
        report
    }
}

/// The tests that this one is a subtest of, by name.
fn above<'a>(package: &'a str, test: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    test.match_indices('/')
        .map(move |(end, _)| (package, &test[..end]))
}

fn failure(package: &str, test: &str, known: &Known) -> Failure {
    let name = format!("{package}.{test}");
    if known.outcome.is_none() {
        return Failure::new(name, &format!("started and did not finish\n{}", known.output));
    }
    let noise = ["=== RUN", "=== PAUSE", "=== CONT", "=== NAME"];
    let lines = known
        .output
        .lines()
        .filter(|line| !noise.iter().any(|noise| line.starts_with(noise)));
    Failure::new(name, &lines.collect::<Vec<_>>().join("\n"))
}

fn broken_package(package: &str, known: &Known) -> Option<String> {
    match (known.outcome, &known.failed_build) {
        (Some(Outcome::Passed | Outcome::Skipped), _) => None,
        (_, Some(build)) => Some(format!(
            "package `{package}` was not tested: `{build}` was not built"
        )),
        (Some(Outcome::Failed), None) => {
            Some(format!("package `{package}` failed:\n{}", clip(&known.output)))
        }
        (None, None) => Some(format!(
            "package `{package}` did not finish:\n{}",
            clip(&known.output)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = r#"
{"Time":"2026-11-22T20:00:00Z","Action":"start","Package":"shop/cart"}
{"Time":"2026-11-22T20:00:00Z","Action":"run","Package":"shop/cart","Test":"TestAdd"}
{"Time":"2026-11-22T20:00:00Z","Action":"output","Package":"shop/cart","Test":"TestAdd","Output":"=== RUN   TestAdd\n"}
{"Time":"2026-11-22T20:00:00Z","Action":"run","Package":"shop/cart","Test":"TestAdd/one"}
{"Time":"2026-11-22T20:00:00Z","Action":"pass","Package":"shop/cart","Test":"TestAdd/one","Elapsed":0}
{"Time":"2026-11-22T20:00:00Z","Action":"run","Package":"shop/cart","Test":"TestAdd/two"}
{"Time":"2026-11-22T20:00:00Z","Action":"output","Package":"shop/cart","Test":"TestAdd/two","Output":"=== RUN   TestAdd/two\n"}
{"Time":"2026-11-22T20:00:00Z","Action":"output","Package":"shop/cart","Test":"TestAdd/two","Output":"    cart_test.go:12: got 1, want 2\n"}
{"Time":"2026-11-22T20:00:00Z","Action":"output","Package":"shop/cart","Test":"TestAdd/two","Output":"    --- FAIL: TestAdd/two (0.00s)\n"}
{"Time":"2026-11-22T20:00:00Z","Action":"fail","Package":"shop/cart","Test":"TestAdd/two","Elapsed":0}
{"Time":"2026-11-22T20:00:00Z","Action":"fail","Package":"shop/cart","Test":"TestAdd","Elapsed":0}
{"Time":"2026-11-22T20:00:00Z","Action":"skip","Package":"shop/cart","Test":"TestLater","Elapsed":0}
{"Time":"2026-11-22T20:00:00Z","Action":"fail","Package":"shop/cart","Elapsed":0.01}
{"Action":"pass","Package":"shop/cached","Test":"TestX","Elapsed":0}
{"Action":"output","Package":"shop/cached","Output":"ok  \tshop/cached\t(cached)\n"}
{"Action":"pass","Package":"shop/cached","Elapsed":0}
{"Action":"output","Package":"shop/none","Output":"?   \tshop/none\t[no test files]\n"}
{"Action":"skip","Package":"shop/none","Elapsed":0}
"#;

    #[test]
    fn leaves_are_counted_and_parents_explained() {
        let report = parse(MIXED).unwrap();
        assert_eq!((report.passed, report.skipped, report.failed.len()), (2, 1, 1));
        assert_eq!(report.failed[0].name, "shop/cart.TestAdd/two");
        assert_eq!(
            report.failed[0].message,
            "    cart_test.go:12: got 1, want 2\n    --- FAIL: TestAdd/two (0.00s)"
        );
        assert!(report.broken.is_empty(), "{:?}", report.broken);
    }

    #[test]
    fn what_go_1_27_writes() {
        let report = parse(include_str!("../fixtures/go-1.27.jsonl")).unwrap();
        let names: Vec<&str> = report
            .failed
            .iter()
            .map(|failure| failure.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "example.com/shop/boom.TestBoom",
                "example.com/shop/ok.TestF/two",
                "example.com/shop/ok.TestOwn",
            ]
        );
        assert!(
            report.failed[0]
                .message
                .contains("panic: assignment to entry in nil map")
        );
        assert_eq!((report.passed, report.skipped), (2, 1));
        assert_eq!(
            report.broken,
            [
                "package `example.com/shop/broken` was not tested: `example.com/shop/broken [example.com/shop/broken.test]` was not built",
                "package `example.com/shop/main` failed:\nexit status 3\nFAIL\texample.com/shop/main\t0.010s",
                "`example.com/shop/broken [example.com/shop/broken.test]` was not built:\n# example.com/shop/broken [example.com/shop/broken.test]\nbroken/a_test.go:3:28: undefined: undefined",
            ]
        );
    }

    #[test]
    fn a_parent_that_fails_by_itself_counts() {
        let text = r#"{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}"#;
        let report = parse(text).unwrap();
        assert_eq!(
            (report.passed, report.failed.len(), report.failed[0].name.as_str()),
            (1, 1, "p.TestA")
        );
    }

    #[test]
    fn a_test_without_an_end_failed() {
        let text = r#"{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: test timed out after 1s\n"}"#;
        let report = parse(text).unwrap();
        assert_eq!(
            report.failed[0].message,
            "started and did not finish\npanic: test timed out after 1s"
        );
    }

    #[test]
    fn a_failed_build_is_a_failure_in_old_go_and_new() {
        let old = "# shop/cart [shop/cart.test]\n./cart_test.go:5:2: undefined: x\nFAIL\tshop/cart [build failed]\n";
        assert_eq!(parse(old).unwrap().broken, ["FAIL\tshop/cart [build failed]"]);
        let new = r##"{"ImportPath":"shop/cart [shop/cart.test]","Action":"build-output","Output":"# shop/cart\n"}
{"ImportPath":"shop/cart [shop/cart.test]","Action":"build-output","Output":"./cart_test.go:5:2: undefined: x\n"}
{"ImportPath":"shop/cart [shop/cart.test]","Action":"build-fail"}
{"Action":"start","Package":"shop/cart"}
{"Action":"output","Package":"shop/cart","Output":"FAIL\tshop/cart [build failed]\n"}
{"Action":"fail","Package":"shop/cart","Elapsed":0,"FailedBuild":"shop/cart [shop/cart.test]"}"##;
        let report = parse(new).unwrap();
        assert_eq!(
            report.broken,
            [
                "package `shop/cart` was not tested: `shop/cart [shop/cart.test]` was not built",
                "`shop/cart [shop/cart.test]` was not built:\n# shop/cart\n./cart_test.go:5:2: undefined: x",
            ]
        );
    }

    #[test]
    fn a_package_that_fails_without_a_test_or_never_ends_is_broken() {
        let text = r#"{"Action":"output","Package":"p","Output":"exit status 3\n"}
{"Action":"fail","Package":"p"}
{"Action":"start","Package":"q"}"#;
        let report = parse(text).unwrap();
        assert_eq!(
            report.broken,
            [
                "package `p` failed:\nexit status 3",
                "package `q` did not finish:\n"
            ]
        );
    }

    #[test]
    fn a_cut_line_and_other_output() {
        let text = "go test -json ./...\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"pass\",\"Pack";
        let report = parse(text).unwrap();
        assert_eq!(report.broken[0], "package `p` did not finish:\n");
        assert_eq!(report.broken[1], r#"a line is no event: {"Action":"pass","Pack"#);
        assert!(parse("").is_err());
        assert!(parse("make: nothing to be done\n").is_err());
    }

    #[test]
    fn a_huge_run() {
        let text: String = (0..50_000)
            .map(|n| format!("{{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T{n}\"}}\n"))
            .chain(["{\"Action\":\"pass\",\"Package\":\"p\"}\n".to_owned()])
            .collect();
        assert_eq!(parse(&text).unwrap().ran(), 50_000);
    }
}

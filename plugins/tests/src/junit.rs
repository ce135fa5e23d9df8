//! JUnit XML, as pytest, nextest, surefire, gotestsum and most others write it.
//!
//! A case may hold a failure and an error, and is still one test. Retries that ended well are `flakyFailure` and
//! `flakyError` (surefire, nextest).

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::report::{Failure, Report, clip};

/// Where the reader is.
#[derive(Default)]
struct Place {
    report: Report,
    open: Vec<String>,
    suites: Vec<Suite>,
    case: Option<Case>,
    seen_root: bool,
}

struct Suite {
    name: String,
    /// Failures and errors that the suite itself declares.
    declared: u64,
    seen: u64,
}

#[derive(Default)]
struct Case {
    name: String,
    path: Option<String>,
    line: Option<u32>,
    /// Messages of failures and errors.
    faults: Vec<String>,
    /// Errors and no failure.
    only_errors: bool,
    skipped: bool,
    flaky: bool,
}

/// Reads a JUnit report.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let mut reader = Reader::from_str(text);
    let mut place = Place::default();
    loop {
        match reader
            .read_event()
            .map_err(|error| format!("it is not XML: {error}"))?
        {
            Event::Start(tag) => place.open(&tag)?,
            Event::Empty(tag) => {
                place.open(&tag)?;
                place.close();
            }
            Event::End(_) => place.close(),
            Event::Text(text) => place.text(&text.xml10_content()),
            Event::CData(text) => place.text(&text.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => place.text(c.encode_utf8(&mut [0; 4])),
                _ => place.text(resolve_xml_entity(&name.xml10_content()).unwrap_or("?")),
            },
            Event::Eof => break,
            _ => {}
        }
    }
    match (place.seen_root, place.open.last()) {
        (false, _) => Err("it is empty".to_owned()),
        (true, Some(tag)) => Err(format!("it ends inside `{tag}`")),
        (true, None) => Ok(place.report),
    }
}

impl Place {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let name = tag.local_name().as_ref().to_owned();
        if !self.seen_root && !matches!(name.as_str(), "testsuites" | "testsuite") {
            return Err(format!("it is not JUnit: it begins with `{name}`"));
        }
        self.seen_root = true;
        match (name.as_str(), &mut self.case) {
            ("testsuite", _) => self.suites.push(Suite {
                name: attribute(tag, "name").unwrap_or_default(),
                declared: count(tag, "failures") + count(tag, "errors"),
                seen: 0,
            }),
            ("testcase", _) => self.case = Some(case(tag)),
            ("failure" | "error", Some(case)) => {
                case.only_errors = name == "error" && (case.only_errors || case.faults.is_empty());
                case.faults.push(attribute(tag, "message").unwrap_or_default());
                // The text, where there is any, mostly repeats the message and says more.
                case.faults.push(String::new());
            }
            ("skipped", Some(case)) => case.skipped = true,
            ("flakyFailure" | "flakyError", Some(case)) => case.flaky = true,
            _ => {}
        }
        self.open.push(name);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let (Some("failure" | "error"), Some(case)) =
            (self.open.last().map(String::as_str), &mut self.case)
            && let Some(last) = case.faults.last_mut()
        {
            last.push_str(text);
        }
    }

    fn close(&mut self) {
        match self.open.pop().as_deref() {
            Some("testcase") => self.close_case(),
            Some("testsuite") => self.close_suite(),
            _ => {}
        }
    }

    fn close_case(&mut self) {
        let Some(case) = self.case.take() else { return };
        if let Some(suite) = self.suites.last_mut() {
            suite.seen += case.faults.len() as u64 / 2;
        }
        let last = self
            .report
            .failed
            .last_mut()
            .filter(|last| last.name == case.name);
        if let (true, Some(last)) = (case.only_errors, last) {
            // pytest writes the error of a tear-down as a case of its own.
            last.message = clip(&format!("{}\n{}", last.message, message(&case.faults)));
        } else if !case.faults.is_empty() {
            self.report.failed.push(Failure {
                message: clip(&message(&case.faults)),
                name: case.name,
                path: case.path,
                line: case.line,
            });
        } else if case.skipped {
            self.report.skipped += 1;
        } else {
            self.report.passed += 1;
            if case.flaky {
                self.report.flaky.push(case.name);
            }
        }
    }

    /// A suite may tell of more failures than it has cases for, e.g. where its set-up failed.
    fn close_suite(&mut self) {
        let Some(suite) = self.suites.pop() else { return };
        if suite.declared > suite.seen {
            let Suite { name, declared, seen } = &suite;
            self.report.broken.push(format!(
                "suite `{name}` tells of {declared} failures and shows {seen}"
            ));
        }
        if let Some(parent) = self.suites.last_mut() {
            // What was told once is not told again.
            parent.seen += suite.seen.max(suite.declared);
        }
    }
}

/// Pairs of message and text: the text where it says more.
fn message(faults: &[String]) -> String {
    let pairs = faults.chunks(2).map(|pair| match pair {
        [message, text] if text.trim().is_empty() => message.clone(),
        [message, text] if text.contains(message.as_str()) => text.clone(),
        [message, text] => format!("{message}\n{text}"),
        _ => String::new(),
    });
    pairs.collect::<Vec<_>>().join("\n")
}

fn case(tag: &BytesStart<'_>) -> Case {
    let name = attribute(tag, "name").unwrap_or_default();
    let class = attribute(tag, "classname").filter(|class| !class.is_empty());
    Case {
        name: class.map_or_else(|| name.clone(), |class| format!("{class}.{name}")),
        path: attribute(tag, "file"),
        line: attribute(tag, "line").and_then(|line| line.parse().ok()),
        ..Case::default()
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok()??;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

fn count(tag: &BytesStart<'_>, name: &str) -> u64 {
    attribute(tag, name)
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="2" tests="6" time="0.1" timestamp="2026-11-22T20:00:00" hostname="ci">
<testcase classname="tests.test_cart" name="test_ok" time="0.001" />
<testcase classname="tests.test_cart" name="test_bad[a&lt;b]" file="tests/test_cart.py" line="12" time="0.001"><failure message="assert 1 == 2">def test_bad():
&gt;       assert 1 == 2
E       assert 1 == 2 &#x41;</failure><error message="teardown failed">E   OSError</error></testcase>
<testcase classname="tests.test_cart" name="test_skip" time="0"><skipped type="pytest.skip" message="later">x</skipped></testcase>
<testcase classname="tests.test_cart" name="test_xfail" time="0"><skipped type="pytest.xfail" message="" /></testcase>
<testcase classname="tests.test_cart" name="test_prints" time="0"><system-out><![CDATA[<failure>not one</failure>]]></system-out></testcase>
</testsuite></testsuites>"#;

    #[test]
    fn pytest() {
        let report = parse(PYTEST).unwrap();
        assert_eq!((report.passed, report.skipped, report.failed.len()), (2, 2, 1));
        let failure = &report.failed[0];
        assert_eq!(failure.name, "tests.test_cart.test_bad[a<b]");
        assert_eq!(
            (failure.path.as_deref(), failure.line),
            (Some("tests/test_cart.py"), Some(12))
        );
        assert_eq!(
            failure.message,
            "def test_bad():\n>       assert 1 == 2\nE       assert 1 == 2 A\nteardown failed\nE   OSError"
        );
        assert!(report.broken.is_empty(), "{:?}", report.broken);
    }

    #[test]
    fn what_pytest_writes() {
        let report = parse(include_str!("../fixtures/pytest-9.xml")).unwrap();
        let names: Vec<&str> = report
            .failed
            .iter()
            .map(|failure| failure.name.as_str())
            .collect();
        assert_eq!(names, ["test_b", "test_a.test_bad", "test_a.test_both"]);
        assert!(report.failed[2].message.contains("E   assert False"));
        assert!(report.failed[2].message.contains("OSError: teardown"));
        assert_eq!((report.passed, report.skipped, report.broken.len()), (1, 2, 0));
    }

    #[test]
    fn what_nextest_writes() {
        let report = parse(include_str!("../fixtures/nextest-0.9.xml")).unwrap();
        assert_eq!(
            (report.passed, report.skipped, &report.flaky[..]),
            (3, 0, &["nx.tests::flaky".to_owned()][..])
        );
        assert_eq!(report.failed.len(), 1);
        assert!(report.failed[0].message.contains("sums differ"));
        assert!(report.broken.is_empty());
    }

    #[test]
    fn nextest_tells_of_flaky_tests() {
        let text = r#"<testsuites name="nextest-run" tests="2" failures="1"><testsuite name="nx" tests="2" failures="1">
<testcase name="tests::flaky" classname="nx" time="0.006"><flakyFailure timestamp="x" time="0.1" message="first time" type="test failure"/></testcase>
<testcase name="tests::dies" classname="nx"><failure message="process aborted with signal 6 (SIGABRT)" type="test abort">process aborted with signal 6 (SIGABRT)</failure><rerunFailure message="again"/></testcase>
</testsuite></testsuites>"#;
        let report = parse(text).unwrap();
        assert_eq!(
            (report.passed, &report.flaky[..]),
            (1, &["nx.tests::flaky".to_owned()][..])
        );
        assert_eq!(
            report.failed[0].message,
            "process aborted with signal 6 (SIGABRT)"
        );
        assert!(report.broken.is_empty());
    }

    #[test]
    fn a_suite_that_tells_of_more_failures_than_it_shows_is_broken_once() {
        let text = r#"<testsuites><testsuite name="outer" errors="1"><testsuite name="set-up" errors="1"/></testsuite></testsuites>"#;
        let report = parse(text).unwrap();
        assert_eq!(report.broken, ["suite `set-up` tells of 1 failures and shows 0"]);
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert_eq!(parse("").unwrap_err(), "it is empty");
        assert_eq!(parse("  \n").unwrap_err(), "it is empty");
        assert_eq!(
            parse("<html><body/></html>").unwrap_err(),
            "it is not JUnit: it begins with `html`"
        );
        let cut = &PYTEST[..PYTEST.len() - 30];
        assert!(parse(cut).is_err(), "{:?}", parse(cut));
        assert!(parse("<testsuite><testcase></testsuite>").is_err());
        assert_eq!(parse("<testsuites/>").unwrap().ran(), 0);
    }
}

//! The text of `cargo test`: one `running N tests` and one `test result:` per binary.

use std::collections::BTreeMap;

use crate::report::{Failure, Report, without_colours};

/// Reads the output of `cargo test`.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let text = without_colours(text);
    let mut report = Report::default();
    let mut run = Run::default();
    for line in text.lines() {
        run.take(line, &mut report);
    }
    run.end_of_binary(&mut report);
    if !run.seen {
        return Err("it has no line `running N tests`".to_owned());
    }
    for name in &run.failed {
        let message = run.messages.get(name).map_or("", String::as_str);
        report.failed.push(Failure::new(name, message));
    }
    let unnamed = run.failures.saturating_sub(run.failed.len() as u64);
    report
        .failed
        .extend((0..unnamed).map(|_| Failure::new("a test", "its name is not in the output")));
    Ok(report)
}

#[derive(Default)]
struct Run {
    seen: bool,
    /// Tests of the binary that runs, until its result comes.
    running: Option<String>,
    failures: u64,
    failed: Vec<String>,
    messages: BTreeMap<String, String>,
    /// The test whose captured output is being read.
    shown: Option<String>,
}

impl Run {
    fn take(&mut self, line: &str, report: &mut Report) {
        if let Some(name) = line
            .strip_prefix("---- ")
            .and_then(|rest| rest.strip_suffix(" stdout ----"))
        {
            self.shown = Some(name.to_owned());
        } else if line == "failures:" {
            self.shown = None;
        } else if let Some(name) = &self.shown {
            let message = self.messages.entry(name.clone()).or_default();
            message.push_str(line);
            message.push('\n');
        } else if let Some(count) = line
            .strip_prefix("running ")
            .and_then(|rest| rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test")))
        {
            self.end_of_binary(report);
            self.seen = true;
            self.running = Some(count.to_owned());
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            self.running = None;
            self.result(counts, report);
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failed
                .push(name.trim_end_matches(" - should panic").to_owned());
        }
    }

    /// `ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
    fn result(&mut self, counts: &str, report: &mut Report) {
        let words: Vec<&str> = counts.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1] {
                "passed" => report.passed += count,
                "failed" => self.failures += count,
                "ignored" => report.skipped += count,
                _ => {}
            }
        }
    }

    fn end_of_binary(&mut self, report: &mut Report) {
        if let Some(count) = self.running.take() {
            report
                .broken
                .push(format!("a test binary with {count} tests did not finish"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = "
running 5 tests
test tests::dies ... ok
test tests::flaky ... ok
test tests::good ... ok
test tests::later ... ignored
test tests::bad ... FAILED

failures:

---- tests::bad stdout ----
out

thread 'tests::bad' (2812) panicked at src/lib.rs:9:41:
assertion `left == right` failed: sums differ
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    tests::bad

test result: FAILED. 3 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.08s

   Doc-tests nx

running 1 test
test src/lib.rs - f (line 2) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn sums_over_the_binaries() {
        let report = parse(FAILED).unwrap();
        assert_eq!((report.passed, report.skipped, report.failed.len()), (4, 1, 1));
        assert_eq!(report.failed[0].name, "tests::bad");
        assert!(
            report.failed[0]
                .message
                .starts_with("out\n\nthread 'tests::bad' (2812) panicked at src/lib.rs:9:41:")
        );
        assert!(report.broken.is_empty());
    }

    #[test]
    fn a_binary_that_aborts_is_broken() {
        let report = parse("\nrunning 5 tests\n").unwrap();
        assert_eq!(report.broken, ["a test binary with 5 tests did not finish"]);
        let report = parse(&format!("running 2 tests\ntest a ... ok\n{FAILED}")).unwrap();
        assert_eq!((report.broken.len(), report.passed), (1, 4));
    }

    #[test]
    fn a_failure_without_its_line_still_counts() {
        let report = parse(
            "running 1 test\nnoise test x ... FAILED\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n",
        );
        assert_eq!(report.unwrap().failed.len(), 1);
    }

    #[test]
    fn no_tests_and_no_report() {
        let none = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(parse(none).unwrap(), Report::default());
        assert!(parse("error[E0425]: cannot find value `x`\n").is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn colours_do_not_matter() {
        let text = "running 1 test\ntest x ... \u{1b}[32mok\u{1b}[0m\n\ntest result: \u{1b}[32mok\u{1b}[0m. 1 passed; 0 failed\n";
        assert_eq!(parse(text).unwrap().passed, 1);
    }
}

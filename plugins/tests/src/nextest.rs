//! The text of `cargo nextest run`, which is on standard error: the last `Summary` and the lines below it.
//!
//! For the messages of failures, have nextest write JUnit and use that format.

use crate::report::{Failure, Report, without_colours};

/// Reads the output of `cargo nextest run`.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let text = without_colours(text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let start = lines
        .iter()
        .rposition(|line| line.starts_with("Summary ["))
        .ok_or("it has no line `Summary [`")?;
    let mut report = Report::default();
    let failures = summary(lines[start], &mut report)?;
    for line in &lines[start + 1..] {
        let Some((status, name)) = named(line) else {
            continue;
        };
        let status = status.split_whitespace().last().unwrap_or_default();
        match status {
            _ if line.starts_with("FLAKY") => report.flaky.push(name),
            "FAIL" | "TIMEOUT" | "ABORT" | "LEAK-FAIL" => report.failed.push(Failure::new(name, status)),
            _ if status.starts_with("SIG") => report.failed.push(Failure::new(name, status)),
            _ => {}
        }
    }
    let unnamed = failures.saturating_sub(report.failed.len() as u64);
    report
        .failed
        .extend((0..unnamed).map(|_| Failure::new("a test", "its name is not in the output")));
    Ok(report)
}

/// `Summary [   0.164s] 2/4 tests run: 1 passed (1 flaky), 1 failed, 1 timed out, 1 skipped`; returns the failures.
fn summary(line: &str, report: &mut Report) -> Result<u64, String> {
    let odd = || format!("its summary is not understood: {line}");
    let (ran, counts) = line
        .split_once("] ")
        .and_then(|(_, rest)| rest.split_once(" run: "))
        .ok_or_else(odd)?;
    let ran = ran.split(' ').next().unwrap_or_default();
    if let Some((ran, of)) = ran.split_once('/') {
        report.broken.push(format!("only {ran} of {of} tests were run"));
    }
    let mut failures = 0;
    // What stands in brackets is counted before them already.
    let mut bare = String::new();
    let mut depth = 0;
    for c in counts.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && c != ')' {
            bare.push(c);
        }
    }
    for part in bare.split(',').map(str::trim) {
        let (count, what) = part.split_once(' ').ok_or_else(odd)?;
        let count: u64 = count.parse().map_err(|_| odd())?;
        match what.trim() {
            "passed" => report.passed += count,
            "skipped" => report.skipped += count,
            "failed" | "timed out" | "exec failed" => failures += count,
            _ => return Err(odd()),
        }
    }
    Ok(failures)
}

/// `TRY 2 FAIL [   0.108s] (4/4) nx tests::bad`
fn named(line: &str) -> Option<(&str, String)> {
    let (status, rest) = line.split_once(" [")?;
    let (_, name) = rest.split_once("] ")?;
    let name = match name.strip_prefix('(') {
        Some(numbered) => numbered.split_once(") ")?.1,
        None => name,
    };
    Some((status, name.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAKY: &str = "    Starting 4 tests across 1 binary (1 test skipped)
        PASS [   0.006s] (1/4) nx tests::dies
  TRY 1 FAIL [   0.128s] (───) nx tests::flaky
  stdout ───

    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.12s

────────────
     Summary [   0.321s] 4 tests run: 3 passed (1 flaky), 1 failed, 1 skipped
   FLAKY 2/2 [   0.006s] (2/4) nx tests::flaky
  TRY 2 FAIL [   0.108s] (4/4) nx tests::bad
error: test run failed
";

    #[test]
    fn counts_and_names() {
        let report = parse(FLAKY).unwrap();
        assert_eq!((report.passed, report.skipped), (3, 1));
        assert_eq!(report.flaky, ["nx tests::flaky"]);
        assert_eq!(report.failed, [Failure::new("nx tests::bad", "FAIL")]);
        assert!(report.broken.is_empty());
    }

    #[test]
    fn a_run_that_stopped_early_is_broken() {
        let text = "     Summary [   0.164s] 2/4 tests run: 0 passed, 2 failed, 1 skipped
     SIGABRT [   0.006s] (1/4) nx tests::dies
        FAIL [   0.160s] (2/4) nx tests::bad
warning: 2/4 tests were not run due to test failure (run with --no-fail-fast to run all tests, or run with --max-fail)
";
        let report = parse(text).unwrap();
        assert_eq!(report.broken, ["only 2 of 4 tests were run"]);
        let names: Vec<&str> = report
            .failed
            .iter()
            .map(|failure| failure.name.as_str())
            .collect();
        assert_eq!(names, ["nx tests::dies", "nx tests::bad"]);
    }

    #[test]
    fn other_ways_to_fail_count() {
        let report = parse(
            "Summary [ 1s] 4 tests run: 1 passed (1 slow, 1 leaky), 1 timed out, 2 exec failed, 0 skipped",
        );
        assert_eq!(report.unwrap().failed.len(), 3);
        assert_eq!(
            parse("Summary [ 1s] 1 test run: 1 passed, 0 skipped")
                .unwrap()
                .ran(),
            1
        );
        assert_eq!(
            parse("Summary [ 0s] 0 tests run: 0 passed, 1 skipped")
                .unwrap()
                .ran(),
            0
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse("error: could not compile `nx`").is_err());
        assert!(parse("Summary [ 1s] some tests run: all good").is_err());
        assert!(parse("Summary [ 1s] 2 tests run: 1 passed, 1 vanished").is_err());
    }
}

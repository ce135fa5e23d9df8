//! What `hey` prints: github.com/rakyll/hey. What had no answer stands below `Error distribution`, and is in its
//! `Requests/sec`, but not in its times.

use crate::printed::{after, number};
use crate::report::Report;

/// How many kinds of errors are shown.
const SHOWN: usize = 5;

pub(crate) fn parse(text: &str) -> Result<Report, String> {
    // `Total:	1.7967 secs`
    let seconds = after(text, "Total:")
        .and_then(|text| number(text.strip_suffix("secs")?))
        .ok_or("it is not what `hey` prints: it has no line `Total: ... secs`")?;
    let statuses =
        section(text, "Status code distribution:").ok_or("it has no `Status code distribution:`")?;
    let mut report = Report {
        p95_ms: percentile(text, "95%")?,
        p99_ms: percentile(text, "99%")?,
        ..Report::default()
    };
    let mut answered: u64 = 0;
    // `[200]	180 responses`
    for line in statuses {
        let (status, count) = bracketed(line).ok_or_else(|| format!("`{line}` is no status"))?;
        let count: u64 = count
            .strip_suffix("responses")
            .and_then(|count| count.trim().parse().ok())
            .ok_or_else(|| format!("`{line}` is no number of responses"))?;
        answered = answered.saturating_add(count);
        if !status.starts_with(['2', '3']) {
            report.failed = report.failed.saturating_add(count);
            report
                .notes
                .push(format!("{count} responses with status {status}"));
        }
    }
    report.requests = answered;
    // `[20]	Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused`
    let errors = section(text, "Error distribution:").unwrap_or_default();
    for (index, line) in errors.iter().enumerate() {
        let (count, why) = bracketed(line).ok_or_else(|| format!("`{line}` is no error"))?;
        let count: u64 = count
            .parse()
            .map_err(|_| format!("`{line}` is no number of errors"))?;
        report.requests = report.requests.saturating_add(count);
        report.failed = report.failed.saturating_add(count);
        if index < SHOWN {
            report.notes.push(format!("{count} without an answer: {why}"));
        }
    }
    report.rate = (seconds > 0.0).then(|| answered as f64 / seconds);
    Ok(report)
}

/// The lines below a heading, up to an empty one.
fn section<'t>(text: &'t str, heading: &str) -> Option<Vec<&'t str>> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != heading);
    lines.next()?;
    Some(lines.take_while(|line| !line.is_empty()).collect())
}

/// `[a] b`, as `a` and `b`.
fn bracketed(line: &str) -> Option<(&str, &str)> {
    let (inner, rest) = line.strip_prefix('[')?.split_once(']')?;
    Some((inner.trim(), rest.trim()))
}

/// `95% in 0.0538 secs`, in milliseconds; older versions print `95%% in`. Without an answer there is none.
fn percentile(text: &str, percent: &str) -> Result<Option<f64>, String> {
    let Some(rest) = after(text, percent) else {
        return Ok(None);
    };
    let seconds = rest
        .trim_start_matches('%')
        .trim()
        .strip_prefix("in")
        .and_then(|rest| number(rest.trim().strip_suffix("secs")?));
    match seconds {
        Some(seconds) => Ok(Some(seconds * 1000.0)),
        None => Err(format!("the time at {percent} is none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = include_str!("../fixtures/hey-0.1.4.txt");
    const BAD: &str = include_str!("../fixtures/hey-0.1.4-bad.txt");
    const REFUSED: &str = include_str!("../fixtures/hey-0.1.4-refused.txt");

    #[test]
    fn reads_what_hey_prints() {
        let report = parse(OK).unwrap();
        assert_eq!((report.requests, report.failed), (200, 0));
        assert_eq!((report.p95_ms, report.p99_ms), (Some(53.5), Some(59.2)));
        assert_eq!(report.rate.map(f64::round), Some(111.0));
        let bad = parse(BAD).unwrap();
        assert_eq!((bad.requests, bad.failed), (200, 20));
        assert_eq!(bad.notes, ["20 responses with status 500"]);
    }

    #[test]
    fn what_had_no_answer_failed_and_is_no_throughput() {
        let report = parse(REFUSED).unwrap();
        assert_eq!((report.requests, report.failed, report.rate), (20, 20, Some(0.0)));
        assert_eq!((report.p95_ms, report.p99_ms), (None, None));
        insta::assert_snapshot!(report.notes[0], @r#"20 without an answer: Get "http://127.0.0.1:18978/": dial tcp 127.0.0.1:18978: connect: connection refused"#);
    }

    #[test]
    fn refuses_what_is_no_report() {
        for text in [
            "".to_owned(),
            "Total: soon\n".to_owned(),
            "Total: 1.0 secs\n".to_owned(),
            OK.replace("[200]\t200 responses", "[200]\tmany responses"),
            OK.replace("[200]\t200 responses", "200\t200 responses"),
            OK.replace("0.0592 secs", "-0.0592 secs"),
            REFUSED.replace("[20]\tGet", "[x]\tGet"),
        ] {
            assert!(parse(&text).is_err(), "{text}");
        }
    }
}

//! What `wrk --latency` prints: github.com/wg/wrk. It knows 50, 75, 90 and 99 percent, and counts only answers as requests.

use crate::printed::{after, number, time_ms};
use crate::report::Report;

pub(crate) fn parse(text: &str) -> Result<Report, String> {
    // `268 requests in 3.05s, 30.01KB read`
    let answered = text
        .lines()
        .find_map(|line| line.split_once(" requests in "))
        .ok_or("it is not what `wrk` prints: it has no line `... requests in ...`")?
        .0
        .trim()
        .parse::<u64>()
        .map_err(|_| "the number of requests is none")?;
    let rate = after(text, "Requests/sec:")
        .and_then(number)
        .ok_or("it has no `Requests/sec:`")?;
    let mut report = Report {
        requests: answered,
        rate: Some(rate),
        p99_ms: after(text, "99%")
            .map(|time| time_ms(time).ok_or("the time at 99% is none"))
            .transpose()?,
        ..Report::default()
    };
    // `Non-2xx or 3xx responses: 26`
    if let Some(count) = after(text, "Non-2xx or 3xx responses:") {
        report.failed = count
            .parse()
            .map_err(|_| "the number of failed responses is none")?;
        report
            .notes
            .push(format!("{count} responses were neither 2xx nor 3xx"));
    }
    // `Socket errors: connect 0, read 3, write 0, timeout 98`
    if let Some(errors) = after(text, "Socket errors:") {
        for part in errors.split(',') {
            let (kind, count) = part.trim().split_once(' ').ok_or("the socket errors are none")?;
            let count: u64 = count.trim().parse().map_err(|_| "the socket errors are none")?;
            // No answer counted these; one that came too late is counted twice, to the worse.
            report.requests = report.requests.saturating_add(count);
            report.failed = report.failed.saturating_add(count);
            if count > 0 {
                report.notes.push(format!("{count} socket errors: {kind}"));
            }
        }
    }
    if report.failed > report.requests {
        return Err("more requests failed than were made".to_owned());
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = include_str!("../fixtures/wrk-4.1.txt");
    const BAD: &str = include_str!("../fixtures/wrk-4.1-bad.txt");

    #[test]
    fn reads_what_wrk_prints() {
        let report = parse(OK).unwrap();
        let wanted = Report {
            requests: 268,
            rate: Some(87.77),
            p99_ms: Some(93.83),
            ..Report::default()
        };
        assert_eq!(report, wanted);
        let bad = parse(BAD).unwrap();
        assert_eq!((bad.requests, bad.failed), (264, 26));
        assert_eq!(bad.notes, ["26 responses were neither 2xx nor 3xx"]);
    }

    #[test]
    fn requests_without_an_answer_failed() {
        let text = BAD.replace(
            "  Non-2xx",
            "  Socket errors: connect 2, read 0, write 1, timeout 98\n  Non-2xx",
        );
        let report = parse(&text).unwrap();
        assert_eq!((report.requests, report.failed), (264 + 101, 26 + 101));
        assert_eq!(report.notes.len(), 4);
    }

    #[test]
    fn without_latency_there_is_none() {
        let text: String = OK
            .lines()
            .filter(|line| !line.contains('%') || line.contains("Latency "))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(parse(&text).unwrap().p99_ms, None);
    }

    #[test]
    fn refuses_what_is_no_report() {
        for text in [
            "",
            "unable to connect to 127.0.0.1:18978 Connection refused\n",
            "many requests in 3s\nRequests/sec: 1\n",
            "10 requests in 3s\n",
            "10 requests in 3s\nRequests/sec: NaN\n",
            "10 requests in 3s\nRequests/sec: 1\nSocket errors: some\n",
            "10 requests in 3s\nRequests/sec: 1\nNon-2xx or 3xx responses: 11\n",
            "10 requests in 3s\nRequests/sec: 1\n99% soon\n",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

//! LCOV traces: `SF:`, `DA:line,hits` and `end_of_record`. A file may have several records.

use crate::report::{Hits, Report};

/// Reads an LCOV trace.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let mut hits = Hits::default();
    let mut file: Option<String> = None;
    let mut records = 0;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        let odd = || format!("line {} is not understood: {line}", index + 1);
        if let Some(path) = line.strip_prefix("SF:") {
            hits.file(path);
            file = Some(path.to_owned());
        } else if let Some(data) = line.strip_prefix("DA:") {
            let path = file.as_deref().ok_or_else(odd)?;
            let (number, count) = data_line(data).ok_or_else(odd)?;
            hits.add(path, number, 1, count > 0.0);
        } else if line == "end_of_record" {
            file = None;
            records += 1;
        }
    }
    match file {
        Some(path) => Err(format!("it ends inside the record of `{path}`")),
        None if records == 0 => Err("it has no record".to_owned()),
        None => Ok(hits.report()),
    }
}

/// `12,3` or `12,3,checksum`. Some tools write counts such as `1e+06`, or `-1`.
fn data_line(data: &str) -> Option<(&str, f64)> {
    let mut parts = data.split(',');
    let number = parts.next().filter(|number| number.parse::<u64>().is_ok())?;
    Some((number, parts.next()?.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Counts;

    #[test]
    fn what_coverage_py_7_writes() {
        let report = parse(include_str!("../fixtures/coverage-py-7.lcov")).unwrap();
        assert_eq!(report.total(), Counts { covered: 3, all: 4 });
    }

    #[test]
    fn records_of_a_file_are_merged() {
        let text = "TN:\nSF:/w/src/a.rs\nFN:1,f\nFNDA:2,f\nDA:1,2\nDA:2,0,abc\nLF:2\nLH:1\nend_of_record\nTN:x\nSF:/w/src/a.rs\nDA:2,1e+06\nDA:3,0\nend_of_record\n";
        let report = parse(text).unwrap();
        assert_eq!(report.files["/w/src/a.rs"], Counts { covered: 2, all: 3 });
    }

    #[test]
    fn what_is_no_trace_is_an_error() {
        assert_eq!(parse("").unwrap_err(), "it has no record");
        assert_eq!(parse("<html>").unwrap_err(), "it has no record");
        assert_eq!(
            parse("SF:a\nDA:1,1\n").unwrap_err(),
            "it ends inside the record of `a`"
        );
        assert_eq!(
            parse("SF:a\nDA:x,1\nend_of_record").unwrap_err(),
            "line 2 is not understood: DA:x,1"
        );
        assert_eq!(
            parse("DA:1,1\nend_of_record").unwrap_err(),
            "line 1 is not understood: DA:1,1"
        );
    }

    #[test]
    fn a_huge_trace() {
        let text: String = (0..500)
            .map(|file| {
                let lines: String = (0..200).map(|line| format!("DA:{line},{}\n", line % 2)).collect();
                format!("SF:src/{file}.rs\n{lines}end_of_record\n")
            })
            .collect();
        assert_eq!(
            parse(&text).unwrap().total(),
            Counts {
                covered: 50_000,
                all: 100_000
            }
        );
    }
}

//! coverage.py's `coverage json`. Branches count beside statements where they were measured, as its own percentage does.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::report::{Counts, Report};

#[derive(Deserialize)]
struct File {
    files: BTreeMap<String, Measured>,
    totals: Summary,
}

#[derive(Deserialize)]
struct Measured {
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    covered_lines: u64,
    num_statements: u64,
    #[serde(default)]
    covered_branches: u64,
    #[serde(default)]
    num_branches: u64,
}

impl Summary {
    fn counts(&self) -> Counts {
        Counts {
            covered: self.covered_lines + self.covered_branches,
            all: self.num_statements + self.num_branches,
        }
    }
}

/// Reads the JSON of coverage.py.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let file: File =
        serde_json::from_str(text).map_err(|error| format!("it is not the JSON of coverage.py: {error}"))?;
    let files = file
        .files
        .into_iter()
        .map(|(path, measured)| (path, measured.summary.counts()))
        .collect();
    let report = Report { files };
    if report.total() != file.totals.counts() {
        return Err("its totals are not those of its files".to_owned());
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRANCHES: &str = r#"{"meta":{"format":3,"version":"7.10.7","timestamp":"2026-11-22T20:00:00","branch_coverage":true,"show_contexts":false},
"files":{"app/a.py":{"executed_lines":[1,2],"summary":{"covered_lines":2,"num_statements":3,"percent_covered":60.0,"percent_covered_display":"60","missing_lines":1,"excluded_lines":0,"num_branches":2,"num_partial_branches":1,"covered_branches":1,"missing_branches":1},"missing_lines":[3],"excluded_lines":[]},
"app/empty.py":{"executed_lines":[],"summary":{"covered_lines":0,"num_statements":0,"percent_covered":100.0,"missing_lines":0,"excluded_lines":0,"num_branches":0,"covered_branches":0}}},
"totals":{"covered_lines":2,"num_statements":3,"percent_covered":60.0,"percent_covered_display":"60","missing_lines":1,"excluded_lines":0,"num_branches":2,"num_partial_branches":1,"covered_branches":1,"missing_branches":1}}"#;

    #[test]
    fn what_coverage_py_7_writes() {
        let report = parse(include_str!("../fixtures/coverage-py-7.json")).unwrap();
        assert_eq!(report.total(), Counts { covered: 4, all: 6 });
    }

    #[test]
    fn branches_count_as_its_own_percentage_does() {
        let report = parse(BRANCHES).unwrap();
        assert_eq!(report.total().percent(), Some(60.0));
        assert_eq!(report.files["app/empty.py"], Counts::default());
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse("{}").is_err());
        assert!(parse(&BRANCHES[..300]).is_err());
        assert!(parse(r#"{"files":{},"totals":{"covered_lines":9,"num_statements":9}}"#).is_err());
    }
}

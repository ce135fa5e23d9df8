//! What a check found, put together step by step.

use crate::{Finding, Location, Measure, Outcome, Severity, Verdict};

impl Verdict {
    /// The check passed; `summary` is one line, e.g. `212 tests passed`.
    pub fn passed(summary: impl Into<String>) -> Self {
        Self::new(Outcome::Passed, summary)
    }

    /// The check failed; `summary` is one line, e.g. `2 of 212 tests failed`.
    pub fn failed(summary: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, summary)
    }

    fn new(outcome: Outcome, summary: impl Into<String>) -> Self {
        Self {
            outcome,
            summary: summary.into(),
            findings: Vec::new(),
            measures: Vec::new(),
        }
    }

    /// One more finding.
    pub fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// More findings.
    pub fn findings(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.findings.extend(findings);
        self
    }

    /// One more number.
    pub fn measure(mut self, measure: Measure) -> Self {
        self.measures.push(measure);
        self
    }

    /// More numbers.
    pub fn measures(mut self, measures: impl IntoIterator<Item = Measure>) -> Self {
        self.measures.extend(measures);
        self
    }

    /// Whether it passed.
    pub fn is_passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

impl Finding {
    /// Something to look at.
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            rule: None,
            message: message.into(),
            location: None,
        }
    }

    /// The rule that it breaks, e.g. `G401` or the name of a test.
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// Where it is.
    pub fn at(mut self, path: impl Into<String>, line: Option<u32>) -> Self {
        self.location = Some(Location {
            path: path.into(),
            line,
        });
        self
    }
}

impl Measure {
    /// A number with its unit, e.g. `%` or `tests`.
    pub fn new(name: impl Into<String>, value: f64, unit: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value,
            unit: unit.into(),
            limit: None,
        }
    }

    /// The limit that it is held to.
    pub fn limit(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }
}

//! What the profile says, and the formats to choose from.

use std::collections::BTreeMap;

use runner_sdk::{Duration, Exit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::report::Report;
use crate::{cargo, go, jest, junit, nextest, playwright};

/// Runs tests and counts what their report says.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Program and arguments that run the tests. Without it, `report` is read as it lies there: its age is then not
    /// known.
    #[schemars(length(min = 1))]
    pub(crate) run: Option<Vec<String>>,
    /// Working folder, relative to the workspace.
    pub(crate) cwd: Option<String>,
    /// Environment variables; `{{secret:name}}` in a value is filled in by the host. `RUNNER_ENVIRONMENT`, `RUNNER_URL` and
    /// `RUNNER_VERSION` are there too where they mean something.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// How long the tests may take.
    #[serde(default = "half_an_hour")]
    pub(crate) timeout: Duration,
    /// What the report looks like.
    pub(crate) format: Format,
    /// The report: a path relative to the workspace, or a glob. `run` must write it anew: a single file is removed before.
    /// Without it, the report is what `run` prints.
    pub(crate) report: Option<String>,
    /// How many tests must run at least; skipped ones do not count.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub(crate) min: u64,
    /// How many tests may have passed only at a later try; any number when not given.
    pub(crate) max_flaky: Option<u64>,
    /// How many tests may be skipped; any number when not given.
    pub(crate) max_skipped: Option<u64>,
}

/// What a report looks like.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// `go test -json`.
    Go,
    /// JUnit XML, e.g. `pytest --junitxml=...`.
    Junit,
    /// What `cargo test` prints.
    Cargo,
    /// What `cargo nextest run` prints.
    Nextest,
    /// `jest --json`.
    Jest,
    /// `vitest run --reporter=json`.
    Vitest,
    /// `playwright test --reporter=json`.
    Playwright,
}

fn half_an_hour() -> Duration {
    Duration::from_secs(1800)
}

fn one() -> u64 {
    1
}

impl Format {
    /// Reads the text of a report.
    pub(crate) fn parse(self, text: &str) -> Result<Report, String> {
        match self {
            Format::Go => go::parse(text),
            Format::Junit => junit::parse(text),
            Format::Cargo => cargo::parse(text),
            Format::Nextest => nextest::parse(text),
            Format::Jest | Format::Vitest => jest::parse(text),
            Format::Playwright => playwright::parse(text),
        }
    }

    /// Reads the report in what a program prints. `npm` and the like print lines before the JSON of their child.
    pub(crate) fn parse_printed(self, exit: &Exit) -> Result<Report, String> {
        let text = exit.stdout_text();
        match self {
            Format::Nextest => self.parse(&exit.stderr_text()),
            Format::Jest | Format::Vitest | Format::Playwright => {
                let start = if text.starts_with('{') {
                    Some(0)
                } else {
                    text.find("\n{").map(|at| at + 1)
                };
                self.parse(&text[start.unwrap_or(0)..])
            }
            Format::Go | Format::Junit | Format::Cargo => self.parse(&text),
        }
    }
}

//! What the profile says, and the formats to choose from.

use std::collections::BTreeMap;

use runner_sdk::Duration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::report::Report;
use crate::{hey, k6, wrk};

/// Runs a load test, and holds what it measured to limits.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Program and arguments that run the load test; it finds the environment's address in `RUNNER_URL`. Without it,
    /// `report` is read as it lies there: its age is then not known.
    #[schemars(length(min = 1))]
    pub(crate) run: Option<Vec<String>>,
    /// Working folder, relative to the workspace.
    pub(crate) cwd: Option<String>,
    /// Environment variables; `{{secret:name}}` in a value is filled in by the host.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// How long the load test may take.
    #[serde(default = "half_an_hour")]
    pub(crate) timeout: Duration,
    /// What the report looks like.
    pub(crate) format: Format,
    /// The report: a path relative to the workspace. It is removed before `run`, which must write it anew. Without it, the
    /// report is what `run` prints.
    pub(crate) report: Option<String>,
    /// 95 of 100 requests must be at least as quick. wrk does not measure it.
    pub(crate) p95: Option<Duration>,
    /// 99 of 100 requests must be at least as quick. k6 measures it with `--summary-trend-stats` only.
    pub(crate) p99: Option<Duration>,
    /// Percent of the requests that may fail.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub(crate) max_failed: f64,
    /// How many requests a second must be answered; any number when not given.
    #[schemars(range(min = 0))]
    pub(crate) min_rate: Option<f64>,
    /// How many requests must be made at least: too few say nothing.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub(crate) min_requests: u64,
}

/// What a report looks like.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// `k6 run --summary-export=FILE`, or the JSON of `handleSummary`.
    K6,
    /// What `wrk --latency` prints.
    Wrk,
    /// What `hey` prints.
    Hey,
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
            Format::K6 => k6::parse(text),
            Format::Wrk => wrk::parse(text),
            Format::Hey => hey::parse(text),
        }
    }
}

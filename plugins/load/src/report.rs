//! What every format comes to.

/// What a load test measured.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// Requests made, answered or not.
    pub(crate) requests: u64,
    /// Those of them that failed.
    pub(crate) failed: u64,
    /// Requests answered per second, good or not.
    pub(crate) rate: Option<f64>,
    /// In milliseconds.
    pub(crate) p95_ms: Option<f64>,
    /// In milliseconds.
    pub(crate) p99_ms: Option<f64>,
    /// What the program itself says was missed, e.g. ``threshold `p(95)<200` of `http_req_duration` crossed``.
    pub(crate) crossed: Vec<String>,
    /// What else went wrong, e.g. `connect errors: 3`.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// Percent of the requests that failed; none where none was made.
    pub(crate) fn failed_percent(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.failed as f64 / self.requests as f64 * 100.0)
    }
}

//! A segment: a line that says what it is, then a line of JSON for each event.

use runner_core::id::RunId;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// Where the first event of each run is: a list of them is a list of the runs.
pub(super) const RUNS: &str = "runs";
/// Where the whole journals of ended runs are.
pub(super) const ENDED: &str = "ended";

/// Consecutive events of a run.
#[derive(Debug)]
pub(super) struct Segment {
    /// The place of the first of them.
    pub(super) first: u64,
    /// The process that wrote it.
    pub(super) writer: String,
    /// The events.
    pub(super) lines: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    first: u64,
    count: usize,
    writer: String,
}

/// The folder of a run's segments but the first.
pub(super) fn folder(run: &RunId) -> String {
    format!("journal/{run}")
}

/// The name of the segment that begins at a place. Names sort as places do.
pub(super) fn key(run: &RunId, first: u64) -> String {
    match first {
        0 => format!("{RUNS}/{run}"),
        first => format!("{}/{first:010}", folder(run)),
    }
}

/// The name of a whole journal.
pub(super) fn sealed(run: &RunId) -> String {
    format!("{ENDED}/{run}")
}

impl Segment {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let head = Head {
            first: self.first,
            count: self.lines.len(),
            writer: self.writer.clone(),
        };
        let mut text = serde_json::to_string(&head).expect("a head serialises to JSON");
        for line in &self.lines {
            text.push('\n');
            text.push_str(line);
        }
        text.push('\n');
        text.into_bytes()
    }

    pub(super) fn parse(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let corrupt = |why: String| StoreError::Corrupt {
            what: format!("`{key}`"),
            why,
        };
        let text = std::str::from_utf8(bytes).map_err(|error| corrupt(error.to_string()))?;
        let mut lines = text.lines();
        let head: Head = serde_json::from_str(lines.next().unwrap_or_default())
            .map_err(|error| corrupt(error.to_string()))?;
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        if lines.len() != head.count {
            let found = lines.len();
            return Err(corrupt(format!(
                "it has {found} events instead of {}",
                head.count
            )));
        }
        Ok(Self {
            first: head.first,
            writer: head.writer,
            lines,
        })
    }
}

//! What a run leaves behind for people and for other tools: the files of the reports folder.
//!
//! Pure: [`render`] looks at the statuses and the times of the run's steps and at nothing else, so a run that was resumed
//! leaves the same files as one that was not. The step that writes them is left out. [`facts`] reads the run once, into
//! what all the files tell; each file has a module of its own.

mod deploy_log;
mod facts;
mod gate_report;
mod html;
mod junit;
mod number;
mod summary;
mod templates;
mod time;

use serde::Serialize;

use crate::{event::End, run::Run};

use facts::Facts;

pub use summary::SUMMARY_SCHEMA;

/// How many findings of a check a file for people shows; the JSON files have all of them.
const SHOWN_FINDINGS: usize = 50;

/// A file of the reports folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the reports folder, with no folder of its own.
    pub path: String,
    /// E.g. `application/json`.
    pub media_type: &'static str,
    /// UTF-8.
    pub content: String,
}

impl File {
    fn json<T: Serialize>(path: &str, value: &T) -> Self {
        let mut content = serde_json::to_string_pretty(value).expect("a report serialises to JSON");
        content.push('\n');
        Self {
            path: path.to_owned(),
            media_type: "application/json",
            content,
        }
    }
}

/// How a run is about to end: the reports are written before it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The end.
    pub end: End,
    /// Its reason, one sentence.
    pub summary: String,
    /// What a person must do, when it is stuck.
    pub by_hand: Vec<String>,
}

/// Makes every file, in a fixed order; `at` is when, in milliseconds since the epoch.
pub fn render(run: &Run, ending: &Ending, at: u64) -> Vec<File> {
    let facts = Facts::of(run, ending, at);
    let mut files = vec![summary::file(&facts)];
    if !facts.gate.checks.is_empty() {
        files.push(gate_report::file(&facts));
    }
    files.extend(facts.release.as_ref().map(|release| File {
        path: format!("changelog-{}.md", file_name(&release.tag)),
        media_type: "text/markdown",
        content: release.changelog.clone(),
    }));
    files.extend(
        facts
            .environments
            .iter()
            .map(|environment| deploy_log::file(&facts, environment)),
    );
    files.push(junit::file(&facts));
    files.push(html::file(&facts));
    files
}

/// A name that every file system takes: a tag's prefix may hold a slash.
fn file_name(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    name.chars().map(|c| if safe(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests;

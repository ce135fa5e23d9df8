//! Issues: docs.sentry.io, "List an Organization's Issues".

use runner_sdk::{Error, Finding, Host, Level, Severity};
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{Answer, next_cursor};
use crate::api::{Api, json};

/// Issues per page: the most that Sentry gives.
const PAGE: usize = 100;
/// How many pages are read: who has more issues knows enough.
const PAGES: usize = 10;

/// What a search found.
pub(crate) struct Issues {
    pub(crate) all: Vec<Issue>,
    /// Whether there are more than were read.
    pub(crate) more: bool,
}

/// An issue, as far as it is shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issue {
    id: String,
    short_id: Option<String>,
    title: Option<String>,
    culprit: Option<String>,
    permalink: Option<String>,
    level: Option<String>,
    /// Sentry writes it as text.
    #[serde(default)]
    count: Value,
}

/// Finds issues that have events in the environment within the last `seconds`.
pub(crate) fn find(
    api: &Api<'_, impl Host>,
    query: &str,
    environment: &str,
    seconds: u64,
) -> Result<Answer<Issues>, Error> {
    let what = format!("asking Sentry for issues with `{query}` in `{environment}`");
    let period = format!("{seconds}s");
    let limit = PAGE.to_string();
    let fixed = [
        ("environment", environment),
        ("query", query),
        ("statsPeriod", &period),
        ("sort", "date"),
        ("collapse", "stats"),
        ("limit", &limit),
    ];
    let mut all: Vec<Issue> = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let parameters = fixed
            .into_iter()
            .chain(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let response = match api.get("issues/", &parameters.collect::<Vec<_>>(), &what)? {
            Answer::Found(response) => response,
            Answer::NotFound(said) => return Ok(Answer::NotFound(said)),
        };
        let page: Vec<Issue> = serde_json::from_value(json(&response, &what)?)
            .map_err(|error| Error::failed(format!("{what}: the answer is no list of issues: {error}")))?;
        let full = page.len() >= PAGE;
        // New events move issues from page to page while we read.
        all.extend(
            page.into_iter()
                .filter(|issue| all.iter().all(|known| known.id != issue.id))
                .collect::<Vec<_>>(),
        );
        cursor = match response.header("link") {
            Some(link) => next_cursor(link),
            None if full => {
                api.host.log(
                    Level::Warn,
                    &format!("{what}: the answer has no `Link` header, so only the first {PAGE} are counted"),
                );
                return Ok(Answer::Found(Issues { all, more: true }));
            }
            None => None,
        };
        if cursor.is_none() {
            return Ok(Answer::Found(Issues { all, more: false }));
        }
    }
    Ok(Answer::Found(Issues { all, more: true }))
}

impl Issue {
    /// For a verdict: what it is, how often, and where to look.
    pub(crate) fn finding(&self) -> Finding {
        let mut text = self.title.clone().unwrap_or_else(|| "(no title)".to_owned());
        if let Some(culprit) = self.culprit.as_deref().filter(|culprit| !culprit.is_empty()) {
            text += &format!(" in {culprit}");
        }
        match &self.count {
            Value::String(count) => text += &format!(", {count} events"),
            Value::Number(count) => text += &format!(", {count} events"),
            _ => {}
        }
        if let Some(link) = &self.permalink {
            text += &format!(": {link}");
        }
        let severity = match self.level.as_deref() {
            Some("fatal") => Severity::Critical,
            Some("warning") => Severity::Medium,
            Some("info") => Severity::Low,
            Some("debug" | "sample") => Severity::Info,
            _ => Severity::High,
        };
        Finding::new(severity, text).rule(self.short_id.as_ref().unwrap_or(&self.id).as_str())
    }
}

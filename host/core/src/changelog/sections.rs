//! Which commit goes into which section.

use serde::{Deserialize, Serialize};

use crate::commits::{Breaking, Commit, Kind};

/// Is a section of a changelog; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading, e.g. `Features`.
    pub title: String,
    /// Its lines, oldest commit first.
    pub entries: Vec<Entry>,
}

/// Is one line of a changelog. Templates use these names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The full id of the commit.
    pub id: String,
    /// The first seven characters of it.
    pub short_id: String,
    /// Who wrote it, as `Name <address>`.
    pub author: String,
    /// The type, e.g. `feat`; `revert` for reverts.
    #[serde(rename = "type")]
    pub type_: String,
    /// The scope, as typed.
    pub scope: Option<String>,
    /// The description; in the section of breaking changes, what breaks (it may have several lines).
    pub description: String,
    /// The number of the pull request.
    pub pull_request: Option<u64>,
    /// Whether the commit breaks something.
    pub breaking: bool,
    /// All of it as Markdown for a list: `**scope:** description (#45)`, further lines indented.
    pub line: String,
}

/// Titles in their order, with the types that go there.
const BY_TYPE: [(&str, Option<&str>); 5] = [
    ("Features", Some("feat")),
    ("Bug Fixes", Some("fix")),
    ("Breaking Changes", None),
    ("Performance", Some("perf")),
    ("Reverts", Some("revert")),
];

/// Sorts commits, newest first as git gives them, into sections; sections without commits are left out.
///
/// A breaking commit stands under *Breaking Changes*; under its type as well if a footer says what breaks, because then
/// the two lines say different things.
pub fn sections(commits: &[Commit]) -> Vec<Section> {
    let section = |(title, type_): (&str, Option<&str>)| {
        let entries: Vec<Entry> = match type_ {
            Some(type_) => of_type(commits, |other| other == type_),
            None => commits.iter().rev().flat_map(breaking_entries).collect(),
        };
        (!entries.is_empty()).then(|| Section {
            title: title.into(),
            entries,
        })
    };
    BY_TYPE.into_iter().filter_map(section).collect()
}

/// Returns the conventional commits of types without a section, e.g. `docs`, for templates that want them.
pub fn other_entries(commits: &[Commit]) -> Vec<Entry> {
    of_type(commits, |type_| {
        BY_TYPE.iter().all(|(_, known)| *known != Some(type_))
    })
}

fn of_type(commits: &[Commit], wanted: impl Fn(&str) -> bool) -> Vec<Entry> {
    let listed = |commit: &&Commit| !matches!(commit.breaking(), Some(Breaking::Mark));
    commits
        .iter()
        .rev()
        .filter(listed)
        .filter_map(entry)
        .filter(|entry| wanted(&entry.type_))
        .collect()
}

fn breaking_entries(commit: &Commit) -> Vec<Entry> {
    let Some(entry) = entry(commit) else {
        return Vec::new();
    };
    match commit.breaking() {
        None => Vec::new(),
        Some(Breaking::Mark) => vec![entry],
        Some(Breaking::Text(texts)) => texts
            .iter()
            .map(|text| {
                Entry {
                    description: text.clone(),
                    ..entry.clone()
                }
                .with_line()
            })
            .collect(),
    }
}

fn entry(commit: &Commit) -> Option<Entry> {
    let (type_, scope, description, pull_request) = match &commit.kind {
        Kind::Conventional(c) => (c.type_.as_str(), &c.scope, &c.description, c.pull_request),
        Kind::Revert(r) => ("revert", &r.scope, &r.description, r.pull_request),
        Kind::Merge(_) | Kind::Other(_) => return None,
    };
    let entry = Entry {
        id: commit.id.clone(),
        short_id: commit.short_id().to_string(),
        author: commit.author.clone(),
        type_: type_.to_string(),
        scope: scope.clone(),
        description: description.clone(),
        pull_request,
        breaking: commit.breaking().is_some(),
        line: String::new(),
    };
    Some(entry.with_line())
}

impl Entry {
    fn with_line(mut self) -> Self {
        let mut lines = self.description.lines();
        let scope = self
            .scope
            .as_ref()
            .map(|scope| format!("**{scope}:** "))
            .unwrap_or_default();
        let number = self
            .pull_request
            .map(|number| format!(" (#{number})"))
            .unwrap_or_default();
        self.line = format!("{scope}{}{number}", lines.next().unwrap_or_default());
        for line in lines {
            // Within the item of the list, or Markdown would end the list there.
            self.line.push_str(if line.is_empty() { "\n" } else { "\n  " });
            self.line.push_str(line);
        }
        self
    }
}

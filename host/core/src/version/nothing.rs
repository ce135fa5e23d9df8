//! "Nothing to release" in its kinds; an outcome of its own, neither an error nor a release.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::commits::{Cancelled, Commit, Kind};

/// Says why there is nothing to release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nothing {
    /// No commits since the last release.
    NoCommits { since: Option<String> },
    /// Commits, but none that moves the version.
    NoneBumps { since: String, seen: Vec<Seen> },
    /// The commit is a pre-release of this channel already.
    SamePreRelease { tag: String },
}

/// Is a commit that was looked at and moves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Seen {
    /// Its full id.
    pub id: String,
    /// Its subject.
    pub subject: String,
    /// What it was taken for: its type, `merge`, `reverted`, or `not conventional`.
    pub read_as: String,
}

impl Seen {
    pub(super) fn all(commits: &[Commit], cancelled: &[Cancelled]) -> Vec<Self> {
        let of = |commit: &Commit, read_as: &str| Self {
            id: commit.id.clone(),
            subject: commit.subject.clone(),
            read_as: read_as.into(),
        };
        let kept = commits.iter().map(|commit| match &commit.kind {
            Kind::Conventional(conventional) => of(commit, &conventional.type_),
            Kind::Revert(_) => of(commit, "revert"),
            Kind::Merge(_) => of(commit, "merge"),
            Kind::Other(_) => of(commit, "not conventional"),
        });
        kept.chain(
            cancelled
                .iter()
                .map(|cancelled| of(&cancelled.commit, "reverted")),
        )
        .collect()
    }
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommits { since: Some(tag) } => write!(f, "nothing to release: no commits since {tag}"),
            Self::NoCommits { since: None } => f.write_str("nothing to release: no commits"),
            Self::SamePreRelease { tag } => write!(f, "nothing to release: this commit is {tag} already"),
            Self::NoneBumps { since, seen } => {
                let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                seen.iter()
                    .for_each(|seen| *counts.entry(&seen.read_as).or_default() += 1);
                let counts: Vec<String> = counts.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
                let commits = if seen.len() == 1 { "commit" } else { "commits" };
                write!(f, "nothing to release: {} {commits} since {since}", seen.len())?;
                write!(f, ", none of which changes the version ({})", counts.join(", "))
            }
        }
    }
}

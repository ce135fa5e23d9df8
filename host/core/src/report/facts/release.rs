//! The release that a run makes, deploys or goes back to.

use serde::Serialize;

use crate::{
    output::{Output, Preflight},
    release::{Artifact, Release},
    run::Run,
};

/// A version and what is in it.
#[derive(Debug, Serialize)]
pub(in crate::report) struct ReleaseFacts {
    /// With the prefix.
    pub(in crate::report) tag: String,
    pub(in crate::report) last: Option<String>,
    /// Why this version.
    pub(in crate::report) reason: Option<String>,
    pub(in crate::report) commit: Option<String>,
    /// Markdown with the version's heading.
    pub(in crate::report) changelog: String,
    /// Markdown without it.
    pub(in crate::report) notes: String,
    pub(in crate::report) artifacts: Vec<Artifact>,
}

impl ReleaseFacts {
    pub(super) fn of(run: &Run) -> Option<Self> {
        let made = match run.output("package") {
            Some(Output::Release(release)) => Some(release),
            _ => None,
        };
        if let Some(Output::Version(version)) = run.output("version") {
            return Some(Self {
                tag: version.tag.clone(),
                last: version.last.clone(),
                reason: Some(version.reason.clone()),
                commit: made.map(|release| release.commit.clone()),
                changelog: version.changelog.clone(),
                notes: version.notes.clone(),
                artifacts: made.map(|release| release.artifacts.clone()).unwrap_or_default(),
            });
        }
        preflight(run)?.release.as_ref().map(Self::earlier)
    }

    /// A release that was there before.
    fn earlier(release: &Release) -> Self {
        Self {
            tag: release.tag.clone(),
            last: None,
            reason: None,
            commit: Some(release.commit.clone()),
            changelog: format!("## {}\n\n{}", release.tag, release.notes),
            notes: release.notes.clone(),
            artifacts: release.artifacts.clone(),
        }
    }
}

/// What was found before anything was done.
pub(super) fn preflight(run: &Run) -> Option<&Preflight> {
    match run.output("preflight") {
        Some(Output::Preflight(found)) => Some(found),
        _ => None,
    }
}

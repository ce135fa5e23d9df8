//! What a step leaves behind when it is done.

use serde::{Deserialize, Serialize};

use crate::{
    backup::Kept,
    effect::Answer,
    release::{Artifact, GoodRelease, Release},
    rules::{RuleState, Sample},
};

/// A gate's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it passed; a gate that could not find out is an error, not a verdict.
    pub passed: bool,
    /// One line.
    pub summary: String,
    /// What it found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What it counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Something a gate found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The tool's own name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
    /// File, relative to the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Something a gate counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// E.g. `tests`.
    pub name: String,
    /// How much.
    pub value: f64,
    /// E.g. `%`; empty for a plain count.
    pub unit: String,
    /// What it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

/// How a service of a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Not yet up.
    Starting,
    /// Answers as it should.
    Healthy,
    /// Answers as it should not, or not at all.
    Unhealthy,
    /// Does not run.
    Stopped,
    /// Cannot be told.
    Unknown,
}

/// A service of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceState {
    /// Its name.
    pub name: String,
    /// What runs, without the tag prefix.
    pub version: Option<String>,
    /// How it is.
    pub condition: Condition,
    /// Milliseconds since the epoch.
    pub since: Option<u64>,
    /// For people.
    pub detail: String,
}

/// What runs in an environment, as its target says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// None when nothing is deployed.
    pub version: Option<String>,
    /// Its services.
    pub services: Vec<ServiceState>,
    /// Said of a rollback: what of the data stayed newer than the release that runs now, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer_data: Option<String>,
}

impl Deployment {
    /// Whether every service runs `version` and is healthy.
    pub fn healthy(&self, version: &str) -> bool {
        let good = |s: &ServiceState| {
            s.condition == Condition::Healthy && s.version.as_deref().is_none_or(|v| v == version)
        };
        self.version.as_deref() == Some(version)
            && !self.services.is_empty()
            && self.services.iter().all(good)
    }
}

/// One thing that setting up an environment changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was changed: a path, or e.g. `package nginx`.
    pub subject: String,
    /// A unified diff, or one line that begins with `+`, `-` or `~`. Secrets are only named in it.
    pub diff: String,
}

/// A finished or broken-off watch: every sample and the last state of every rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WatchReport {
    /// Milliseconds between samples.
    pub interval_ms: u64,
    /// In order; tick 0 only primes the sources.
    pub samples: Vec<Sample>,
    /// Last state of every rule, by name.
    pub rules: Vec<RuleState>,
    /// One line.
    pub summary: String,
}

/// What a step leaves behind; the next steps and the reports read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "output", content = "value", rename_all = "kebab-case")]
pub enum Output {
    /// Nothing to tell.
    Done,
    /// It had no work, for this reason.
    Skipped(String),
    /// What was found before anything was done.
    Preflight(Preflight),
    /// A check's verdict.
    Verdict(Verdict),
    /// The next version and what is in it.
    Version(VersionOutput),
    /// The commit that holds the changelog, or the one that was checked out where none was made.
    Changelog { commit: String },
    /// The tag that was made.
    Tagged { tag: String, commit: String },
    /// The release with its artifacts.
    Release(Release),
    /// A person's answer.
    Answer(Answer),
    /// What was kept.
    Backup(Vec<Artifact>),
    /// What was read back whole.
    ReadBack(Vec<Artifact>),
    /// What was restored.
    Restored(Vec<Artifact>),
    /// How many backups were deleted, and how many bytes these had.
    Pruned { backups: usize, bytes: u64 },
    /// What runs now.
    Deployed(Deployment),
    /// A watch that ended well.
    Watched(WatchReport),
    /// Where a message can be found.
    Notified { at: Option<String> },
    /// Recorded as good.
    Good(GoodRelease),
    /// What an undo went back to, how long it took in milliseconds, and what runs now.
    Undone {
        to: String,
        took_ms: u64,
        deployment: Deployment,
    },
    /// What had to be changed for an environment to be what the profile says; nothing when it was that already.
    Setup(Vec<Change>),
    /// Files written.
    Reports(Vec<String>),
}

/// What was found before anything was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// Full id of what is checked out.
    pub head: String,
    /// None when detached.
    pub branch: Option<String>,
    /// The release to deploy or to go back to, where the command does not make one.
    pub release: Option<Release>,
    /// Per environment of the run: the good release that a rollback would go to.
    pub previous: Vec<(String, Option<Release>)>,
    /// For a rollback that a person asked for: the backups from before the release that is left was deployed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<Kept>,
}

/// The next version and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionOutput {
    /// Without the prefix.
    pub version: String,
    /// With the prefix.
    pub tag: String,
    /// Of the last release, without the prefix.
    pub last: Option<String>,
    /// Why this version, for people: `minor, because of 2 features`.
    pub reason: String,
    /// Markdown with the heading of the version.
    pub changelog: String,
    /// Markdown without it.
    pub notes: String,
    /// Milliseconds since the epoch; the release's date everywhere.
    pub at: u64,
}

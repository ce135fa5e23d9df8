//! Events: the one type that feeds the journal, `--output json`, replay and every screen.

use serde::{Deserialize, Serialize};

use crate::{
    backup::Kept,
    digest::Digest,
    effect::{Outcome, Request},
    id::{RunId, Scope, StepId},
    plan::Plan,
    profile::Profile,
    step::{PlannedWrite, Transition},
};

/// Version of the journal's form; a reader refuses one that it does not know.
pub const JOURNAL_VERSION: u32 = 1;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Every environment runs the release and it is good; or the command did what it was asked to.
    Released,
    /// A gate or a precondition said no; nothing was deployed.
    Blocked,
    /// A person said no.
    Rejected,
    /// An environment runs the previous release again.
    RolledBack,
    /// A rollback failed; what is left to do by hand is listed.
    Stuck,
    /// A person cancelled it.
    Cancelled,
    /// There was nothing to release.
    NothingToRelease,
}

impl End {
    /// As in the journal and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Blocked => "blocked",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolled-back",
            Self::Stuck => "stuck",
            Self::Cancelled => "cancelled",
            Self::NothingToRelease => "nothing-to-release",
        }
    }
}

/// Which command a run executes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// The whole release.
    Release {
        /// Pre-release channel, e.g. `rc`.
        pre: Option<String>,
    },
    /// The gate alone.
    QualityGate {
        /// Only these checks, those too that are made before an environment; all of the gate where it is empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        checks: Vec<String>,
    },
    /// What happened in an environment lately, told to the notifiers that want to know.
    Digest { news: crate::news::News },
    /// One environment, with a version that has a tag.
    Deploy {
        environment: crate::id::EnvironmentName,
        /// None is the newest.
        version: Option<String>,
    },
    /// One environment, back to a version that was good there.
    Rollback {
        environment: crate::id::EnvironmentName,
        /// None is the last good one that is not the running one.
        to: Option<String>,
    },
    /// One environment, made what the profile says of it, from nothing if need be.
    Setup { environment: crate::id::EnvironmentName },
    /// Every backup of one environment, made and read back.
    Backup { environment: crate::id::EnvironmentName },
    /// One backup, read back.
    VerifyBackup { backup: Box<Kept> },
    /// One environment, brought back to what a backup holds.
    Restore { backup: Box<Kept> },
}

impl Command {
    /// As typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Release { .. } => "release",
            Self::QualityGate { .. } => "quality-gate",
            Self::Digest { .. } => "digest",
            Self::Deploy { .. } => "deploy",
            Self::Rollback { .. } => "rollback",
            Self::Setup { .. } => "env setup",
            Self::Backup { .. } => "backup create",
            Self::VerifyBackup { .. } => "backup verify",
            Self::Restore { .. } => "backup restore",
        }
    }

    /// The one environment that it is about; none for all of them, or for no one.
    pub fn environment(&self) -> Option<&crate::id::EnvironmentName> {
        match self {
            Self::Release { .. } | Self::QualityGate { .. } => None,
            Self::Digest { news } => Some(&news.environment),
            Self::Deploy { environment, .. }
            | Self::Rollback { environment, .. }
            | Self::Setup { environment }
            | Self::Backup { environment } => Some(environment),
            Self::VerifyBackup { backup } | Self::Restore { backup } => Some(&backup.environment),
        }
    }
}

/// A plugin that a run uses, pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedPlugin {
    /// As the profile names it: an official name, or a path.
    pub reference: String,
    /// From its manifest.
    pub name: String,
    /// From its manifest.
    pub version: String,
    /// Of its bytes, which the store keeps.
    pub digest: Digest,
    /// Whether its bytes were inside the binary that began the run: part of the product, and trusted like it.
    pub official: bool,
}

/// All that a run starts from, so that any machine can go on with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// See [`JOURNAL_VERSION`].
    pub journal: u32,
    /// Of `runner`.
    pub runner: String,
    /// What was asked for.
    pub command: Command,
    /// Who started it.
    pub by: String,
    /// The machine it was started on.
    pub host: String,
    /// The workspace, absolute.
    pub workspace: String,
    /// As resolved from all layers; secrets are names only.
    pub profile: Profile,
    /// Built-in profile's or file's name.
    pub profile_name: String,
    /// The plan of the run.
    pub plan: Plan,
    /// Every plugin it may call.
    pub plugins: Vec<PinnedPlugin>,
}

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For whoever writes the plugin.
    Debug,
    /// For the record.
    Info,
    /// Should be looked at.
    Warn,
    /// Went wrong.
    Error,
}

/// Which of a program's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What happened. The cases marked *not kept* are shown and streamed, but not in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Kind {
    /// The run began.
    RunStarted(Box<Header>),
    /// The run was taken up again after a stop.
    RunResumed { by: String, host: String },
    /// A step went on.
    Step {
        /// Which.
        step: StepId,
        #[serde(flatten)]
        transition: Transition,
    },
    /// A write is about to be done.
    EffectStarted {
        /// In which conversation.
        scope: Scope,
        /// Its place there, from 0.
        n: u32,
        /// What is asked for.
        request: Request,
    },
    /// An effect has its result.
    EffectFinished {
        /// In which conversation.
        scope: Scope,
        /// Its place there, from 0.
        n: u32,
        /// What was asked for; a write's stands in its `effect-started`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<Request>,
        /// What came of it.
        result: Outcome,
    },
    /// A line of a plugin or of the host.
    Log {
        scope: Scope,
        level: Level,
        message: String,
    },
    /// A rule of a watch changed its state, in words.
    Watch {
        step: StepId,
        tick: u32,
        of: u32,
        line: String,
    },
    /// Not kept: how far something is.
    Progress {
        scope: Scope,
        done: u64,
        total: Option<u64>,
        what: String,
    },
    /// Not kept: a line that a program printed.
    Line {
        scope: Scope,
        stream: Stream,
        text: String,
    },
    /// Not kept: a write that a plan listed.
    Planned(PlannedWrite),
    /// Somebody asked for the run to be cancelled.
    CancelRequested { by: String },
    /// The run ended.
    RunFinished {
        end: End,
        summary: String,
        by_hand: Vec<String>,
    },
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// Place in the journal, from 0; none for what is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Milliseconds since the epoch.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: Kind,
}

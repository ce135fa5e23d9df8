//! Steps, the six transitions of a step, and which of them is legal when.

use serde::{Deserialize, Serialize};

use crate::{
    effect::Request,
    fault::Fault,
    id::{EnvironmentName, StepId},
    output::Output,
};

/// What a message to a notifier is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// How the gate went.
    Gate,
    /// What happened lately, because somebody or a timer asked for it.
    Digest,
    /// A person is waited for.
    ApprovalWanted,
    /// A deploy starts.
    DeployStarted,
    /// An environment runs the release and it is good.
    DeploySucceeded,
    /// A deploy failed.
    DeployFailed,
    /// An environment runs the previous release again.
    RolledBack,
    /// The release is out.
    Released,
    /// A backup that was asked for could not be made.
    BackupFailed,
    /// A person is waited for, to restore a backup.
    RestoreWanted,
    /// A backup was restored, and what runs is healthy.
    Restored,
    /// It was not, or what runs is not healthy with it.
    RestoreFailed,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Looks before anything is done; blocks early.
    Preflight,
    /// One check: of the gate, or one that is made before an environment.
    Check {
        check: String,
        /// The environment that it is made before; none for the gate's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<EnvironmentName>,
    },
    /// Computes the version and the changelog.
    Version,
    /// Commits the changelog.
    Changelog,
    /// Makes the tag.
    Tag,
    /// Puts the artifacts into the store.
    Package,
    /// Waits for a person.
    Approval { environment: EnvironmentName },
    /// Takes the environment's lock.
    Lock { environment: EnvironmentName },
    /// Makes and verifies one backup.
    Backup {
        environment: EnvironmentName,
        backup: String,
    },
    /// Reads one backup back whole.
    VerifyBackup {
        environment: EnvironmentName,
        backup: String,
    },
    /// Waits for a person who says that backups are restored.
    ApproveRestore { environment: EnvironmentName },
    /// Brings what one backup keeps back to what it held; the same again goes on.
    Restore {
        environment: EnvironmentName,
        backup: String,
    },
    /// Deletes the older of one kind of backup, as far as the profile does not keep them.
    Prune {
        environment: EnvironmentName,
        backup: String,
    },
    /// Brings the release to the environment; its undo is the rollback.
    Deploy { environment: EnvironmentName },
    /// Goes back to an earlier release because a person said so; has no undo.
    Return { environment: EnvironmentName },
    /// Makes the environment what the profile says of it; has no undo, the same again goes on.
    Setup { environment: EnvironmentName },
    /// Has the machines of the environment start what the profile schedules; has no undo, the same again goes on.
    Schedule { environment: EnvironmentName },
    /// Waits until the target says that the release runs and is healthy.
    Health { environment: EnvironmentName },
    /// One check of the environment.
    Smoke {
        environment: EnvironmentName,
        check: String,
    },
    /// Sends a part of the traffic to the release, in percent, and watches it there.
    Shift {
        environment: EnvironmentName,
        percent: u8,
    },
    /// The release has all the traffic and stays: what ran before is stopped.
    Settle { environment: EnvironmentName },
    /// Watches the metrics.
    Watch { environment: EnvironmentName },
    /// Records the release as good in the environment.
    Record { environment: EnvironmentName },
    /// Gives the lock back.
    Unlock { environment: EnvironmentName },
    /// Tells one notifier.
    Notify {
        notifier: String,
        notice: Notice,
        environment: Option<EnvironmentName>,
    },
    /// Writes the reports.
    Report,
}

/// When a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// When all before it is done.
    Forward,
    /// When its environment's steps failed, and what there was to undo is undone.
    Failed,
    /// When a deploy of its environment was undone.
    Undone,
    /// When its environment went back to an earlier release and has data of a newer one, which a backup can bring back.
    Restore,
    /// When that was not done: somebody said no, or it failed.
    Unrestored,
    /// When its environment's lock was taken, however things went.
    Locked,
    /// At the end, however things went.
    Always,
}

/// A unit of a run's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Unique in the plan.
    pub id: StepId,
    /// What it does.
    #[serde(flatten)]
    pub action: Action,
    /// When it runs.
    pub when: When,
}

impl Step {
    /// Whether its failure is told and then passed over: a notifier never fails a release, nor do backups that are kept for
    /// longer than they need be. A digest is nothing but its message.
    pub fn tolerated(&self) -> bool {
        match &self.action {
            Action::Notify { notice, .. } => *notice != Notice::Digest,
            Action::Prune { .. } => true,
            _ => false,
        }
    }
}

/// What kind of end a failed step leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A gate or a precondition said no.
    Blocked,
    /// A person said no.
    Rejected,
    /// There is nothing to release.
    NothingToRelease,
    /// A rule was breached.
    Breach,
    /// Something did not work.
    Failed,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// What it leads to.
    pub kind: FailureKind,
    /// What was tried and why it failed.
    pub message: String,
    /// What to do, imperative, to paste.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl StepError {
    /// A failure of some kind, with no hint.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// A gate or a precondition said no.
    pub fn blocked(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Blocked, message)
    }

    /// Something did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, message)
    }

    /// With what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Fault> for StepError {
    fn from(fault: Fault) -> Self {
        Self::failed(fault.to_string())
    }
}

/// What the journal says of a step. The words are steno's (github.com/oxidecomputer/steno).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "transition", rename_all = "kebab-case")]
pub enum Transition {
    /// It began.
    Started,
    /// It is done.
    Succeeded { output: Output },
    /// It failed; a watch or a gate leaves behind what it saw.
    Failed {
        error: StepError,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Output>,
    },
    /// Its undoing began.
    UndoStarted { reason: String },
    /// It is undone.
    UndoFinished { output: Output },
    /// It could not be undone: a person is needed.
    UndoFailed { error: StepError },
}

/// Where a step stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Status {
    /// Not begun.
    #[default]
    New,
    /// Begun, or broken off by a crash.
    Running,
    /// Done.
    Done(Output),
    /// Failed.
    Failed(StepError, Option<Output>),
    /// Being undone, or broken off in it.
    Undoing(String),
    /// Undone, for this reason.
    Undone(String, Output),
    /// Could not be undone; it was tried for this reason.
    Stuck(String, StepError),
}

/// A transition that cannot follow a status: the journal is not one that `runner` wrote.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("step `{step}` cannot be {transition} when it is {status}")]
pub struct IllegalTransition {
    /// The step.
    pub step: StepId,
    /// Where it stood.
    pub status: &'static str,
    /// What was said of it.
    pub transition: &'static str,
}

impl Status {
    /// The only place that knows which transition is legal when.
    pub fn next(&self, step: &StepId, transition: &Transition) -> Result<Self, IllegalTransition> {
        use Transition as T;
        match (self, transition) {
            (Self::New, T::Started) => Ok(Self::Running),
            (Self::Running, T::Succeeded { output }) => Ok(Self::Done(output.clone())),
            (Self::Running, T::Failed { error, output }) => Ok(Self::Failed(error.clone(), output.clone())),
            (Self::Running | Self::Done(_) | Self::Failed(..), T::UndoStarted { reason }) => {
                Ok(Self::Undoing(reason.clone()))
            }
            (Self::Undoing(reason), T::UndoFinished { output }) => {
                Ok(Self::Undone(reason.clone(), output.clone()))
            }
            (Self::Undoing(reason), T::UndoFailed { error }) => {
                Ok(Self::Stuck(reason.clone(), error.clone()))
            }
            _ => Err(IllegalTransition {
                step: step.clone(),
                status: self.word(),
                transition: transition.word(),
            }),
        }
    }

    /// What it left behind, if it is done.
    pub fn output(&self) -> Option<&Output> {
        match self {
            Self::Done(output) | Self::Undone(_, output) => Some(output),
            Self::Failed(_, output) => output.as_ref(),
            _ => None,
        }
    }

    /// In one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Running => "running",
            Self::Done(_) => "done",
            Self::Failed(..) => "failed",
            Self::Undoing(_) => "undoing",
            Self::Undone(..) => "undone",
            Self::Stuck(..) => "stuck",
        }
    }
}

impl Transition {
    /// In one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::UndoStarted { .. } => "undoing",
            Self::UndoFinished { .. } => "undone",
            Self::UndoFailed { .. } => "stuck",
        }
    }
}

/// A write that a plan listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedWrite {
    /// The step, or its undo.
    pub scope: crate::id::Scope,
    /// The request itself.
    pub request: Request,
    /// False when nothing after it in this scope could be foreseen.
    pub foreseen: bool,
}

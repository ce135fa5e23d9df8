//! What is asked for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Nature;
use crate::{
    backup::Kept,
    bytes::Bytes,
    digest::Digest,
    id::EnvironmentName,
    profile::LOCAL,
    release::{Artifact, GoodRelease},
};

/// A program to run on a machine; see `wit/process.wit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// None is the machine that `runner` runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Added to the environment; values may hold `{{secret:name}}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// Relative to the workspace; none is the workspace. On a machine over SSH it is absolute, or none for the user's home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// May hold `{{secret:name}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Bytes>,
    /// Milliseconds.
    pub timeout_ms: u64,
    /// What running it does to the world.
    pub nature: Nature,
    /// Whether a plan may take exit code 0 as its result.
    #[serde(default)]
    pub foresee_success: bool,
    /// Bytes of stdout and of stderr, each, to hand to the plugin.
    pub capture: u32,
}

/// A header to set to `prefix` + hex(HMAC-SHA256(secret, content)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signing {
    /// Name of the secret.
    pub secret: String,
    /// What is signed.
    pub content: Bytes,
    /// Header to set.
    pub header: String,
    /// Stands before the hex digits.
    pub prefix: String,
}

/// One HTTP request; see `wit/http.wit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Upper case.
    pub method: String,
    /// May hold `{{secret:name}}`, though not in the host part.
    pub url: String,
    /// Values may hold `{{secret:name}}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// May hold `{{secret:name}}`.
    #[serde(default)]
    pub body: Bytes,
    /// A header that the host computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<Signing>,
    /// Milliseconds, for the whole exchange.
    pub timeout_ms: u64,
    /// What sending it does to the world.
    pub nature: Nature,
    /// The status that a plan takes as its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foresee_status: Option<u16>,
    /// Bytes.
    pub max_response: u32,
}

/// A supervised process; see `wit/services.wit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Unique on the machine.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Added to the environment; values may hold `{{secret:name}}`.
    pub env: Vec<(String, String)>,
    /// Absolute.
    pub cwd: String,
    /// File for its output.
    pub log: String,
    /// Given back by `status`, e.g. a version.
    pub label: String,
}

/// Something asked of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Unique within the step; the host makes it unique within the run.
    pub id: String,
    /// The question.
    pub text: String,
    /// What may be answered.
    pub choices: Vec<String>,
    /// Names; anyone when empty.
    pub may_answer: Vec<String>,
    /// What the answer is bound to: it lapses when this changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Digest>,
    /// Whether who started the run may answer.
    #[serde(default)]
    pub own: bool,
    /// File of allowed signers; the answer must then carry an SSH signature that it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_signers: Option<String>,
    /// Milliseconds after which nobody's answer is an answer too: an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Everything that can be asked of the world. The first groups are the plugins' (one group per WIT interface), the last is
/// the host's own: its steps go through the same journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum Request {
    /// `process.run`.
    Run(Command),
    /// `process.run-all`.
    RunAll { commands: Vec<Command> },

    /// `http.send`.
    Send(HttpRequest),

    /// `files.read`.
    ReadFile { path: String, max: u32 },
    /// `files.glob`.
    Glob { pattern: String },
    /// `files.write-report`.
    WriteReport {
        name: String,
        media_type: String,
        content: Bytes,
    },
    /// `files.append-line`.
    AppendLine { path: String, line: String, key: String },

    /// `machine-files.read`.
    MachineRead {
        machine: Option<String>,
        path: String,
        max: u32,
    },
    /// `machine-files.read-part`.
    MachineReadPart {
        machine: Option<String>,
        path: String,
        start: u64,
        max: u32,
    },
    /// `machine-files.list-folder`.
    MachineList { machine: Option<String>, path: String },
    /// `machine-files.write`.
    MachineWrite {
        machine: Option<String>,
        path: String,
        content: Bytes,
        mode: u32,
    },
    /// `machine-files.create`.
    MachineCreate {
        machine: Option<String>,
        path: String,
        content: Bytes,
    },
    /// `machine-files.link`.
    MachineLink {
        machine: Option<String>,
        path: String,
        to: String,
    },
    /// `machine-files.remove`.
    MachineRemove { machine: Option<String>, path: String },
    /// `machine-files.fetch`.
    MachineFetch {
        artifact: Artifact,
        machine: Option<String>,
        path: String,
        mode: u32,
    },

    /// `services.start`.
    ServiceStart {
        machine: Option<String>,
        service: Service,
    },
    /// `services.stop`.
    ServiceStop {
        machine: Option<String>,
        name: String,
        grace_ms: u64,
    },
    /// `services.status`.
    ServiceStatus { machine: Option<String>, name: String },

    /// `git.commits`.
    GitCommits { since: Option<String>, until: String },
    /// `git.changed-files`.
    GitChangedFiles { base: String, head: String },
    /// `git.show`.
    GitShow {
        revision: String,
        path: String,
        max: u32,
    },
    /// `git.tracked-files`.
    GitTrackedFiles,

    /// `artifacts.put`.
    ArtifactPut {
        machine: Option<String>,
        path: String,
        name: String,
    },
    /// `artifacts.get`.
    ArtifactGet {
        artifact: Artifact,
        machine: Option<String>,
        path: String,
    },
    /// `artifacts.verify`.
    ArtifactVerify { artifact: Artifact },

    /// `person.ask`; approvals too.
    Ask(Question),

    /// `runtime.now`.
    Now,
    /// `runtime.random`.
    Random { bytes: u32 },
    /// `runtime.sleep`.
    Sleep { ms: u64 },

    /// The host's: what is checked out, which tags there are, whether history is complete.
    GitState { tag_prefix: String },
    /// The host's: a commit that changes one file on top of `parent`, made the same each time, and the branch moved to it.
    GitCommitFile {
        path: String,
        content: Bytes,
        message: String,
        parent: String,
        at: u64,
    },
    /// The host's: an annotated tag; the same tag on the same commit is there already.
    GitTag {
        tag: String,
        commit: String,
        message: String,
        at: u64,
    },
    /// The host's: sends a branch and a tag to a remote.
    GitPush { remote: String, refs: Vec<String> },
    /// The host's: a file of the reports folder.
    WriteOutput { path: String, content: Bytes },
    /// The host's: this executable, by its digest.
    Executable,
    /// The host's: copies this executable, if it has that digest, to a file of a machine.
    SendExecutable {
        machine: Option<String>,
        path: String,
        digest: Digest,
    },
    /// The host's: takes an environment's lease in the store.
    LockTake {
        environment: EnvironmentName,
        reason: String,
    },
    /// The host's: gives it back.
    LockGive { environment: EnvironmentName },
    /// The host's: whether a run is driven by a live process; one that this store does not know may be.
    RunAlive { run: crate::id::RunId },
    /// The host's: records a release as good in an environment.
    RecordGood {
        environment: EnvironmentName,
        good: GoodRelease,
    },
    /// The host's: releases recorded as good in an environment, newest first.
    GoodReleases { environment: EnvironmentName },
    /// The host's: backups of an environment that were made to deploy this version there, newest first.
    BackupsBefore {
        environment: EnvironmentName,
        version: String,
    },
    /// The host's: backups of an environment by one `[backup.*]` that earlier runs have made and that may be deleted, newest
    /// first: no run may still need them, and nothing else has their bytes.
    SpareBackups {
        environment: EnvironmentName,
        backup: String,
    },
    /// The host's: takes a backup's bytes out of the store; what is not there is passed over.
    DeleteBackup { backup: Box<Kept> },
}

impl Request {
    /// What the request does to the world.
    pub fn nature(&self) -> Nature {
        match self {
            Self::Run(command) => command.nature,
            Self::RunAll { commands } => commands.iter().map(|c| c.nature).max().unwrap_or(Nature::Read),
            Self::Send(request) => request.nature,
            Self::ReadFile { .. }
            | Self::Glob { .. }
            | Self::MachineRead { .. }
            | Self::MachineReadPart { .. }
            | Self::MachineList { .. }
            | Self::ServiceStatus { .. }
            | Self::GitCommits { .. }
            | Self::GitChangedFiles { .. }
            | Self::GitShow { .. }
            | Self::GitTrackedFiles
            | Self::ArtifactVerify { .. }
            | Self::Now
            | Self::Random { .. }
            | Self::Sleep { .. }
            | Self::GitState { .. }
            | Self::Executable
            | Self::GoodReleases { .. }
            | Self::BackupsBefore { .. }
            | Self::SpareBackups { .. }
            | Self::RunAlive { .. } => Nature::Read,
            // Everything else is made so that twice is the same as once. A question is: it waits for the same answer.
            Self::WriteReport { .. }
            | Self::AppendLine { .. }
            | Self::MachineWrite { .. }
            | Self::MachineLink { .. }
            | Self::MachineRemove { .. }
            | Self::MachineFetch { .. }
            | Self::ServiceStart { .. }
            | Self::ServiceStop { .. }
            | Self::ArtifactPut { .. }
            | Self::ArtifactGet { .. }
            | Self::Ask(_)
            | Self::GitCommitFile { .. }
            | Self::GitTag { .. }
            | Self::GitPush { .. }
            | Self::WriteOutput { .. }
            | Self::LockTake { .. }
            | Self::LockGive { .. }
            | Self::SendExecutable { .. }
            | Self::DeleteBackup { .. }
            | Self::RecordGood { .. } => Nature::Idempotent,
            // It tells whether *this* call made the file; a second one would say no.
            Self::MachineCreate { .. } => Nature::Write,
        }
    }

    /// The machines that it is for, but for the one that `runner` runs on.
    pub fn machines(&self) -> BTreeSet<&str> {
        let machine = match self {
            Self::RunAll { commands } => {
                let named = commands.iter().filter_map(|command| command.machine.as_deref());
                return named.filter(|name| *name != LOCAL).collect();
            }
            Self::Run(command) => &command.machine,
            Self::MachineRead { machine, .. }
            | Self::MachineReadPart { machine, .. }
            | Self::MachineList { machine, .. }
            | Self::MachineWrite { machine, .. }
            | Self::MachineCreate { machine, .. }
            | Self::MachineLink { machine, .. }
            | Self::MachineRemove { machine, .. }
            | Self::MachineFetch { machine, .. }
            | Self::ServiceStart { machine, .. }
            | Self::ServiceStop { machine, .. }
            | Self::ServiceStatus { machine, .. }
            | Self::ArtifactPut { machine, .. }
            | Self::ArtifactGet { machine, .. }
            | Self::SendExecutable { machine, .. } => machine,
            _ => &None,
        };
        machine
            .as_deref()
            .filter(|name| *name != LOCAL)
            .into_iter()
            .collect()
    }

    /// One line for people: what would be, or was, done. Equal for a plan and for the run after it.
    pub fn summary(&self) -> String {
        super::summary::of(self)
    }
}

//! What comes back.

use serde::{Deserialize, Serialize};

use crate::{
    backup::Kept,
    bytes::Bytes,
    fault::Fault,
    release::{Artifact, GoodRelease},
};

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// None when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The last bytes.
    pub stdout: Bytes,
    /// The last bytes.
    pub stderr: Bytes,
    /// Whether there was more.
    pub truncated: bool,
    /// Milliseconds.
    pub wall_ms: u64,
}

/// An HTTP response, any status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// E.g. 200.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// At most as much as was asked for.
    pub body: Bytes,
    /// Whether there was more.
    pub truncated: bool,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Without the folder.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes, of a file.
    pub size: u64,
    /// Where a link points.
    pub target: Option<String>,
}

/// Whether a supervised process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceCondition {
    /// Its supervisor is there, it is not yet.
    Starting,
    /// It runs.
    Running,
    /// It died and is about to be started again.
    Restarting,
    /// It does not run and nothing will start it.
    Stopped,
}

/// State of a supervised process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Whether it runs.
    pub condition: ServiceCondition,
    /// The label it was started with.
    pub label: Option<String>,
    /// Milliseconds since the epoch, when the running process was started.
    pub since: Option<u64>,
    /// How often it was started again.
    pub restarts: u32,
    /// For people, e.g. how it last ended.
    pub detail: String,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitInfo {
    /// Full id.
    pub id: String,
    /// The whole message.
    pub message: String,
    /// `Name <mail>`.
    pub author: String,
    /// Seconds since the epoch.
    pub at: u64,
    /// How many parents it has.
    pub parents: u32,
    /// As `git interpret-trailers` reads them.
    pub trailers: Vec<(String, String)>,
}

/// A tag that names a commit which is an ancestor of what is checked out, or any tag when it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagInfo {
    /// With the prefix.
    pub name: String,
    /// The commit it names, peeled.
    pub commit: String,
    /// Whether that commit is in the history of `HEAD`.
    pub reachable: bool,
}

/// What is checked out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitStatus {
    /// Full id of `HEAD`.
    pub head: String,
    /// None when detached.
    pub branch: Option<String>,
    /// Tracked files that differ from `HEAD`.
    pub modified: Vec<String>,
    /// History is cut off: versions cannot be computed.
    pub shallow: bool,
    /// Tags with the asked-for prefix.
    pub tags: Vec<TagInfo>,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// One of the question's choices.
    pub choice: String,
    /// Who.
    pub by: String,
    /// Anything they added.
    pub note: String,
    /// Milliseconds since the epoch.
    pub at: u64,
    /// Whether an SSH signature was checked.
    pub signed: bool,
}

/// Everything that can come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "response", content = "value", rename_all = "kebab-case")]
pub enum Response {
    /// Done; nothing to tell.
    Done,
    /// A yes or no.
    Flag(bool),
    /// How a program ended.
    Exit(Exit),
    /// How several ended, in order.
    Exits(Vec<Result<Exit, Fault>>),
    /// An HTTP response.
    Http(HttpResponse),
    /// A file's content, or none where no file may be.
    Content(Option<Bytes>),
    /// Paths, commits' ids...
    Names(Vec<String>),
    /// Where something was written.
    Path(String),
    /// What a folder holds, or none where no folder is.
    Entries(Option<Vec<Entry>>),
    /// State of a supervised process.
    Service(ServiceStatus),
    /// Commits, newest first.
    Commits(Vec<CommitInfo>),
    /// What is checked out.
    Git(GitStatus),
    /// Something in the artifact store.
    Artifact(Artifact),
    /// A person's answer.
    Answer(Answer),
    /// Milliseconds since the epoch.
    Instant(u64),
    /// Random bytes.
    Random(Bytes),
    /// Releases recorded as good, newest first.
    Good(Vec<GoodRelease>),
    /// Backups, newest first.
    Backups(Vec<Kept>),
}

//! Effects: what a plugin, or the host itself, asks of the world. One request type, one response type; the journal, the
//! plan and the grants all speak of these.

mod question;
pub mod request;
pub mod response;
mod summary;

pub use request::{Command, HttpRequest, Question, Request, Service, Signing};
pub use response::{
    Answer, CommitInfo, Entry, EntryKind, Exit, GitStatus, HttpResponse, Response, ServiceCondition,
    ServiceStatus, TagInfo,
};

use serde::{Deserialize, Serialize};

/// What a request does to the world, and so what becomes of it after a crash and in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nature {
    /// Changes nothing: done in a plan too, done again after a crash.
    Read,
    /// Twice is the same as once: listed in a plan, done again after a crash.
    Idempotent,
    /// Listed in a plan; after a crash in the middle it is `interrupted`.
    Write,
}

/// The result of an effect.
pub type Outcome = Result<Response, crate::fault::Fault>;

//! Where journals, blobs, leases, decisions and the record of good releases are kept, behind one small trait; every
//! implementation passes the same contract tests.

mod lease;
pub mod memory;
pub mod shared;
pub mod spill;
pub mod sqlite;

#[cfg(test)]
pub(crate) mod contract;

use std::{fs::File, io::Write, time::Duration};

use runner_core::{
    digest::Digest,
    event::Event,
    id::{EnvironmentName, RunId},
    release::GoodRelease,
};
use serde::{Deserialize, Serialize};

/// How durable an append must be when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Kept with the next append that survives everything, or soon: for reads, whose results only matter once something was
    /// done because of them. In a file on this machine it survives the death of `runner`. When another process takes its
    /// place meanwhile, that is told at the next append at the latest.
    Process,
    /// Survives the loss of power, and with it everything appended before.
    Power,
}

/// Exclusive use of something, for a time that is renewed by a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// What is leased, e.g. `environment/prod`, `run/r-2026...`.
    pub name: String,
    /// Who, for people: `ann@laptop (pid 4711)`.
    pub owner: String,
    /// The run it is for.
    pub run: RunId,
    /// Why, for people.
    pub reason: String,
    /// Unique to the holding process: a renewal by any other fails.
    pub token: String,
    /// The machine and the space of processes there, where these are known: a process of the same is seen to be gone.
    #[serde(default)]
    pub machine: String,
    /// Milliseconds since the epoch, by the store's clock.
    pub since: u64,
    /// Milliseconds since the epoch, by the store's clock; past it the owner counts as dead.
    pub expires: u64,
}

/// What became of an attempt to take a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is ours; what a dead owner left is told.
    Ours {
        /// The lease that had expired.
        replaced: Option<Lease>,
    },
    /// A live owner has it.
    Theirs(Lease),
}

/// What a person said, from any process or machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The run it is for.
    pub run: RunId,
    /// The question's id within the run, e.g. `prod/approval`; `cancel` asks for the run to be cancelled.
    pub question: String,
    /// What it is bound to, where the question says so.
    pub subject: Option<Digest>,
    /// One of the question's choices.
    pub choice: String,
    /// Who.
    pub by: String,
    /// Anything they added.
    pub note: String,
    /// Milliseconds since the epoch.
    pub at: u64,
    /// Armoured SSH signature of [`Decision::signed_text`].
    pub signature: Option<String>,
}

impl Decision {
    /// What an SSH signature is made over.
    pub fn signed_text(&self) -> String {
        let subject = self.subject.as_ref().map(Digest::as_str).unwrap_or_default();
        format!(
            "runner decision\nrun {}\nquestion {}\nsubject {subject}\nchoice {}\n",
            self.run, self.question, self.choice
        )
    }
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended: two processes drive the same run.
    #[error("run `{run}` already has an event {seq}: another process drives it")]
    Conflict {
        /// The run.
        run: RunId,
        /// The place that is taken.
        seq: u64,
    },
    /// The event leaves out a place, or has none: an error in the engine.
    #[error("run `{run}` has {length} events, so its next is {length} and not {}", place(*.seq))]
    Gap {
        /// The run.
        run: RunId,
        /// How many events it has.
        length: u64,
        /// The event's place; none for an event that is not to be kept.
        seq: Option<u64>,
    },
    /// A later `runner` wrote it.
    #[error("`{place}` has version {found}, this runner knows {known}: use the newer runner")]
    Newer {
        /// The file or the address.
        place: String,
        /// Its version.
        found: i64,
        /// The last version that this runner knows.
        known: i64,
    },
    /// The lease is not ours any more.
    #[error("the lease `{name}` was lost: {why}")]
    LeaseLost {
        /// Which.
        name: String,
        /// Who has it now, or that nobody has.
        why: String,
    },
    /// Something in it cannot be read.
    #[error("cannot read {what} of the store: {why}")]
    Corrupt {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// It cannot be used as it is set up, and trying again changes nothing.
    #[error("cannot use the store `{address}`: {why}")]
    Unusable {
        /// As the profile names it.
        address: String,
        /// Why.
        why: String,
        /// What to do.
        hint: String,
    },
    /// The file, disk or network failed.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, e.g. `append to the journal in /home/.../runner.db`.
        what: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn place(seq: Option<u64>) -> String {
    seq.map_or_else(|| "one without a place".to_owned(), |seq| seq.to_string())
}

/// The store of one project.
pub trait Store: Send + Sync {
    /// Appends `event`, whose `seq` must be the next one of its run. Nothing is done in the world before this returns.
    fn append(&self, event: &Event, durability: Durability) -> Result<(), StoreError>;
    /// The events of a run from a place on; empty when there is no such run.
    fn events(&self, run: &RunId, from: u64) -> Result<Vec<Event>, StoreError>;
    /// All runs, newest first.
    fn runs(&self) -> Result<Vec<RunId>, StoreError>;
    /// The runs that may not have ended, newest first; all of them, where it takes as long to tell which.
    fn unfinished(&self) -> Result<Vec<RunId>, StoreError> {
        self.runs()
    }
    /// Keeps bytes by their digest.
    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError>;
    /// Bytes by their digest.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;
    /// The time by which leases end, in milliseconds since the epoch. All who share a store agree about it.
    fn now(&self) -> Result<u64, StoreError> {
        Ok(crate::clock::now())
    }
    /// Takes a lease if it is free or expired at `now`, whichever run had it; a live one of another process of the same run
    /// is theirs. A lease with the same token is renewed. Atomic.
    fn take_lease(&self, lease: &Lease, now: u64) -> Result<Taken, StoreError>;
    /// Moves the end of our lease.
    fn renew_lease(&self, name: &str, token: &str, expires: u64) -> Result<(), StoreError>;
    /// Gives our lease back; what is not ours is left alone.
    fn give_lease(&self, name: &str, token: &str) -> Result<(), StoreError>;
    /// Who has a lease, live or dead.
    fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError>;
    /// Keeps a decision. Decisions are only ever added.
    fn decide(&self, decision: &Decision) -> Result<(), StoreError>;
    /// The decisions of a run, oldest first.
    fn decisions(&self, run: &RunId) -> Result<Vec<Decision>, StoreError>;
    /// Records a release as good in an environment; the same run twice is once.
    fn record_good(&self, environment: &EnvironmentName, good: &GoodRelease) -> Result<(), StoreError>;
    /// Releases that were good in an environment, newest record first.
    fn good(&self, environment: &EnvironmentName) -> Result<Vec<GoodRelease>, StoreError>;
    /// How long to wait between two looks at what other processes may have written.
    fn look_every(&self) -> Duration {
        Duration::from_millis(300)
    }
    /// Where artifacts are kept for other machines; none where there are no others.
    fn shelf(&self) -> Option<&dyn Shelf> {
        None
    }
}

/// Artifacts by their digest, for all machines that share a store.
pub trait Shelf: Send + Sync {
    /// Keeps a file of `size` bytes, from where it is read next.
    fn put(&self, digest: &Digest, size: u64, file: &mut File) -> Result<(), StoreError>;
    /// Copies what is kept; false where there is nothing. Its digest is for the caller to check.
    fn get(&self, digest: &Digest, to: &mut dyn Write) -> Result<bool, StoreError>;
    /// Takes out what is kept; what is not there is passed over.
    fn delete(&self, digest: &Digest) -> Result<(), StoreError>;
    /// The store, as the profile names it.
    fn address(&self) -> &str;
}

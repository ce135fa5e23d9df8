//! The store in one SQLite file, shared by all clones of a project on a machine and by all processes that work on it.
//!
//! Every change is one `IMMEDIATE` transaction, so it is decided by one process at a time; the primary key of the events
//! is the fence between two processes that drive the same run.

mod journal;
mod record;
mod schema;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use runner_core::{
    digest::Digest,
    event::Event,
    id::{EnvironmentName, RunId},
    release::GoodRelease,
};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::{Decision, Durability, Lease, Store, StoreError, Taken};

/// How long another process may keep the file locked.
const BUSY: Duration = Duration::from_secs(10);

/// A store in a file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    /// What the connection is set to.
    durability: Durability,
}

impl SqliteStore {
    /// Opens the store in the file `path`; makes the file (0600) and its folder (0700) where there is none. Fails where
    /// the file is of a later `runner`, of another program, damaged, locked for long, or cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Ok(Self {
            path: path.to_owned(),
            open: Mutex::new(Open {
                connection: schema::open(path)?,
                durability: Durability::Power,
            }),
        })
    }

    /// Does `work` in one transaction, which is as durable as asked for when this returns.
    fn write<T>(
        &self,
        durability: Durability,
        what: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Refusal>,
    ) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let done = || {
            open.be(durability)?;
            let transaction = open
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        done().map_err(|refusal: Refusal| refusal.told(what, &self.path))
    }

    /// Reads, all of it from the same state of the store.
    fn read<T>(
        &self,
        what: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Refusal>,
    ) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let done = || work(&open.connection.transaction()?);
        done().map_err(|refusal: Refusal| refusal.told(what, &self.path))
    }
}

impl Open {
    /// In WAL mode `NORMAL` writes a commit to the WAL file and leaves it to the kernel, which outlives the process;
    /// `FULL` also syncs the WAL file. That is one file for all connections, written in order, so such a sync makes every
    /// earlier `NORMAL` commit durable too, ours and others'. A commit that has left the WAL for the database was synced
    /// by the checkpoint, which syncs the WAL before it copies and the database before the WAL is used again.
    /// <https://sqlite.org/pragma.html#pragma_synchronous>
    fn be(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability != durability {
            let level = match durability {
                Durability::Process => "NORMAL",
                Durability::Power => "FULL",
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.durability = durability;
        }
        Ok(())
    }
}

/// Why a transaction was not done.
enum Refusal {
    Database(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    /// With what was tried, and where.
    fn told(self, what: &str, path: &Path) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Database(error) => failure(what, path, error),
        }
    }
}

/// An error of SQLite with what was tried, and where.
fn failure(what: &str, path: &Path, error: rusqlite::Error) -> StoreError {
    let place = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Corrupt {
            what: format!("the file `{place}`"),
            why: error.to_string(),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Io {
            what: format!("{what} in `{place}`"),
            source: format!("another process has kept it locked for {} s", BUSY.as_secs()).into(),
        },
        _ => StoreError::Io {
            what: format!("{what} in `{place}`"),
            source: error.into(),
        },
    }
}

impl Store for SqliteStore {
    fn append(&self, event: &Event, durability: Durability) -> Result<(), StoreError> {
        self.write(durability, "append to the journal", |db| {
            journal::append(db, event)
        })
    }

    fn events(&self, run: &RunId, from: u64) -> Result<Vec<Event>, StoreError> {
        self.read("read the journal", |db| journal::events(db, run, from))
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.read("list the runs", journal::runs)
    }

    // A blob matters once an event names it, and that event's append makes both as durable as the event must be.
    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.write(Durability::Process, "keep a blob", |db| {
            Ok(journal::put_blob(db, bytes)?)
        })
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("read a blob", |db| Ok(journal::blob(db, digest)?))
    }

    // After a loss of power no owner lives, so leases need not outlast it.
    fn take_lease(&self, lease: &Lease, now: u64) -> Result<Taken, StoreError> {
        self.write(Durability::Process, "take a lease", |db| {
            record::take_lease(db, lease, now)
        })
    }

    fn renew_lease(&self, name: &str, token: &str, expires: u64) -> Result<(), StoreError> {
        self.write(Durability::Process, "renew a lease", |db| {
            record::renew_lease(db, name, token, expires)
        })
    }

    fn give_lease(&self, name: &str, token: &str) -> Result<(), StoreError> {
        self.write(Durability::Process, "give back a lease", |db| {
            Ok(record::give_lease(db, name, token)?)
        })
    }

    fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        self.read("read a lease", |db| record::lease(db, name))
    }

    fn decide(&self, decision: &Decision) -> Result<(), StoreError> {
        self.write(Durability::Power, "keep a decision", |db| {
            Ok(record::decide(db, decision)?)
        })
    }

    fn decisions(&self, run: &RunId) -> Result<Vec<Decision>, StoreError> {
        self.read("read the decisions", |db| record::decisions(db, run))
    }

    fn record_good(&self, environment: &EnvironmentName, good: &GoodRelease) -> Result<(), StoreError> {
        self.write(Durability::Power, "record a good release", |db| {
            Ok(record::record_good(db, environment, good)?)
        })
    }

    fn good(&self, environment: &EnvironmentName) -> Result<Vec<GoodRelease>, StoreError> {
        self.read("read the good releases", |db| record::good(db, environment))
    }
}

#[cfg(test)]
mod tests;

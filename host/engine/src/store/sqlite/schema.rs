//! The tables, their version, and opening a file that has them.

use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{BUSY, Refusal};
use crate::store::StoreError;

/// Version of the tables; a file of a later one is refused.
pub(super) const VERSION: i64 = 1;

/// Marks the file as ours: `rnnr`.
const APPLICATION: i64 = 0x726e_6e72;

// The order of `runs` is the one in which they began; a clock may jump.
const TABLES: &str = "
    CREATE TABLE runs (place INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
    CREATE TABLE events (
        run TEXT NOT NULL,
        seq INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) WITHOUT ROWID;
    CREATE TABLE blobs (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE leases (name TEXT PRIMARY KEY, lease TEXT NOT NULL);
    CREATE TABLE decisions (place INTEGER PRIMARY KEY, run TEXT NOT NULL, decision TEXT NOT NULL);
    CREATE INDEX decisions_of_run ON decisions (run);
    CREATE TABLE good (
        place INTEGER PRIMARY KEY,
        environment TEXT NOT NULL,
        run TEXT NOT NULL,
        good TEXT NOT NULL,
        UNIQUE (environment, run)
    );
";

/// Opens the file, which is made if need be, with its tables.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    make(path)?;
    let began = Instant::now();
    loop {
        match prepare(path) {
            Ok(connection) => return Ok(connection),
            // SQLite does not wait while another process turns WAL mode on: two of which one could never go on.
            Err(Refusal::Database(error)) if is_busy(&error) && began.elapsed() < BUSY => {
                thread::sleep(Duration::from_millis(10));
            }
            Err(refusal) => return Err(refusal.told("open the store", path)),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Makes the folder and an empty file, so that only their owner reads them: journals hold what plugins saw. The files that
/// SQLite puts beside it get the same mode.
fn make(path: &Path) -> Result<(), StoreError> {
    let failed = |what, place: &Path, source: io::Error| StoreError::Io {
        what: format!("{what} `{}`", place.display()),
        source: source.into(),
    };
    if let Some(folder) = path.parent() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| failed("make the store's folder", folder, source))?;
    }
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(failed("make the store", path, error))
        }
        _ => Ok(()),
    }
}

fn prepare(path: &Path) -> Result<Connection, Refusal> {
    // No `CREATE`: the file is there. No `URI`: a path is a path. One thread at a time has the connection.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    ours(&connection, path)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Refusal::Store(StoreError::Io {
            what: format!("open the store `{}`", path.display()),
            source: "its disk cannot share memory between processes (a network disk?)".into(),
        }));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // On macOS a plain fsync leaves data in the disk's own cache. Elsewhere these do nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Again, now that nobody else can make the tables between the question and the deed.
    if ours(&transaction, path)? == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// The version of the tables in the file, 0 for an empty file; refuses what is not ours and what is newer.
fn ours(connection: &Connection, path: &Path) -> Result<i64, Refusal> {
    // One statement, so that all of it is of one moment.
    let (found, application, tables): (i64, i64, i64) = connection.query_row(
        "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_master)
         FROM pragma_user_version, pragma_application_id",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if application != APPLICATION && (tables > 0 || application != 0 || found != 0) {
        return Err(Refusal::Store(StoreError::Corrupt {
            what: format!("the file `{}`", path.display()),
            why: "it is the database of another program".to_owned(),
        }));
    }
    if found > VERSION {
        return Err(Refusal::Store(StoreError::Newer {
            place: path.display().to_string(),
            found,
            known: VERSION,
        }));
    }
    Ok(found)
}

//! Runs, their events, and the blobs that these name.

use runner_core::{digest::Digest, event::Event, id::RunId};
use rusqlite::{ErrorCode, OptionalExtension, Transaction, params};

use super::Refusal;
use crate::store::{StoreError, spill};

/// Appends `event` in its place, which must be the next.
pub(super) fn append(db: &Transaction<'_>, event: &Event) -> Result<(), Refusal> {
    let length = length(db, &event.run)?;
    let seq = match event.seq {
        Some(seq) if seq <= length => seq,
        seq => {
            return Err(Refusal::Store(StoreError::Gap {
                run: event.run.clone(),
                length,
                seq,
            }));
        }
    };
    let json = serde_json::to_value(event).expect("events serialise to JSON");
    let json = spill::spill(json, &mut |bytes| put_blob(db, bytes))?;
    if seq == 0 {
        db.prepare_cached("INSERT OR IGNORE INTO runs (run) VALUES (?1)")?
            .execute([event.run.as_str()])?;
    }
    let inserted = db
        .prepare_cached("INSERT INTO events (run, seq, event) VALUES (?1, ?2, ?3)")?
        .execute(params![event.run.as_str(), seq as i64, json.to_string()]);
    match inserted {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Refusal::Store(StoreError::Conflict {
                run: event.run.clone(),
                seq,
            }))
        }
        other => Ok(other.map(drop)?),
    }
}

/// How many events a run has.
fn length(db: &Transaction<'_>, run: &RunId) -> rusqlite::Result<u64> {
    let last: Option<i64> = db
        .prepare_cached("SELECT max(seq) FROM events WHERE run = ?1")?
        .query_row([run.as_str()], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last as u64 + 1))
}

/// The events of a run from a place on.
pub(super) fn events(db: &Transaction<'_>, run: &RunId, from: u64) -> Result<Vec<Event>, Refusal> {
    let mut select =
        db.prepare_cached("SELECT seq, event FROM events WHERE run = ?1 AND seq >= ?2 ORDER BY seq")?;
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let mut rows = select.query(params![run.as_str(), from])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, json): (i64, String) = (row.get(0)?, row.get(1)?);
        let corrupt = |why| {
            Refusal::Store(StoreError::Corrupt {
                what: format!("event {seq} of run `{run}`"),
                why,
            })
        };
        let value = serde_json::from_str(&json).map_err(|error| corrupt(error.to_string()))?;
        let value =
            spill::restore(value, &mut |digest| Ok(blob(db, digest)?)).map_err(|refusal| match refusal {
                Refusal::Store(error) => corrupt(error.to_string()),
                database => database,
            })?;
        events.push(serde_json::from_value(value).map_err(|error| corrupt(error.to_string()))?);
    }
    Ok(events)
}

/// All runs, newest first.
pub(super) fn runs(db: &Transaction<'_>) -> Result<Vec<RunId>, Refusal> {
    let mut select = db.prepare_cached("SELECT run FROM runs ORDER BY place DESC")?;
    let runs = select.query_map([], |row| row.get(0).map(RunId))?;
    Ok(runs.collect::<rusqlite::Result<_>>()?)
}

/// Keeps bytes by their digest.
pub(super) fn put_blob(db: &Transaction<'_>, bytes: &[u8]) -> rusqlite::Result<Digest> {
    let digest = Digest::of(bytes);
    db.prepare_cached("INSERT OR IGNORE INTO blobs (digest, bytes) VALUES (?1, ?2)")?
        .execute(params![digest.as_str(), bytes])?;
    Ok(digest)
}

/// Bytes by their digest.
pub(super) fn blob(db: &Transaction<'_>, digest: &Digest) -> rusqlite::Result<Option<Vec<u8>>> {
    db.prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")?
        .query_row([digest.as_str()], |row| row.get(0))
        .optional()
}

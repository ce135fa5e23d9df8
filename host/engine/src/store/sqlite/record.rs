//! Leases, decisions and good releases: JSON under a key.

use runner_core::{
    id::{EnvironmentName, RunId},
    release::GoodRelease,
};
use rusqlite::{OptionalExtension, Params, Transaction, params};
use serde::{Serialize, de::DeserializeOwned};

use super::Refusal;
use crate::store::{Decision, Lease, StoreError, Taken, lease as rule};

/// Takes a lease if the rule lets it.
pub(super) fn take_lease(db: &Transaction<'_>, wanted: &Lease, now: u64) -> Result<Taken, Refusal> {
    let taken = rule::settle(lease(db, &wanted.name)?, wanted, now);
    if matches!(taken, Taken::Ours { .. }) {
        keep_lease(db, wanted)?;
    }
    Ok(taken)
}

/// Moves the end of a lease.
pub(super) fn renew_lease(
    db: &Transaction<'_>,
    name: &str,
    token: &str,
    expires: u64,
) -> Result<(), Refusal> {
    let renewed = rule::renewed(name, lease(db, name)?, token, expires)?;
    Ok(keep_lease(db, &renewed)?)
}

/// Gives a lease back if it is `token`'s.
pub(super) fn give_lease(db: &Transaction<'_>, name: &str, token: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM leases WHERE name = ?1 AND lease ->> '$.token' = ?2")?
        .execute(params![name, token])
        .map(drop)
}

/// Who has a lease.
pub(super) fn lease(db: &Transaction<'_>, name: &str) -> Result<Option<Lease>, Refusal> {
    let found: Option<String> = db
        .prepare_cached("SELECT lease FROM leases WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let read = found.map(|json| parse(&format!("lease `{name}`"), &json));
    Ok(read.transpose()?)
}

fn keep_lease(db: &Transaction<'_>, lease: &Lease) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO leases (name, lease) VALUES (?1, ?2)")?
        .execute(params![lease.name, json(lease)])
        .map(drop)
}

/// Adds a decision.
pub(super) fn decide(db: &Transaction<'_>, decision: &Decision) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO decisions (run, decision) VALUES (?1, ?2)")?
        .execute(params![decision.run.as_str(), json(decision)])
        .map(drop)
}

/// The decisions of a run, oldest first.
pub(super) fn decisions(db: &Transaction<'_>, run: &RunId) -> Result<Vec<Decision>, Refusal> {
    all(
        db,
        &format!("a decision of run `{run}`"),
        "SELECT decision FROM decisions WHERE run = ?1 ORDER BY place",
        [run.as_str()],
    )
}

/// Adds a good release; a run's first record stays.
pub(super) fn record_good(
    db: &Transaction<'_>,
    environment: &EnvironmentName,
    good: &GoodRelease,
) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO good (environment, run, good) VALUES (?1, ?2, ?3)")?
        .execute(params![environment.as_str(), good.run.as_str(), json(good)])
        .map(drop)
}

/// The good releases of an environment, newest first.
pub(super) fn good(db: &Transaction<'_>, environment: &EnvironmentName) -> Result<Vec<GoodRelease>, Refusal> {
    all(
        db,
        &format!("a good release of `{environment}`"),
        "SELECT good FROM good WHERE environment = ?1 ORDER BY place DESC",
        [environment.as_str()],
    )
}

fn all<T: DeserializeOwned>(
    db: &Transaction<'_>,
    what: &str,
    select: &str,
    key: impl Params,
) -> Result<Vec<T>, Refusal> {
    let mut select = db.prepare_cached(select)?;
    let mut rows = select.query(key)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(parse(what, &row.get::<_, String>(0)?)?);
    }
    Ok(found)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records serialise to JSON")
}

fn parse<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt {
        what: what.to_owned(),
        why: error.to_string(),
    })
}

//! Leases, decisions and good releases in a shared store: a document each.

use runner_core::{
    id::{EnvironmentName, RunId},
    release::GoodRelease,
};
use serde::{Deserialize, Serialize};

use super::{
    bucket::{Bucket, Patience},
    document::Change,
};
use crate::store::{Decision, Lease, StoreError, Taken, lease as rule};

/// A lease's document. It stays when the lease is given back: there is no conditional removal.
#[derive(Default, Serialize, Deserialize)]
struct Held {
    lease: Option<Lease>,
}

/// A decision, known again by `key` when the answer to its first writing was lost.
#[derive(Clone, Serialize, Deserialize)]
struct Said {
    key: String,
    decision: Decision,
}

fn lease_key(name: &str) -> String {
    format!("leases/{name}")
}

pub(super) fn lease(bucket: &Bucket, name: &str, patience: Patience) -> Result<Option<Lease>, StoreError> {
    let found = bucket.document::<Held>("read a lease", &lease_key(name), patience)?;
    Ok(found.and_then(|(held, _)| held.lease))
}

pub(super) fn take_lease(
    bucket: &Bucket,
    wanted: &Lease,
    now: u64,
    patience: Patience,
) -> Result<Taken, StoreError> {
    bucket.change(
        "take a lease",
        &lease_key(&wanted.name),
        patience,
        |held: Option<Held>| {
            let taken = rule::settle(held.unwrap_or_default().lease, wanted, now);
            let ours = Held {
                lease: Some(wanted.clone()),
            };
            Ok(match taken {
                Taken::Ours { .. } => Change::To(ours, taken),
                Taken::Theirs(_) => Change::None(taken),
            })
        },
    )
}

pub(super) fn renew_lease(
    bucket: &Bucket,
    name: &str,
    token: &str,
    expires: u64,
    patience: Patience,
) -> Result<(), StoreError> {
    bucket.change(
        "renew a lease",
        &lease_key(name),
        patience,
        |held: Option<Held>| {
            let held = held.unwrap_or_default().lease;
            let lease = Some(rule::renewed(name, held, token, expires)?);
            Ok(Change::To(Held { lease }, ()))
        },
    )
}

pub(super) fn give_lease(
    bucket: &Bucket,
    name: &str,
    token: &str,
    patience: Patience,
) -> Result<(), StoreError> {
    bucket.change(
        "give back a lease",
        &lease_key(name),
        patience,
        |held: Option<Held>| {
            let ours = held
                .and_then(|held| held.lease)
                .is_some_and(|held| held.token == token);
            Ok(match ours {
                true => Change::To(Held::default(), ()),
                false => Change::None(()),
            })
        },
    )
}

fn decisions_key(run: &RunId) -> String {
    format!("decisions/{run}")
}

pub(super) fn decide(
    bucket: &Bucket,
    decision: &Decision,
    key: String,
    patience: Patience,
) -> Result<(), StoreError> {
    let new = Said {
        key,
        decision: decision.clone(),
    };
    let document = decisions_key(&decision.run);
    bucket.change(
        "keep a decision",
        &document,
        patience,
        |said: Option<Vec<Said>>| {
            let mut said = said.unwrap_or_default();
            if said.iter().any(|said| said.key == new.key) {
                return Ok(Change::None(()));
            }
            said.push(new.clone());
            Ok(Change::To(said, ()))
        },
    )
}

pub(super) fn decisions(
    bucket: &Bucket,
    run: &RunId,
    patience: Patience,
) -> Result<Vec<Decision>, StoreError> {
    let found = bucket.document::<Vec<Said>>("read the decisions", &decisions_key(run), patience)?;
    let said = found.map(|(said, _)| said).unwrap_or_default();
    Ok(said.into_iter().map(|said| said.decision).collect())
}

fn good_key(environment: &EnvironmentName) -> String {
    format!("good/{environment}")
}

pub(super) fn record_good(
    bucket: &Bucket,
    environment: &EnvironmentName,
    new: &GoodRelease,
    patience: Patience,
) -> Result<(), StoreError> {
    let what = "record a good release";
    bucket.change(
        what,
        &good_key(environment),
        patience,
        |good: Option<Vec<GoodRelease>>| {
            let mut good = good.unwrap_or_default();
            if good.iter().any(|known| known.run == new.run) {
                return Ok(Change::None(()));
            }
            good.push(new.clone());
            Ok(Change::To(good, ()))
        },
    )
}

pub(super) fn good(
    bucket: &Bucket,
    environment: &EnvironmentName,
    patience: Patience,
) -> Result<Vec<GoodRelease>, StoreError> {
    let found =
        bucket.document::<Vec<GoodRelease>>("read the good releases", &good_key(environment), patience)?;
    let mut good = found.map(|(good, _)| good).unwrap_or_default();
    good.reverse();
    Ok(good)
}

//! Backups that the project's runs have made: a fold over the store.

use std::collections::BTreeSet;

use runner_core::{
    backup::{Kept, in_use},
    digest::Digest,
    event::{Event, Kind},
    id::{EnvironmentName, RunId},
    run::{FoldError, Run},
    step::Action,
};

use crate::store::{Store, StoreError};

/// Why nobody knows which backups there are.
#[derive(Debug, thiserror::Error)]
pub enum BackupsError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A journal that this `runner` cannot read.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

/// At most `limit` backups that are `wanted` and were not deleted, newest first.
pub fn known(
    store: &dyn Store,
    limit: usize,
    wanted: impl Fn(&Kept) -> bool,
) -> Result<Vec<Kept>, BackupsError> {
    let mut found: Vec<Kept> = Vec::new();
    // A run deletes what runs before it have made, so a newer one says so before an older one's are found.
    let mut deleted = BTreeSet::new();
    for id in store.runs()? {
        if found.len() >= limit {
            break;
        }
        let Some(run) = maker(store, &id)? else { continue };
        deleted.extend(Kept::deleted(&run));
        let made = Kept::of(&run).into_iter();
        found.extend(made.filter(|kept| !deleted.contains(&kept.id)).filter(&wanted));
    }
    found.sort_by(|a, b| (b.at, &b.run, &b.backup).cmp(&(a.at, &a.run, &a.backup)));
    found.truncate(limit);
    Ok(found)
}

/// The backups of an environment by `backup` that runs before `run` have made and that may be deleted, newest first: no other
/// run may still need them, and nothing else that is kept has their bytes.
pub fn spare(
    store: &dyn Store,
    run: &RunId,
    environment: &EnvironmentName,
    backup: &str,
) -> Result<Vec<Kept>, BackupsError> {
    let earlier: BTreeSet<RunId> = store
        .runs()?
        .into_iter()
        .skip_while(|id| id != run)
        .skip(1)
        .collect();
    let ours = |kept: &Kept| {
        kept.environment == *environment && kept.backup == backup && earlier.contains(&kept.run)
    };
    let (mut spare, others): (Vec<_>, Vec<_>) =
        known(store, usize::MAX, |_| true)?.into_iter().partition(ours);
    let mut needed: Vec<Kept> = others;
    for id in store.unfinished()?.iter().filter(|id| *id != run) {
        if let Some(run) = Run::fold(&store.events(id, 0)?)? {
            needed.extend(in_use(&run));
        }
    }
    let bytes: BTreeSet<_> = digests(&needed).collect();
    spare.retain(|kept| !digests(std::slice::from_ref(kept)).any(|digest| bytes.contains(digest)));
    Ok(spare)
}

fn digests(of: &[Kept]) -> impl Iterator<Item = &Digest> {
    of.iter()
        .flat_map(|kept| kept.artifacts.iter().map(|artifact| &artifact.digest))
}

/// A run that makes backups, as far as it is.
fn maker(store: &dyn Store, id: &RunId) -> Result<Option<Run>, BackupsError> {
    let events = store.events(id, 0)?;
    match makes_backups(&events) {
        true => Ok(Run::fold(&events)?),
        false => Ok(None),
    }
}

/// Whether a run has any to make: most journals need not be folded.
fn makes_backups(events: &[Event]) -> bool {
    match events.first().map(|event| &event.kind) {
        Some(Kind::RunStarted(header)) => header
            .plan
            .steps()
            .any(|step| matches!(step.action, Action::Backup { .. })),
        // Folding it tells what is wrong.
        _ => true,
    }
}

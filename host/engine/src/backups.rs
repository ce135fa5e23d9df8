//! Backups that the project's runs have made: a fold over the store.

use runner_core::{
    backup::Kept,
    event::{Event, Kind},
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

/// At most `limit` backups that are `wanted`, newest first.
pub fn known(
    store: &dyn Store,
    limit: usize,
    wanted: impl Fn(&Kept) -> bool,
) -> Result<Vec<Kept>, BackupsError> {
    let mut found: Vec<Kept> = Vec::new();
    for id in store.runs()? {
        if found.len() >= limit {
            break;
        }
        let events = store.events(&id, 0)?;
        if !makes_backups(&events) {
            continue;
        }
        let made = Run::fold(&events)?.map(|run| Kept::of(&run)).unwrap_or_default();
        found.extend(made.into_iter().filter(&wanted));
    }
    found.sort_by(|a, b| (b.at, &b.run, &b.backup).cmp(&(a.at, &a.run, &a.backup)));
    found.truncate(limit);
    Ok(found)
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

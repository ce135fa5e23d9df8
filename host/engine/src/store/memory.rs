//! A store that forgets: for plans, for reading, and for tests. Over another store it shows what that has, and keeps every
//! change to itself.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use runner_core::{
    digest::Digest,
    event::Event,
    id::{EnvironmentName, RunId},
    release::GoodRelease,
};

use super::{Decision, Durability, Lease, Shelf, Store, StoreError, Taken, lease as rule};

/// A store in memory, over nothing or over another one that it never changes.
#[derive(Default)]
pub struct MemoryStore {
    base: Option<Arc<dyn Store>>,
    changes: Mutex<Changes>,
}

#[derive(Default)]
struct Changes {
    /// In the order in which they began here.
    began: Vec<RunId>,
    journals: HashMap<RunId, Journal>,
    blobs: HashMap<Digest, Vec<u8>>,
    /// None where the base's lease was given back here.
    leases: HashMap<String, Option<Lease>>,
    decisions: Vec<Decision>,
    good: BTreeMap<EnvironmentName, Vec<GoodRelease>>,
}

/// What was appended to a run here.
struct Journal {
    /// How many events the base had when the first one was: what it gets later is not seen.
    base: u64,
    events: Vec<Event>,
}

impl MemoryStore {
    /// A store that shows `base`, and keeps every change to itself.
    pub fn over(base: Arc<dyn Store>) -> Self {
        Self {
            base: Some(base),
            ..Self::default()
        }
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the base has, or nothing.
    fn below<T: Default>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.base.as_deref().map_or_else(|| Ok(T::default()), read)
    }

    fn held(&self, changes: &Changes, name: &str) -> Result<Option<Lease>, StoreError> {
        match changes.leases.get(name) {
            Some(lease) => Ok(lease.clone()),
            None => self.below(|base| base.lease(name)),
        }
    }
}

impl Store for MemoryStore {
    fn append(&self, event: &Event, _: Durability) -> Result<(), StoreError> {
        let mut changes = self.changes();
        let base = match changes.journals.get(&event.run) {
            Some(journal) => journal.base,
            None => self.below(|base| base.events(&event.run, 0))?.len() as u64,
        };
        let here = changes
            .journals
            .get(&event.run)
            .map_or(0, |journal| journal.events.len());
        let (run, length) = (event.run.clone(), base + here as u64);
        match event.seq {
            Some(seq) if seq < length => return Err(StoreError::Conflict { run, seq }),
            Some(seq) if seq == length => {}
            seq => return Err(StoreError::Gap { run, length, seq }),
        }
        if length == 0 {
            changes.began.push(run.clone());
        }
        let journal = changes.journals.entry(run).or_insert_with(|| Journal {
            base,
            events: Vec::new(),
        });
        journal.events.push(event.clone());
        Ok(())
    }

    fn events(&self, run: &RunId, from: u64) -> Result<Vec<Event>, StoreError> {
        let changes = self.changes();
        let mut events = self.below(|base| base.events(run, from))?;
        if let Some(journal) = changes.journals.get(run) {
            events.truncate(journal.base.saturating_sub(from) as usize);
            let skipped = from.saturating_sub(journal.base) as usize;
            events.extend(journal.events.iter().skip(skipped).cloned());
        }
        Ok(events)
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let changes = self.changes();
        let below = self.below(|base| base.runs())?;
        let here = changes.began.iter().rev().filter(|run| !below.contains(run));
        Ok(here.cloned().chain(below.iter().cloned()).collect())
    }

    fn unfinished(&self) -> Result<Vec<RunId>, StoreError> {
        let changes = self.changes();
        let below = self.below(|base| base.unfinished())?;
        let here = changes.began.iter().rev().filter(|run| !below.contains(run));
        Ok(here.cloned().chain(below.iter().cloned()).collect())
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        self.changes().blobs.insert(digest.clone(), bytes.to_vec());
        Ok(digest)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changes().blobs.get(digest) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self.below(|base| base.blob(digest)),
        }
    }

    fn take_lease(&self, lease: &Lease, now: u64) -> Result<Taken, StoreError> {
        let mut changes = self.changes();
        let taken = rule::settle(self.held(&changes, &lease.name)?, lease, now);
        if matches!(taken, Taken::Ours { .. }) {
            changes.leases.insert(lease.name.clone(), Some(lease.clone()));
        }
        Ok(taken)
    }

    fn renew_lease(&self, name: &str, token: &str, expires: u64) -> Result<(), StoreError> {
        let mut changes = self.changes();
        let renewed = rule::renewed(name, self.held(&changes, name)?, token, expires)?;
        changes.leases.insert(name.to_owned(), Some(renewed));
        Ok(())
    }

    fn give_lease(&self, name: &str, token: &str) -> Result<(), StoreError> {
        let mut changes = self.changes();
        if self.held(&changes, name)?.is_some_and(|held| held.token == token) {
            changes.leases.insert(name.to_owned(), None);
        }
        Ok(())
    }

    fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        self.held(&self.changes(), name)
    }

    fn decide(&self, decision: &Decision) -> Result<(), StoreError> {
        self.changes().decisions.push(decision.clone());
        Ok(())
    }

    fn decisions(&self, run: &RunId) -> Result<Vec<Decision>, StoreError> {
        let mut decisions = self.below(|base| base.decisions(run))?;
        let changes = self.changes();
        decisions.extend(changes.decisions.iter().filter(|said| said.run == *run).cloned());
        Ok(decisions)
    }

    fn record_good(&self, environment: &EnvironmentName, good: &GoodRelease) -> Result<(), StoreError> {
        let mut changes = self.changes();
        let below = self.below(|base| base.good(environment))?;
        let here = changes.good.entry(environment.clone()).or_default();
        if !below.iter().chain(here.iter()).any(|known| known.run == good.run) {
            here.push(good.clone());
        }
        Ok(())
    }

    fn good(&self, environment: &EnvironmentName) -> Result<Vec<GoodRelease>, StoreError> {
        let changes = self.changes();
        let here = changes.good.get(environment).into_iter().flatten().rev().cloned();
        let below = self.below(|base| base.good(environment))?;
        Ok(here.chain(below).collect())
    }

    // Only read through this: what would be put there is listed in a plan, not done.
    fn shelf(&self) -> Option<&dyn Shelf> {
        self.base.as_deref().and_then(Store::shelf)
    }
}

#[cfg(test)]
mod tests;

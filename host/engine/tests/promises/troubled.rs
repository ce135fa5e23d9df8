//! A store that fails at its n-th append, or shows another journal than it has.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use runner_core::{
    digest::Digest,
    event::Event,
    id::{EnvironmentName, RunId},
    release::GoodRelease,
};
use runner_engine::store::{Decision, Durability, Lease, Store, StoreError, Taken};

/// Whether the n-th append is kept although it fails, as when the answer of a server is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The event is not kept.
    Event,
    /// The event is kept, and nobody learns of it.
    Answer,
}

/// A store over another one.
pub(crate) struct Troubled {
    pub(crate) inner: Arc<dyn Store>,
    /// From this append on, counted from 1, all of them fail.
    pub(crate) from: u64,
    pub(crate) lost: Lost,
    pub(crate) appends: AtomicU64,
    /// What becomes of events that are read.
    pub(crate) edit: fn(&mut Event),
}

impl Troubled {
    /// Fails from the `from`-th append on.
    pub(crate) fn failing(inner: Arc<dyn Store>, from: u64, lost: Lost) -> Arc<Self> {
        Arc::new(Self {
            inner,
            from,
            lost,
            appends: AtomicU64::new(0),
            edit: |_| {},
        })
    }

    /// Shows other events than it has.
    pub(crate) fn editing(inner: Arc<dyn Store>, edit: fn(&mut Event)) -> Arc<Self> {
        Arc::new(Self {
            inner,
            from: u64::MAX,
            lost: Lost::Event,
            appends: AtomicU64::new(0),
            edit,
        })
    }
}

impl Store for Troubled {
    fn append(&self, event: &Event, durability: Durability) -> Result<(), StoreError> {
        let n = self.appends.fetch_add(1, Ordering::SeqCst) + 1;
        if n == self.from && self.lost == Lost::Answer {
            self.inner.append(event, durability)?;
        }
        match n < self.from {
            true => self.inner.append(event, durability),
            false => Err(StoreError::Io {
                what: format!("append event {n}"),
                source: "the disk is gone".into(),
            }),
        }
    }

    fn events(&self, run: &RunId, from: u64) -> Result<Vec<Event>, StoreError> {
        let mut events = self.inner.events(run, from)?;
        events.iter_mut().for_each(self.edit);
        Ok(events)
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.runs()
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.inner.put_blob(bytes)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.blob(digest)
    }

    fn take_lease(&self, lease: &Lease, now: u64) -> Result<Taken, StoreError> {
        self.inner.take_lease(lease, now)
    }

    fn renew_lease(&self, name: &str, token: &str, expires: u64) -> Result<(), StoreError> {
        self.inner.renew_lease(name, token, expires)
    }

    fn give_lease(&self, name: &str, token: &str) -> Result<(), StoreError> {
        self.inner.give_lease(name, token)
    }

    fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        self.inner.lease(name)
    }

    fn decide(&self, decision: &Decision) -> Result<(), StoreError> {
        self.inner.decide(decision)
    }

    fn decisions(&self, run: &RunId) -> Result<Vec<Decision>, StoreError> {
        self.inner.decisions(run)
    }

    fn record_good(&self, environment: &EnvironmentName, good: &GoodRelease) -> Result<(), StoreError> {
        self.inner.record_good(environment, good)
    }

    fn good(&self, environment: &EnvironmentName) -> Result<Vec<GoodRelease>, StoreError> {
        self.inner.good(environment)
    }
}

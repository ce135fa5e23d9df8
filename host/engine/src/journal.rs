//! The journal of one run: every event goes through here, to the store first and then to whoever watches. The state is the
//! fold of what was appended, so a live run sees exactly what a resumed one will see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runner_core::{
    event::{Event, Kind},
    id::{RunId, Scope},
    run::{FoldError, Recorded, Run},
};

use crate::{
    clock::now,
    crash::Crash,
    store::{Durability, Store, StoreError},
};

/// Whoever watches a run: a screen, a stream of JSON, a test. Called in the order of the journal, one at a time.
pub type Watcher = Box<dyn FnMut(&Event) + Send>;

/// The journal of a run, open for appending.
pub struct Journal {
    id: RunId,
    store: Arc<dyn Store>,
    plan: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    run: Run,
    watcher: Watcher,
    crash: Crash,
}

impl Journal {
    /// Begins a run: its first event is written before this returns.
    pub fn begin(
        store: Arc<dyn Store>,
        id: RunId,
        started: Kind,
        plan: bool,
        mut watcher: Watcher,
    ) -> Result<Self, JournalError> {
        let event = Event {
            run: id.clone(),
            seq: Some(0),
            at: now(),
            kind: started,
        };
        let mut crash = Crash::from_environment();
        crash.before();
        store.append(&event, Durability::Power)?;
        crash.after();
        let run = Run::begin(&event)?;
        watcher(&event);
        Ok(Self {
            id,
            store,
            plan,
            inner: Mutex::new(Inner { run, watcher, crash }),
        })
    }

    /// Opens the journal of a run that stopped.
    pub fn open(store: Arc<dyn Store>, id: RunId, mut watcher: Watcher) -> Result<Self, JournalError> {
        let events = store.events(&id, 0)?;
        let run = Run::fold(&events)?.ok_or_else(|| JournalError::NoRun(id.clone()))?;
        events.iter().for_each(&mut watcher);
        let crash = Crash::from_environment();
        Ok(Self {
            id,
            store,
            plan: false,
            inner: Mutex::new(Inner { run, watcher, crash }),
        })
    }

    /// Whether this is a plan: writes are listed, not done.
    pub fn plan(&self) -> bool {
        self.plan
    }

    /// The run's id.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Appends; when this returns it is kept. Nothing may be done in the world if it fails.
    pub fn append(&self, kind: Kind, durability: Durability) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let event = Event {
            run: self.id.clone(),
            seq: Some(inner.run.length),
            at: now(),
            kind,
        };
        inner.crash.before();
        self.store.append(&event, durability)?;
        inner.crash.after();
        let folded = inner.run.apply(&event);
        (inner.watcher)(&event);
        folded.map_err(|error| StoreError::Corrupt {
            what: format!("run `{}`", self.id),
            why: error.to_string(),
        })
    }

    /// Tells the watcher something that is not kept.
    pub fn tell(&self, kind: Kind) {
        let event = Event {
            run: self.id.clone(),
            seq: None,
            at: now(),
            kind,
        };
        (self.inner().watcher)(&event);
    }

    /// The state so far.
    pub fn state(&self) -> Run {
        self.inner().run.clone()
    }

    /// Looks at the state without a copy of it.
    pub fn look<R>(&self, look: impl FnOnce(&Run) -> R) -> R {
        look(&self.inner().run)
    }

    /// What the journal has of a conversation.
    pub fn recorded(&self, scope: &Scope) -> Vec<Recorded> {
        self.inner().run.effects.get(scope).cloned().unwrap_or_default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// No such run.
    #[error("there is no run `{0}` here")]
    NoRun(RunId),
    /// It cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It does not fold.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

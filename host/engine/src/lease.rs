//! The leases of this process: the run's own, so that nobody else drives it, and those of environments. A heartbeat renews
//! them; a lease that was lost stops the run before it does anything more.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use runner_core::id::RunId;

use crate::{
    clock::now,
    stop::Stop,
    store::{Lease, Store, StoreError, Taken},
};

/// Milliseconds after which the owner of a lease that was not renewed counts as dead.
const LIFE_MS: u64 = 15_000;
/// Between two heartbeats.
const BEAT: Duration = Duration::from_millis(500);

/// Name of the lease that a run's driver holds.
pub fn of_run(run: &RunId) -> String {
    format!("run/{run}")
}

/// Name of the lease of an environment.
pub fn of_environment(name: &runner_core::id::EnvironmentName) -> String {
    format!("environment/{name}")
}

/// What this process holds.
pub struct Leases {
    store: Arc<dyn Store>,
    run: RunId,
    owner: String,
    token: String,
    held: Mutex<Vec<String>>,
    /// Why the heartbeat stopped everything.
    lost: Mutex<Option<String>>,
}

impl Leases {
    /// None yet. `owner` is for people; `token` is unique to this process.
    pub fn new(store: Arc<dyn Store>, run: RunId, owner: String, token: String) -> Arc<Self> {
        Arc::new(Self {
            store,
            run,
            owner,
            token,
            held: Mutex::default(),
            lost: Mutex::default(),
        })
    }

    /// Takes a lease; `Theirs` when a live owner has it.
    pub fn take(&self, name: &str, reason: &str) -> Result<Taken, StoreError> {
        let at = now();
        let lease = Lease {
            name: name.to_owned(),
            owner: self.owner.clone(),
            run: self.run.clone(),
            reason: reason.to_owned(),
            token: self.token.clone(),
            since: at,
            expires: at + LIFE_MS,
        };
        let taken = self.store.take_lease(&lease, at)?;
        if matches!(taken, Taken::Ours { .. }) {
            let mut held = self.held();
            if !held.iter().any(|other| other == name) {
                held.push(name.to_owned());
            }
        }
        Ok(taken)
    }

    /// Gives a lease back.
    pub fn give(&self, name: &str) -> Result<(), StoreError> {
        self.held().retain(|other| other != name);
        self.store.give_lease(name, &self.token)
    }

    /// Gives everything back: the process ends.
    pub fn give_all(&self) {
        let held = std::mem::take(&mut *self.held());
        for name in held {
            // The lease runs out by itself if the store is out of reach.
            let _ = self.store.give_lease(&name, &self.token);
        }
    }

    /// Why the heartbeat stopped the run, if it did.
    pub fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the heartbeat; it ends with the last other owner of `self`. `heard` is called at every beat with the name of
    /// who asked for the run to be cancelled.
    pub fn beat(self: &Arc<Self>, stop: Stop, heard: impl Fn(String) + Send + 'static) {
        let weak = Arc::downgrade(self);
        thread::spawn(move || {
            let mut renewed = now();
            while let Some(leases) = weak.upgrade() {
                if let Ok(Some(by)) = leases.cancel_wanted() {
                    heard(by);
                }
                if now().saturating_sub(renewed) > LIFE_MS / 3 {
                    renewed = now();
                    if let Err(error) = leases.renew() {
                        *leases.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                        stop.stop();
                        return;
                    }
                }
                drop(leases);
                thread::sleep(BEAT);
            }
        });
    }

    fn renew(&self) -> Result<(), StoreError> {
        let held = self.held().clone();
        held.iter().try_for_each(
            |name| match self.store.renew_lease(name, &self.token, now() + LIFE_MS) {
                // Given back between the copy and now.
                Err(StoreError::LeaseLost { .. }) if !self.held().contains(name) => Ok(()),
                // A store that cannot be reached now may be reached at the next beat, while the lease still lives.
                Err(StoreError::Io { .. }) => Ok(()),
                other => other,
            },
        )
    }

    fn cancel_wanted(&self) -> Result<Option<String>, StoreError> {
        let decisions = self.store.decisions(&self.run)?;
        Ok(decisions
            .into_iter()
            .find(|decision| decision.question == crate::person::CANCEL)
            .map(|d| d.by))
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

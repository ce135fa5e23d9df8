//! The leases of this process: the run's own, so that nobody else drives it, and those of environments. A heartbeat renews
//! them; a lease that was lost stops the run before it does anything more.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use runner_core::id::RunId;
use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use crate::{
    stop::Stop,
    store::{Lease, Store, StoreError, Taken},
};

/// Milliseconds after which the owner of a lease that was not renewed counts as dead.
const LIFE_MS: u64 = 15_000;
/// Between two renewals.
const RENEW: Duration = Duration::from_millis(LIFE_MS / 3);
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

/// Names a process to people: `ann on laptop (pid 4711)`.
fn owner(by: &str, host: &str, pid: u32) -> String {
    format!("{by} on {host} (pid {pid})")
}

/// This machine and the space of process ids that we are in: two containers of one machine, or two machines of one name,
/// do not see each other's processes.
fn machine() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let space = fs::read_link("/proc/self/ns/pid");
    match (boot, space) {
        (Ok(boot), Ok(space)) => format!("{} {}", boot.trim(), space.display()),
        _ => rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}

/// Whether the lease's owner may still be at work at `now`, by the store's clock: it has not run out, and its process is not
/// known to be gone. Of another machine's processes nothing is known.
pub fn is_alive(lease: &Lease, now: u64) -> bool {
    lease.expires > now && !is_gone(lease, &machine())
}

/// Whether the owner's process is seen to be gone from `here`.
fn is_gone(lease: &Lease, here: &str) -> bool {
    let pid = || {
        let (_, pid) = lease.owner.rsplit_once(" (pid ")?;
        Pid::from_raw(pid.strip_suffix(')')?.parse().ok()?)
    };
    lease.machine == here && pid().is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// What this process holds.
pub struct Leases {
    store: Arc<dyn Store>,
    run: RunId,
    owner: String,
    machine: String,
    token: String,
    held: Mutex<Vec<String>>,
    /// Why the heartbeat stopped everything.
    lost: Mutex<Option<String>>,
}

impl Drop for Leases {
    /// A run that could not even begin, or was never driven, keeps nobody waiting.
    fn drop(&mut self) {
        self.give_all();
    }
}

impl Leases {
    /// None yet. `by` and `host` are for people; `token` is unique to this process.
    pub fn new(store: Arc<dyn Store>, run: RunId, by: &str, host: &str, token: String) -> Arc<Self> {
        Arc::new(Self {
            store,
            run,
            owner: owner(by, host, std::process::id()),
            machine: machine(),
            token,
            held: Mutex::default(),
            lost: Mutex::default(),
        })
    }

    /// Takes a lease; `Theirs` when a live owner has it. What a dead process of this machine left is taken over at once.
    pub fn take(&self, name: &str, reason: &str) -> Result<Taken, StoreError> {
        let mut taken = self.try_take(name, reason)?;
        if let Taken::Theirs(other) = &taken
            && is_gone(other, &self.machine)
        {
            // By its token, so that of two who see this at once one finds the other's.
            self.store.give_lease(name, &other.token)?;
            taken = self.try_take(name, reason)?;
        }
        if matches!(taken, Taken::Ours { .. }) {
            let mut held = self.held();
            if !held.iter().any(|other| other == name) {
                held.push(name.to_owned());
            }
        }
        Ok(taken)
    }

    fn try_take(&self, name: &str, reason: &str) -> Result<Taken, StoreError> {
        let at = self.store.now()?;
        let lease = Lease {
            name: name.to_owned(),
            owner: self.owner.clone(),
            run: self.run.clone(),
            reason: reason.to_owned(),
            token: self.token.clone(),
            machine: self.machine.clone(),
            since: at,
            expires: at + LIFE_MS,
        };
        self.store.take_lease(&lease, at)
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
        let look = self.store.look_every().max(BEAT);
        thread::spawn(move || {
            let (mut renewed, mut looked) = (Instant::now(), Instant::now());
            while let Some(leases) = weak.upgrade() {
                if looked.elapsed() >= look {
                    looked = Instant::now();
                    if let Ok(Some(by)) = leases.cancel_wanted() {
                        heard(by);
                    }
                }
                if renewed.elapsed() > RENEW {
                    renewed = Instant::now();
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
        held.iter().try_for_each(|name| match self.renew_one(name) {
            // Given back between the copy and now.
            Err(StoreError::LeaseLost { .. }) if !self.held().contains(name) => Ok(()),
            // A store that cannot be reached now may be reached at the next beat, while the lease still lives.
            Err(StoreError::Io { .. }) => Ok(()),
            other => other,
        })
    }

    fn renew_one(&self, name: &str) -> Result<(), StoreError> {
        let expires = self.store.now()? + LIFE_MS;
        self.store.renew_lease(name, &self.token, expires)
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{clock::now, store::memory::MemoryStore};

    fn lease(pid: u32, machine: &str) -> Lease {
        Lease {
            name: "run/r".to_owned(),
            owner: owner("ann", "here", pid),
            run: "r".into(),
            reason: String::new(),
            token: "theirs".to_owned(),
            machine: machine.to_owned(),
            since: 0,
            expires: now() + LIFE_MS,
        }
    }

    fn dead() -> u32 {
        let mut child = Command::new("true").spawn().expect("runs");
        child.wait().expect("ends");
        child.id()
    }

    #[test]
    fn only_a_process_of_this_machine_is_known_to_be_gone() {
        let me = std::process::id();
        assert!(is_alive(&lease(me, &machine()), now()));
        assert!(!is_alive(&lease(dead(), &machine()), now()));
        // Of the same name, in a container of its own.
        assert!(is_alive(&lease(dead(), "another"), now()));
        assert!(is_alive(&lease(dead(), ""), now()));
        assert!(!is_alive(&lease(me, "another"), now() + LIFE_MS + 1));
    }

    #[test]
    fn what_a_dead_process_left_is_taken_over_at_once() {
        for (pid, ours) in [(dead(), true), (std::process::id(), false)] {
            let store = Arc::new(MemoryStore::default());
            store.take_lease(&lease(pid, &machine()), now()).expect("free");
            let leases = Leases::new(store, "r".into(), "ann", "here", "mine".to_owned());
            let taken = leases.take("run/r", "resumed").expect("answers");
            assert_eq!(matches!(taken, Taken::Ours { .. }), ours);
        }
    }
}

//! The door of the engine: begin a run, plan it, take it up again. Whoever calls gives the profile and the places; nothing
//! here reads configuration.

use std::sync::{Arc, Mutex, PoisonError};

use runner_core::{
    event::{Command, End, Header, JOURNAL_VERSION, Kind},
    fault::Fault,
    id::RunId,
    plan::{Plan, PlanError},
    profile::Profile,
    run::Run,
    step::{Action, Status},
};

use crate::{
    conductor::Conductor,
    effects::Halt,
    journal::{Journal, JournalError, Watcher},
    lease::{self, Leases},
    ledger,
    plugins::{PluginError, PluginSource, Plugins},
    stop::Stop,
    store::{Durability, Store, StoreError, Taken, memory::MemoryStore},
    workspace::Workspace,
    world::{Places, World},
};

/// Who runs `runner`, and where.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Name or mail address, as approvals know people.
    pub by: String,
    /// The machine.
    pub host: String,
}

/// All that a session needs from outside.
#[derive(Clone)]
pub struct Setup {
    /// The project's store.
    pub store: Arc<dyn Store>,
    /// The work tree of the repository.
    pub workspace: Workspace,
    /// Folders and programs of this machine.
    pub places: Places,
    /// Where plugins come from.
    pub source: PluginSource,
    /// Who.
    pub identity: Identity,
    /// Set when everything is to stop.
    pub stop: Stop,
    /// For what needs an async runtime.
    pub handle: tokio::runtime::Handle,
}

/// Why a run was not begun or not taken up.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The profile has no answer to the command.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A plugin is not to be had.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else drives the run.
    #[error("run `{run}` is driven by {owner} right now")]
    Driven {
        /// The run.
        run: RunId,
        /// By whom.
        owner: String,
    },
    /// Another run has the environment now.
    #[error("{environment} was locked meanwhile by {owner} (run {run}): {reason}")]
    LockedMeanwhile {
        /// The environment.
        environment: String,
        /// By whom.
        owner: String,
        /// Its run.
        run: RunId,
        /// Why.
        reason: String,
    },
    /// What it made in another clone of the repository cannot be made in this one.
    #[error("run `{0}` cannot go on in this clone: {1}")]
    AnotherClone(RunId, Fault),
    /// It has ended.
    #[error("run `{0}` has ended: {1}")]
    Ended(RunId, &'static str),
    /// What other machines spent cannot be had, so no budget can be held.
    #[error("cannot complete the ledger of costs out of the shared store: {0}")]
    Ledger(Fault),
}

/// A run that can be driven.
pub struct Session {
    conductor: Conductor,
    leases: Arc<Leases>,
}

impl Setup {
    /// Begins a run. In a plan nothing is written anywhere: the journal stays in memory.
    pub fn begin(
        &self,
        profile: Profile,
        profile_name: &str,
        command: Command,
        plan: bool,
        watcher: Watcher,
    ) -> Result<Session, SessionError> {
        let store = self.store(plan);
        let id = new_run_id();
        let steps = Plan::of(&profile, &command)?;
        if !plan {
            ledger::complete(store.as_ref(), &self.workspace, &profile).map_err(SessionError::Ledger)?;
        }
        let plugins = self.source.pin(&profile, store.as_ref())?;
        let header = Header {
            journal: JOURNAL_VERSION,
            runner: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            by: self.identity.by.clone(),
            host: self.identity.host.clone(),
            workspace: self.workspace.root().display().to_string(),
            profile,
            profile_name: profile_name.to_owned(),
            plan: steps,
            plugins,
        };
        let leases = self.leases(&store, &id)?;
        let started = Kind::RunStarted(Box::new(header));
        let journal = Journal::begin(Arc::clone(&store), id, started, plan, watcher)?;
        Ok(self.session(store, journal, leases))
    }

    /// Takes up a run that stopped. The watcher sees its whole journal first.
    pub fn resume(&self, id: &RunId, watcher: Watcher) -> Result<Session, SessionError> {
        let store = Arc::clone(&self.store);
        if store.events(id, 0)?.is_empty() {
            return Err(JournalError::NoRun(id.clone()).into());
        }
        let leases = self.leases(&store, id)?;
        let journal = Journal::open(Arc::clone(&store), id.clone(), watcher)?;
        let run = journal.state();
        if let Some((end, ..)) = run.end {
            leases.give_all();
            return Err(SessionError::Ended(id.clone(), end.word()));
        }
        retake(&leases, &run)?;
        ledger::complete(store.as_ref(), &self.workspace, &run.header.profile)
            .map_err(SessionError::Ledger)?;
        let resumed = Kind::RunResumed {
            by: self.identity.by.clone(),
            host: self.identity.host.clone(),
        };
        journal.append(resumed, Durability::Power)?;
        let session = self.session(store, journal, leases);
        let caught_up = session.conductor.world.catch_up(&run);
        caught_up.map_err(|fault| SessionError::AnotherClone(id.clone(), fault))?;
        Ok(session)
    }

    fn store(&self, plan: bool) -> Arc<dyn Store> {
        match plan {
            true => Arc::new(MemoryStore::over(Arc::clone(&self.store))),
            false => Arc::clone(&self.store),
        }
    }

    /// Takes the run itself, so that nobody else drives it.
    fn leases(&self, store: &Arc<dyn Store>, id: &RunId) -> Result<Arc<Leases>, SessionError> {
        let Identity { by, host } = &self.identity;
        let leases = Leases::new(Arc::clone(store), id.clone(), by, host, token());
        match leases.take(&lease::of_run(id), "drives the run")? {
            Taken::Ours { .. } => Ok(leases),
            Taken::Theirs(other) => Err(SessionError::Driven {
                run: id.clone(),
                owner: other.owner,
            }),
        }
    }

    fn session(&self, store: Arc<dyn Store>, journal: Journal, leases: Arc<Leases>) -> Session {
        let run = journal.state();
        let journal = Arc::new(journal);
        let world = Arc::new(World::new(self, &run, Arc::clone(&store), Arc::clone(&leases)));
        let cache = Some(self.places.cache.clone());
        let plugins = Plugins::new(run.header.plugins, store, cache);
        // Weak: the heartbeat ends with the session, which a clone here would keep alive.
        let cancelled = Arc::downgrade(&world);
        leases.beat(self.stop.clone(), move |by| {
            if let Some(world) = cancelled.upgrade() {
                world.cancel(by);
            }
        });
        Session {
            conductor: Conductor {
                journal,
                world,
                plugins: Arc::new(plugins),
            },
            leases,
        }
    }
}

impl Session {
    /// The run's id.
    pub fn id(&self) -> RunId {
        self.conductor.journal.id().clone()
    }

    /// Goes on until the run has ended, or cannot go on; nothing stays locked by this process.
    pub fn drive(&self) -> Result<End, Halt> {
        let result = self.conductor.drive();
        self.leases.give_all();
        result
    }

    /// The same world and plugins with a new journal, which is kept nowhere: for a look, of which there may be many.
    pub(crate) fn conductor_of_a_look(&self) -> Result<Conductor, SessionError> {
        let header = self.conductor.journal.look(|run| run.header.clone());
        let started = Kind::RunStarted(Box::new(header));
        let nowhere = Arc::new(MemoryStore::default());
        let journal = Journal::begin(nowhere, self.id(), started, true, Box::new(|_| {}))?;
        Ok(Conductor {
            journal: Arc::new(journal),
            ..self.conductor.clone()
        })
    }

    /// Why the heartbeat stopped the run, if it did.
    pub fn lost(&self) -> Option<String> {
        self.leases.lost()
    }

    /// The run's state.
    pub fn state(&self) -> Run {
        self.conductor.journal.state()
    }
}

/// The locks that the run held when it stopped.
fn retake(leases: &Leases, run: &Run) -> Result<(), SessionError> {
    let done = |action: &Action| {
        let mut steps = run.header.plan.steps().filter(|step| &step.action == action);
        steps.any(|step| matches!(run.status(&step.id), Status::Done(_)))
    };
    for environment in run.header.plan.environments() {
        let locked = done(&Action::Lock {
            environment: environment.clone(),
        });
        if !locked
            || done(&Action::Unlock {
                environment: environment.clone(),
            })
        {
            continue;
        }
        if let Taken::Theirs(other) = leases.take(&lease::of_environment(&environment), "resumed")? {
            leases.give_all();
            return Err(SessionError::LockedMeanwhile {
                environment: environment.to_string(),
                owner: other.owner,
                run: other.run,
                reason: other.reason,
            });
        }
    }
    Ok(())
}

/// Sorts by time, and two that begin in the same second differ: `r-20260315-100000-3f2a`.
fn new_run_id() -> RunId {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    RunId(format!("r-{now}-{}", &token()[..4]))
}

/// 16 random hex digits.
fn token() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    hex::encode(bytes)
}

/// Keeps the name of whoever cancelled.
#[derive(Default)]
pub(crate) struct CancelledBy(Mutex<Option<String>>);

impl CancelledBy {
    pub(crate) fn set(&self, by: String) -> bool {
        let mut name = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = name.is_none();
        name.get_or_insert(by);
        first
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
